"""Mailpit's JSON API, as far as tests need it, so that the same tests run against Mailpit.

Shapes: https://mailpit.axllent.org/docs/api-v1/. `Deliveries` is ours.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from stitch_dev.mailcatcher.mailbox import Mail, Mailbox
from stitch_dev.mailcatcher.message import Address, Attachment
from stitch_dev.mailcatcher.search import search

_Json = dict[str, Any]
_LIMIT = 50


class MailpitApi:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/messages", self.list, methods=["GET"]),
            Route("/api/v1/messages", self.delete, methods=["DELETE"]),
            Route("/api/v1/search", self.search, methods=["GET"]),
            Route("/api/v1/message/{mail_id}", self.get, methods=["GET"]),
            Route("/api/v1/message/{mail_id}/raw", self.raw, methods=["GET"]),
            Route("/api/v1/message/{mail_id}/headers", self.headers, methods=["GET"]),
        ]

    async def list(self, request: Request) -> Response:
        return self._page(request, self._mailbox.newest())

    async def search(self, request: Request) -> Response:
        query = request.query_params.get("query", "").strip()
        if not query:
            return PlainTextResponse("Error: no search query", status_code=400)
        return self._page(request, search(self._mailbox.newest(), query))

    async def get(self, request: Request) -> Response:
        mail = self._mailbox.find(request.path_params["mail_id"])
        return JSONResponse(_message(mail)) if mail else _absent()

    async def raw(self, request: Request) -> Response:
        mail = self._mailbox.find(request.path_params["mail_id"])
        return PlainTextResponse(mail.envelope.content) if mail else _absent()

    async def headers(self, request: Request) -> Response:
        mail = self._mailbox.find(request.path_params["mail_id"])
        if not mail:
            return _absent()
        headers: dict[str, Sequence[str]] = {}
        for name, value in mail.read().headers():
            headers[name] = [*headers.get(name, []), value]
        return JSONResponse(headers)

    async def delete(self, request: Request) -> Response:
        """Delete the mails in `IDs`; all mails if there are none (Mailpit does the same)."""
        body = await request.body()
        try:
            ids = json.loads(body).get("IDs") if body else None
        except (ValueError, AttributeError):
            return PlainTextResponse('Send {"IDs": [...]} or nothing.', status_code=400)
        self._mailbox.delete(ids or None)
        return PlainTextResponse("ok")

    def _page(self, request: Request, mails: Sequence[Mail]) -> Response:
        start = _number(request, "start", default=0)
        page = mails[start : start + _number(request, "limit", default=_LIMIT)]
        return JSONResponse(
            {
                "total": len(self._mailbox),
                "unread": len(self._mailbox),
                "count": len(page),
                "messages_count": len(mails),
                "messages_unread": len(mails),
                "start": start,
                "tags": [],
                "messages": [_summary(mail) for mail in page],
            }
        )


def _number(request: Request, name: str, *, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() else default


def _absent() -> Response:
    return PlainTextResponse("404 page not found", status_code=404)


def _summary(mail: Mail) -> _Json:
    return {
        **_envelope(mail),
        "Read": False,
        "Created": _time(mail.created_at),
        "Attachments": mail.attachments,
        "Snippet": mail.snippet,
    }


def _message(mail: Mail) -> _Json:
    message = mail.read()
    return {
        **_envelope(mail),
        "ReturnPath": mail.envelope.sender,
        "ListUnsubscribe": {
            "Header": message.header("List-Unsubscribe"),
            "Links": [link.strip(" <>") for link in message.header("List-Unsubscribe").split(",")],
            "Errors": "",
            "HeaderPost": message.header("List-Unsubscribe-Post"),
        },
        "Date": _time(message.date or mail.created_at),
        "Text": message.text,
        "HTML": message.html,
        "Inline": [_attachment(found) for found in message.attachments if found.is_inline],
        "Attachments": [_attachment(found) for found in message.attachments if not found.is_inline],
    }


def _envelope(mail: Mail) -> _Json:
    return {
        "ID": mail.id,
        "MessageID": mail.message_id,
        "From": _address(mail.sender) if mail.sender else None,
        "To": [_address(person) for person in mail.to],
        "Cc": [_address(person) for person in mail.cc],
        "Bcc": [_address(person) for person in mail.bcc],
        "ReplyTo": [_address(person) for person in mail.reply_to],
        "Subject": mail.subject,
        "Username": "",
        "Tags": [],
        "Size": mail.size,
        "Deliveries": mail.deliveries,
    }


def _address(person: Address) -> _Json:
    return {"Name": person.name, "Address": person.address}


def _attachment(found: Attachment) -> _Json:
    return {
        "PartID": found.part_id,
        "FileName": found.file_name,
        "ContentType": found.content_type,
        "ContentID": found.content_id,
        "Size": len(found.content),
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
