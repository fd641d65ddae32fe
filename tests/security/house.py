"""The house on real sockets: the services' own processes as tasks, with real servers below."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

import httpx
from fastapi import FastAPI

from stitch_common.process import Process, Service
from stitch_common.testing.waiting import PATIENCE, until
from stitch_dev.ports import find_free

STORED = ("auth", "content", "events", "notifications", "ai")
SERVICES = (*STORED, "gateway")
PASSWORD = "violet-kayak-thermos-42"
KEY = b64encode(b"k" * 32).decode()
PURPOSES = ("rsvp", "verify-email", "unsubscribe", "reset-password", "not-me", "tracking")
JWKS = "/api/auth/.well-known/jwks.json"


def person(role: str) -> dict[str, str]:
    """Somebody who may log in from the beginning; the name is the role."""
    return {
        "username": role,
        "email": f"{role}@example.com",
        "password": PASSWORD,
        "full_name": role.title(),
        "role": role,
    }


class Member:
    """One running service."""

    def __init__(self, name: str, settings: dict[str, Any]) -> None:
        service: Service[Any] = import_module(f"stitch_{name}.__main__").SERVICE
        self.runtime = service.runtime(name, service.settings.model_validate(settings))
        # The worker of auth makes the first key; the others' workers have nothing to do here.
        self._process = Process(service, self.runtime, "all" if name == "auth" else "api")
        self._stop = asyncio.Event()
        self.client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{settings['listen_port']}",
            trust_env=False,
            timeout=PATIENCE,
        )
        self._ops = f"http://127.0.0.1:{settings['ops_port']}/readyz"

    @property
    def app(self) -> FastAPI:
        app = self._process._api
        assert isinstance(app, FastAPI)
        return app

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["Member"]:
        await self.runtime.bus.start()
        task = asyncio.create_task(self._process.run(self._stop))
        try:
            await until(partial(self._is_ready, task))
            yield self
        finally:
            self._stop.set()
            await task
            await self.client.aclose()
            await self.runtime.close()

    async def _is_ready(self, running: asyncio.Task[None]) -> bool:
        assert not running.done(), running.exception()
        try:
            return (await self.client.get(self._ops)).is_success
        except httpx.TransportError:
            return False


class House:
    """All services, each of which can be stopped and started again."""

    def __init__(self, *, nats_url: str, databases: dict[str, str]) -> None:
        self.ports = {name: find_free() for name in SERVICES}
        self._nats_url = nats_url
        self._databases = databases
        self._members: dict[str, tuple[Member, AsyncExitStack]] = {}

    def __getitem__(self, name: str) -> Member:
        return self._members[name][0]

    async def start(self, name: str) -> None:
        stack = AsyncExitStack()
        member = await stack.enter_async_context(Member(name, self._settings(name)).running())
        self._members[name] = (member, stack)

    @asynccontextmanager
    async def another(self, name: str, **settings: Any) -> AsyncGenerator[Member]:
        """One more replica of this service, on a port of its own."""
        usual = {**self._settings(name), "listen_port": find_free(), **settings}
        async with Member(name, usual).running() as member:
            yield member

    async def stop(self, name: str) -> None:
        _, stack = self._members.pop(name)
        await stack.aclose()

    async def restart(self, name: str) -> None:
        await self.stop(name)
        await self.start(name)

    async def stop_all(self) -> None:
        for name in reversed(list(self._members)):
            await self.stop(name)

    async def log_in(self, username: str, **form: str) -> dict[str, Any]:
        """The answer to a log-in through the gateway, with the refresh token in it."""
        data = {"username": username, "password": PASSWORD, "scope": "offline_access", **form}
        answer = await self["gateway"].client.post("/api/auth/token", data=data)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _settings(self, name: str) -> dict[str, Any]:
        """What all want; a service takes what it knows."""
        urls = {f"{each}_url": f"http://127.0.0.1:{port}" for each, port in self.ports.items()}
        return {
            "environment": "test",
            "listen_port": self.ports[name],
            "ops_port": find_free(),
            "nats_url": self._nats_url,
            "jwks_url": urls["auth_url"] + JWKS,
            "database_url": self._databases.get(name, ""),
            "cursor_key": "c" * 40,
            "secret_keys": {"k1": KEY},
            "password_peppers": {"p1": KEY},
            "link_keys": {purpose: {"1": KEY} for purpose in PURPOSES},
            "bootstrap_users": [person(role) for role in ("admin", "editor", "viewer")],
            "hashing_memory_kib": 8,
            "hashing_passes": 1,
            "jwks_max_age": 1,
            "login_limit": 10_000,
            "login_limit_per_network": 10_000,
            **urls,
        }


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def payload(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.content)
    return found
