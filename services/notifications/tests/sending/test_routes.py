"""Mails that somebody waits for: the answer is what the mail server says."""

from collections.abc import AsyncGenerator

import httpx
import pytest
from services.notifications.tests.smtp import Sink, mail_server

from stitch_notifications.settings import NotificationsSettings

URL = "/api/notifications/test-email"
BOSS = "boss@example.com"
Headers = dict[str, str]


@pytest.fixture
async def sink() -> AsyncGenerator[Sink]:
    async with mail_server(Sink()) as sink:
        yield sink


@pytest.fixture
def settings(settings: NotificationsSettings, sink: Sink) -> NotificationsSettings:
    return settings.model_copy(update={"smtp_port": sink.port})


async def test_the_words_of_the_server_are_the_answer(
    client: httpx.AsyncClient, admin: Headers, sink: Sink
) -> None:
    in_body = await client.post(URL, json={"recipient_email": BOSS}, headers=admin)
    in_query = await client.post(f"{URL}?recipient_email={BOSS}", headers=admin)

    assert [answer.status_code for answer in (in_body, in_query)] == [200, 200]
    assert in_body.json()["smtp_reply"] == "250 Taken"
    assert in_body.json()["message_id"] == sink.to(BOSS)[0].message_id
    assert sink.to(BOSS)[1].message["Subject"] == "A test mail from Stitch"


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [("550 No such user", 502, "mail-refused"), ("450 Busy", 503, "mail-deferred")],
)
async def test_a_refusal_is_told_as_it_is(
    client: httpx.AsyncClient, admin: Headers, sink: Sink, reply: str, status: int, code: str
) -> None:
    sink.refuse_recipient[BOSS] = reply

    answer = await client.post(URL, json={"recipient_email": BOSS}, headers=admin)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["smtp_reply"] == reply


@pytest.mark.parametrize("body", [None, {"recipient_email": "nonsense"}, {}])
async def test_a_test_mail_needs_an_address(
    client: httpx.AsyncClient, admin: Headers, body: dict[str, str] | None
) -> None:
    answer = await client.post(URL, json=body, headers=admin)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/recipient_email"


async def test_a_template_can_be_tried_out(
    client: httpx.AsyncClient, editor: Headers, sink: Sink
) -> None:
    answer = await client.post(
        "/api/notifications/templates/1/test-send",
        json={"recipient_email": BOSS},
        headers=editor,
    )

    assert answer.status_code == 200
    assert sink.to(BOSS)[0].message["Subject"] == "You are invited: Summer concert"


async def test_the_mail_server_is_for_admins_and_templates_for_editors(
    client: httpx.AsyncClient, editor: Headers, viewer: Headers
) -> None:
    body = {"recipient_email": BOSS}
    template = "/api/notifications/templates/1/test-send"

    assert (await client.post(URL, json=body)).status_code == 401
    assert (await client.post(URL, json=body, headers=editor)).status_code == 403
    assert (await client.post(template, json=body, headers=viewer)).status_code == 403
