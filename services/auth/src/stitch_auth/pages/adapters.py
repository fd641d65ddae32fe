"""Pages by way of Jinja2."""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from stitch_auth.pages.rules import Page, security_headers


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
        self._template = environment.get_template("verify.html")
        self._headers = security_headers(style)

    def render(self, page: Page, *, email: str | None = None) -> HTMLResponse:
        body = self._template.render(page=page.value, email=email)
        return HTMLResponse(body, page.value.status, headers=self._headers)
