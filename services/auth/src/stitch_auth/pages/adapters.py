"""Pages by way of Jinja2."""

from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from stitch_auth.pages.rules import NotMePage, Page, ResetPage, security_headers

AnyPage = Page | ResetPage | NotMePage
TEMPLATES = {Page: "verify.html", ResetPage: "reset.html", NotMePage: "not_me.html"}


class PageRenderer:
    """Renders pages that work without JavaScript; whatever is put in is escaped."""

    def __init__(self, login_url: str | None) -> None:
        style = (files("stitch_auth.pages") / "templates" / "style.css").read_text().strip()
        environment = Environment(
            loader=PackageLoader("stitch_auth.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Our own file: the policy allows exactly these bytes.
        environment.globals["style"] = Markup(style)  # noqa: S704 - see above
        environment.globals["login_url"] = login_url
        self._templates = {
            kind: environment.get_template(template) for kind, template in TEMPLATES.items()
        }
        self._headers = security_headers(style)

    def render(
        self, page: AnyPage, *, email: str | None = None, problem: str | None = None, **more: Any
    ) -> HTMLResponse:
        """The page; with an address it asks, without one it tells how things are."""
        template = self._templates[type(page)]
        body = template.render(page=page.value, email=email, problem=problem, **more)
        status = 422 if problem else page.value.status
        return HTMLResponse(body, status, headers=self._headers)
