"""Mailpit's JSON API: what arrives by SMTP is found by tests."""

from collections.abc import Awaitable, Callable
from email.message import EmailMessage

import httpx
import pytest

Send = Callable[..., Awaitable[None]]
Write = Callable[..., EmailMessage]


async def test_a_mail_is_listed_with_mailpits_field_names(
    send: Send, client: httpx.AsyncClient
) -> None:
    await send(subject="Grüße", message_id="<1@x>")

    listed = (await client.get("/api/v1/messages")).json()

    assert {name: listed[name] for name in ("total", "count", "messages_count", "start")} == {
        "total": 1,
        "count": 1,
        "messages_count": 1,
        "start": 0,
    }
    mail = listed["messages"][0]
    assert mail["MessageID"] == "1@x"
    assert mail["From"] == {"Name": "Tina Organiser", "Address": "tina@example.org"}
    assert mail["To"] == [{"Name": "", "Address": "ann@example.com"}]
    assert mail["Subject"] == "Grüße"
    assert mail["Snippet"].startswith("Please come")
    assert mail["Created"].endswith("Z")
    assert mail["Deliveries"] == 1


async def test_one_mail_shows_text_html_and_attachments(
    send: Send, write: Write, client: httpx.AsyncClient
) -> None:
    message = write()
    message.add_attachment(b"BEGIN", maintype="text", subtype="calendar", filename="party.ics")
    await send(message)

    mail = (await client.get("/api/v1/message/latest")).json()

    assert "localhost:8000/r/abc" in mail["Text"]
    assert "<b>come</b>" in mail["HTML"]
    assert [(a["FileName"], a["ContentType"], a["Size"]) for a in mail["Attachments"]] == [
        ("party.ics", "text/calendar", 5)
    ]


async def test_the_raw_mail_is_what_was_sent(send: Send, client: httpx.AsyncClient) -> None:
    await send(subject="exact")
    mail_id = (await client.get("/api/v1/messages")).json()["messages"][0]["ID"]

    raw = await client.get(f"/api/v1/message/{mail_id}/raw")

    assert raw.text.startswith("From: Tina Organiser <tina@example.org>\r\n")
    assert "Subject: exact\r\n" in raw.text


async def test_recipients_that_no_header_names_are_bcc(
    send: Send, client: httpx.AsyncClient
) -> None:
    await send(recipients=["ann@example.com", "secret@example.com"])

    mail = (await client.get("/api/v1/message/latest")).json()

    assert [person["Address"] for person in mail["Bcc"]] == ["secret@example.com"]


async def test_search_by_recipient_counts_only_what_matches(
    send: Send, client: httpx.AsyncClient
) -> None:
    await send(to="ann@example.com")
    await send(to="bob@example.com")

    found = (await client.get("/api/v1/search", params={"query": "to:bob@example.com"})).json()

    assert (found["total"], found["messages_count"]) == (2, 1)
    assert found["messages"][0]["To"][0]["Address"] == "bob@example.com"


async def test_a_search_for_nothing_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/search", params={"query": " "})).status_code == 400


async def test_pages_have_start_and_limit(send: Send, client: httpx.AsyncClient) -> None:
    for number in range(3):
        await send(subject=str(number))

    page = (await client.get("/api/v1/messages", params={"start": 1, "limit": 1})).json()

    assert [mail["Subject"] for mail in page["messages"]] == ["1"]
    assert page["total"] == 3


async def test_named_mails_are_deleted(send: Send, client: httpx.AsyncClient) -> None:
    await send(subject="goes")
    await send(subject="stays")
    goes = (await client.get("/api/v1/search", params={"query": "subject:goes"})).json()

    await client.request("DELETE", "/api/v1/messages", json={"IDs": [goes["messages"][0]["ID"]]})

    left = (await client.get("/api/v1/messages")).json()["messages"]
    assert [mail["Subject"] for mail in left] == ["stays"]


async def test_without_ids_all_mails_are_deleted(send: Send, client: httpx.AsyncClient) -> None:
    await send()

    answer = await client.delete("/api/v1/messages")

    assert answer.text == "ok"
    assert (await client.get("/api/v1/messages")).json()["total"] == 0


@pytest.mark.parametrize("path", ["", "/raw", "/headers"])
async def test_an_unknown_mail_is_404(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/api/v1/message/unknown{path}")).status_code == 404
