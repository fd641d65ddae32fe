"""The pages: a mail can be read, and can't do anything."""

from collections.abc import Awaitable, Callable
from email.message import EmailMessage

import httpx

from stitch_dev.mailcatcher.mailbox import Mailbox

Send = Callable[..., Awaitable[None]]
Write = Callable[..., EmailMessage]


async def test_the_list_says_how_often_a_mail_was_delivered(
    send: Send, client: httpx.AsyncClient
) -> None:
    await send(message_id="<1@x>")
    await send(message_id="<1@x>")

    page = (await client.get("/")).text

    assert "delivered 2 times" in page
    assert page.count('<a href="/view/') == 1


async def test_an_empty_mailbox_says_so(client: httpx.AsyncClient) -> None:
    assert "No mail yet" in (await client.get("/")).text


async def test_every_view_of_a_mail_opens(send: Send, client: httpx.AsyncClient) -> None:
    await send(subject="Views")

    for view in ("html", "text", "headers", "raw"):
        page = await client.get("/view/latest", params={"view": view})
        assert page.status_code == 200
        assert "Views" in page.text


async def test_a_mails_html_is_sandboxed(send: Send, client: httpx.AsyncClient) -> None:
    await send()

    page = await client.get("/view/latest")
    frame = await client.get("/view/latest/html")

    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    policy = frame.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy


async def test_what_a_sender_writes_is_escaped(send: Send, client: httpx.AsyncClient) -> None:
    await send(subject="<script>alert(1)</script>")

    for address in ("/", "/view/latest", "/view/latest?view=raw"):
        assert "<script>alert" not in (await client.get(address)).text


async def test_an_html_attachment_is_downloaded_and_not_shown(
    send: Send, write: Write, client: httpx.AsyncClient
) -> None:
    message = write()
    message.add_attachment(b"<script>", maintype="text", subtype="html", filename="bad name.html")
    await send(message)
    part = (await client.get("/api/v1/message/latest")).json()["Attachments"][0]["PartID"]

    answer = await client.get(f"/view/latest/part/{part}")

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=utf-8''bad%20")
    assert answer.content == b"<script>"


async def test_a_picture_in_the_mail_is_found(
    send: Send, write: Write, client: httpx.AsyncClient
) -> None:
    message = write()
    html = message.get_body()
    assert isinstance(html, EmailMessage)
    html.set_content('<img src="cid:logo@x" alt="">', subtype="html")
    html.add_related(b"png", "image", "png", cid="<logo@x>")
    await send(message)
    mail = (await client.get("/api/v1/message/latest")).json()

    frame = await client.get("/view/latest/html")
    picture = await client.get(frame.text.split('src="')[1].split('"')[0])

    assert [part["ContentID"] for part in mail["Inline"]] == ["logo@x"]
    assert picture.headers["content-type"] == "image/png"


async def test_the_revision_changes_with_every_mail(
    send: Send, client: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    before = (await client.get("/revision")).json()
    await send()

    assert (await client.get("/revision")).json() != before
    assert mailbox.revision == 1


async def test_a_mail_that_is_gone_is_explained(client: httpx.AsyncClient) -> None:
    answer = await client.get("/view/gone")

    assert answer.status_code == 404
    assert "only the newest are kept" in answer.text
