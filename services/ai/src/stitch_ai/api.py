"""Composition root for HTTP."""

from fastapi import FastAPI

from stitch_ai.generation.adapters import LocalModel
from stitch_ai.generation.routes import router as generation
from stitch_ai.generation.service import GenerationService
from stitch_ai.providers.models import ProviderKind
from stitch_ai.providers.routes import router as providers
from stitch_ai.providers.service import ProviderService
from stitch_ai.settings import AISettings
from stitch_common.http.app import create_app
from stitch_common.http.lists import Cursors
from stitch_common.runtime import StoredRuntime

ROUTERS = [generation, providers]

PUBLIC_ROUTES: dict[str, str] = {}
"""None: every use of AI is somebody's."""

MAX_PROMPT = 256 * 1024


def create_api(runtime: StoredRuntime[AISettings]) -> FastAPI:
    """The HTTP side of this service."""
    app = create_app(
        runtime,
        title="AI",
        routers=ROUTERS,
        public_routes=PUBLIC_ROUTES,
        max_body=MAX_PROMPT,
    )
    app.state.providers = ProviderService(runtime.database, Cursors(runtime.settings.cursor_key))
    app.state.generations = GenerationService(
        runtime.database,
        runtime.clock,
        app.state.providers,
        {ProviderKind.LOCAL: LocalModel(concurrency=runtime.settings.local_concurrency)},
    )
    return app
