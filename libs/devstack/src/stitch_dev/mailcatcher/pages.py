"""The pages for people: mails on one, traces on the other."""

from collections.abc import Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from stitch_dev.mailcatcher.mailbox import Mail, Mailbox
from stitch_dev.mailcatcher.message import Attachment, ReceivedMessage
from stitch_dev.mailcatcher.search import search
from stitch_dev.mailcatcher.traces import Trace, Traces

_SHOWN = 200
_VIEWS = ("html", "text", "headers", "raw")

# A mail may not run scripts, send forms or reach this page; its pictures load as in a mail program.
_FRAME_POLICY = (
    "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src *; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_PAGE_POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"
# Shown as they are, these would run with the rights of this page.
_HARMLESS = ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/pdf")


class Pages:
    def __init__(self, mailbox: Mailbox, traces: Traces) -> None:
        self._mailbox = mailbox
        self._traces = traces
        loader = PackageLoader("stitch_dev.mailcatcher")
        self._templates = Environment(loader=loader, autoescape=True, trim_blocks=True)

    def routes(self) -> list[Route | Mount]:
        return [
            Route("/", self.mails),
            Route("/revision", self.revision),
            Route("/view/{mail_id}", self.mail),
            Route("/view/{mail_id}/html", self.html),
            Route("/view/{mail_id}/part/{part_id}", self.part),
            Route("/traces", self.traces),
            Route("/traces/{trace_id}", self.trace),
            Mount("/static", StaticFiles(packages=[("stitch_dev.mailcatcher", "static")])),
        ]

    async def revision(self, request: Request) -> Response:
        del request
        return JSONResponse({"revision": self._mailbox.revision})

    async def mails(self, request: Request) -> Response:
        return self._page("mails.html", **self._list(request))

    async def mail(self, request: Request) -> Response:
        mail = self._mailbox.find(request.path_params["mail_id"])
        if not mail:
            return self._absent("This mail is gone: only the newest are kept.")
        message = mail.read()
        views = _views(message)
        wanted = request.query_params.get("view", views[0])
        return self._page(
            "mail.html",
            mail=mail,
            message=message,
            views=views,
            view=wanted if wanted in views else views[0],
            **self._list(request),
        )

    async def html(self, request: Request) -> Response:
        mail = self._mailbox.find(request.path_params["mail_id"])
        if not mail:
            return self._absent("This mail is gone: only the newest are kept.")
        return HTMLResponse(_framed(mail), headers={"Content-Security-Policy": _FRAME_POLICY})

    async def part(self, request: Request) -> Response:
        mail = self._mailbox.find(request.path_params["mail_id"])
        found = _part(mail, request.path_params["part_id"]) if mail else None
        if not found:
            return self._absent("This attachment is gone.")
        harmless = found.content_type in _HARMLESS
        disposition = "inline" if harmless and found.is_inline else "attachment"
        return Response(
            found.content,
            media_type=found.content_type if harmless else "application/octet-stream",
            headers={
                "Content-Disposition": f"{disposition}; filename*=utf-8''{quote(found.file_name)}",
                "X-Content-Type-Options": "nosniff",
            },
        )

    async def traces(self, request: Request) -> Response:
        del request
        return self._page("traces.html", traces=self._traces.newest()[:_SHOWN])

    async def trace(self, request: Request) -> Response:
        trace = self._traces.find(request.path_params["trace_id"])
        if not trace:
            return self._absent("This trace is gone: only the newest are kept.")
        return self._page("trace.html", trace=trace, rows=_rows(trace))

    def _list(self, request: Request) -> dict[str, Any]:
        query = request.query_params.get("query", "").strip()
        found = self._mailbox.newest()
        found = search(found, query) if query else found
        return {"query": query, "found": len(found), "mails": found[:_SHOWN]}

    def _absent(self, sentence: str) -> Response:
        return self._page("absent.html", 404, sentence=sentence)

    def _page(self, template: str, status: int = 200, **values: Any) -> Response:
        page = self._templates.get_template(template).render(
            mail_count=len(self._mailbox),
            trace_count=len(self._traces),
            revision=self._mailbox.revision,
            **values,
        )
        return HTMLResponse(page, status, headers={"Content-Security-Policy": _PAGE_POLICY})


def _views(message: ReceivedMessage) -> list[str]:
    missing = {name for name in ("html", "text") if not getattr(message, name)}
    return [view for view in _VIEWS if view not in missing]


def _framed(mail: Mail) -> str:
    """Let links open beside the page, and pictures of the mail itself be found."""
    message = mail.read()
    html = message.html
    for found in message.attachments:
        if found.content_id:
            address = f"/view/{mail.id}/part/{found.part_id}"
            html = html.replace(f"cid:{found.content_id}", escape(address))
    return f'<base target="_blank">{html}'


def _part(mail: Mail, part_id: str) -> Attachment | None:
    return next((found for found in mail.read().attachments if found.part_id == part_id), None)


def _rows(trace: Trace) -> Sequence[dict[str, Any]]:
    """Place every span on the trace's time line, in percent."""
    whole = max(trace.milliseconds, 0.001)
    return [
        {
            "span": span,
            "depth": min(depth, 12),
            "offset": (span.started_ns - trace.started_ns) / 1e6,
            "left": round((span.started_ns - trace.started_ns) / 1e4 / whole, 2),
            "width": max(0.5, round(100 * span.milliseconds / whole, 2)),
        }
        for span, depth in trace.tree()
    ]
