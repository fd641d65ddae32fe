"""A gateway whose revocations the tests can make, and the AI service behind it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from services.gateway.tests.backend import served
from services.gateway.tests.conftest import close
from starlette.responses import StreamingResponse

from stitch_common.clock import utc_now
from stitch_common.contracts.auth import SessionRevoked
from stitch_common.testing.recording import JWKS, Backend, KeySet
from stitch_common.testing.tokens import Issuer
from stitch_gateway.api import create_api
from stitch_gateway.runtime import GatewayRuntime
from stitch_gateway.settings import GatewaySettings

PATH = "/api/ai/generate-content"


@dataclass
class EventSource:
    """Sends one event each time that the test says so."""

    go_on: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0

    async def events(self) -> AsyncIterator[bytes]:
        try:
            while True:
                await self.go_on.acquire()
                self.sent += 1
                yield b"event: delta\ndata: %d\n\n" % self.sent
        finally:
            self.ended.set()

    def answer(self) -> StreamingResponse:
        return StreamingResponse(self.events(), media_type="text/event-stream")


@dataclass
class House:
    """The gateway, and the service whose answers last."""

    runtime: GatewayRuntime
    client: httpx.AsyncClient
    ai: Backend
    url: str
    issuer: Issuer

    def headers(self, session: str, **claims: Any) -> dict[str, str]:
        token = self.issuer.token(sid=session, jti=str(uuid4()), **claims)
        return {"authorization": f"Bearer {token}"}

    def source(self) -> EventSource:
        source = EventSource()
        self.ai.answer = source.answer()
        return source

    @asynccontextmanager
    async def stream(self, headers: dict[str, str]) -> AsyncGenerator[AsyncIterator[bytes]]:
        async with self.client.stream(
            "POST", PATH, json={"prompt": "x"}, headers=headers
        ) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield answer.aiter_raw()

    def revoke(self, session: str) -> None:
        """What the feed does with a fact from the bus."""
        fact = SessionRevoked(sid=session, user_id=1, at=utc_now(), reason="logout")
        self.runtime.verifier.revocations.note(fact)


@pytest.fixture
async def house() -> AsyncGenerator[House]:
    ai = Backend()
    async with served(KeySet(ai)) as auth_url, served(ai) as ai_url:
        settings = GatewaySettings.model_validate(
            {
                "environment": "dev",
                "jwks_url": auth_url + JWKS,
                "auth_url": auth_url,
                "ai_url": ai_url,
            }
        )
        runtime = GatewayRuntime.of("gateway", settings, clock=utc_now)
        async with (
            served(create_api(runtime)) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as client,
        ):
            yield House(runtime, client, ai, url, Issuer(utc_now))
        await close(runtime)
