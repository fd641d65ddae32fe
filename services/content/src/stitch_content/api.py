"""The composition root for HTTP."""

from fastapi import FastAPI

from stitch_common.http.app import create_app
from stitch_common.runtime import StoredRuntime
from stitch_content.content.routes import router as content
from stitch_content.dashboard.routes import router as dashboard
from stitch_content.delivery.routes import router as delivery
from stitch_content.delivery.routes import site_router
from stitch_content.listing.routes import router as listing
from stitch_content.settings import ContentSettings
from stitch_content.site_settings.routes import router as site_settings
from stitch_content.suggestions.routes import router as suggestions

PUBLIC_ROUTES = {
    "GET /api/content/published": "it is published for everybody",
    "GET /api/content/published/{slug}": "it is published for everybody",
    "GET /api/settings/config/site": "a visitor's browser needs it before anybody logs in",
}


def create_api(runtime: StoredRuntime[ContentSettings]) -> FastAPI:
    # Fixed paths before `/{content_id}`.
    return create_app(
        runtime,
        title="Stitch content",
        routers=[listing, delivery, content, suggestions, site_router, site_settings, dashboard],
        public_routes=PUBLIC_ROUTES,
    )
