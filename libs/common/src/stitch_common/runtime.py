"""What a process is made of, built once, before anything serves."""

import asyncio
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

import httpx

from stitch_common.bus.connection import Bus
from stitch_common.clock import Clock, utc_now
from stitch_common.database import Database
from stitch_common.security.jwks import JWKSKeys
from stitch_common.security.revocations import Revocations
from stitch_common.security.tokens import TokenVerifier
from stitch_common.settings import ServiceSettings, StoredServiceSettings

S = TypeVar("S", bound=ServiceSettings)
T = TypeVar("T", bound=StoredServiceSettings)


class Component(Protocol):
    """A part of a process that works until it is told to stop."""

    @property
    def name(self) -> str: ...

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish what is in hand; an exception ends the process."""

    async def ready(self) -> str | None:
        """None when it does its work, else the reason why not."""


@dataclass(frozen=True, slots=True)
class Runtime(Generic[S]):
    """What every process has."""

    service: str
    settings: S
    clock: Clock
    bus: Bus
    http: httpx.AsyncClient
    verifier: TokenVerifier

    @classmethod
    def of(cls, service: str, settings: S, *, clock: Clock = utc_now) -> Self:
        """Build without touching the network."""
        bus = Bus(settings.nats_url, service, replicas=settings.stream_replicas)
        http = http_client()
        return cls(service, settings, clock, bus, http, verifier_of(settings, http, clock))

    async def close(self) -> None:
        await self.bus.close()
        await self.http.aclose()


@dataclass(frozen=True, slots=True)
class StoredRuntime(Runtime[T]):
    """What a process of a service with a schema has."""

    database: Database

    @property
    def schema(self) -> str:
        return self.service

    @classmethod
    def of(cls, service: str, settings: T, *, clock: Clock = utc_now) -> Self:
        bus = Bus(settings.nats_url, service, replicas=settings.stream_replicas)
        http = http_client()
        database = Database.connect(
            settings.database_url.get_secret_value(),
            application_name=f"stitch-{service}",
            pool_size=settings.database_pool_size,
            on_commit=bus.wake,
        )
        verifier = verifier_of(settings, http, clock)
        return cls(service, settings, clock, bus, http, verifier, database)

    async def close(self) -> None:
        await Runtime.close(self)
        await self.database.dispose()


def http_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=httpx.Timeout(5.0, connect=2.0), trust_env=False)


def verifier_of(settings: ServiceSettings, http: httpx.AsyncClient, clock: Clock) -> TokenVerifier:
    """The verification that the gateway and every service share."""
    return TokenVerifier(
        JWKSKeys(settings.jwks_url, http, clock),
        clock,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        revocations=Revocations(clock, token_ttl=settings.access_token_ttl),
    )
