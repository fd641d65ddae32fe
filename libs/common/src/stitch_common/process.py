"""A process of a service: `python -m stitch_<service> api | worker | all | migrate`."""

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

import structlog
import uvloop
from pydantic import ValidationError
from starlette.types import ASGIApp

from stitch_common import logs, migrations
from stitch_common.bus.consumer import BatchConsumer, Consumer
from stitch_common.bus.relay import Relay
from stitch_common.bus.subscriptions import Subscriptions
from stitch_common.bus.topology import apply as apply_topology
from stitch_common.http.ops import ReadinessCheck, create_ops_app
from stitch_common.http.server import create_server, serve
from stitch_common.http.strict_limits import Limits
from stitch_common.runtime import Component, Runtime, StoredRuntime
from stitch_common.security.feed import revocation_feed
from stitch_common.settings import ServiceSettings, StoredServiceSettings
from stitch_common.telemetry import start_tracing

R = TypeVar("R", bound=Runtime[Any])

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """What a service does apart from answering HTTP."""

    consumers: Sequence[Consumer | BatchConsumer] = ()
    components: Sequence[Component] = ()


def no_worker(_runtime: Any) -> Worker:
    return Worker()


@dataclass(frozen=True, slots=True)
class Service(Generic[R]):
    """How a service is put together; its package is `stitch_<name>`."""

    name: str
    settings: type[ServiceSettings]
    runtime: Callable[[str, Any], R]
    create_api: Callable[[R], ASGIApp]
    create_worker: Callable[[R], Worker] = field(default=no_worker)
    commands: Mapping[str, Callable[[R], Awaitable[str]]] = field(default_factory=dict)
    """What else the command line can ask for, once; each tells what it did."""

    @property
    def package(self) -> str:
        return f"stitch_{self.name}"


def main(service: Service[Any], argv: Sequence[str] | None = None) -> None:
    """Do what the command line asks for; ends the interpreter with an exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {service.package}")
    choices = ["api", "worker", "all", "migrate", *service.commands]
    parser.add_argument("command", choices=choices)
    command = parser.parse_args(argv).command
    try:
        settings = service.settings.load()
    except ValidationError as error:
        sys.exit(f"{service.package}: {_missing_settings(error)}")
    logs.configure(service.name, settings)
    if command == "migrate":
        migrate(service, settings)
        return
    if command in service.commands:
        log.info(command, done=asyncio.run(_do_once(service, settings, command)))
        return
    uvloop.run(run(service, settings, command))


def _missing_settings(error: ValidationError) -> str:
    wanted = [f"STITCH_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
    return "; ".join(wanted)


def migrate(service: Service[Any], settings: Any) -> None:
    """Bring the schema and the consumers of this service to what its code needs."""
    if isinstance(settings, StoredServiceSettings):
        migrations.upgrade(service.package, settings.database_url.get_secret_value())
    asyncio.run(_apply_topology(service, settings))


async def _do_once(service: Service[Any], settings: Any, command: str) -> str:
    runtime = service.runtime(service.name, settings)
    try:
        return await service.commands[command](runtime)
    finally:
        await runtime.close()


async def _apply_topology(service: Service[Any], settings: Any) -> None:
    runtime = service.runtime(service.name, settings)
    try:
        worker = service.create_worker(runtime)
        await runtime.bus.connect()
        await apply_topology(runtime.bus, worker.consumers)
    finally:
        await runtime.close()


async def run(service: Service[Any], settings: Any, command: str) -> None:
    """Serve and work until SIGTERM or SIGINT, then drain in order."""
    tracing = start_tracing(service.name, settings)
    runtime = service.runtime(service.name, settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await runtime.bus.start()
        process = Process(service, runtime, command)
        spare_collections()
        await process.run(stop)
    finally:
        await runtime.close()
        if tracing is not None:
            await asyncio.to_thread(tracing.stop)


def spare_collections() -> None:
    """What a process is made of lives as long as it does: no collection looks at it again.

    What requests leave is freed by its count of references; Python's 700 objects are what a
    gateway with 256 requests in hand makes in a millisecond, and collecting took a third of it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


class Process:
    """The parts of one process, and the order in which they stop."""

    def __init__(self, service: Service[Any], runtime: Runtime[Any], command: str) -> None:
        self._settings = runtime.settings
        self._api = service.create_api(runtime) if command in {"api", "all"} else None
        works = command in {"worker", "all"}
        self._components = _components(service, runtime) if works else []
        if self._api is not None:
            self._components.append(revocation_feed(runtime.bus, runtime.verifier, runtime.clock))
        self._relays = _relays(runtime) if works else []
        self._checks = _checks(service, runtime, [*self._components, *self._relays])
        self._is_draining = False

    async def run(self, stop: asyncio.Event) -> None:
        """Readiness ends first, then HTTP, then what works, then the relay, then ops."""
        leaving, api_ended, work_ended, relay_ended = (asyncio.Event() for _ in range(4))
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._serve(self._ops_app(), self._settings.ops_port, relay_ended))
            relaying = _start(parts, self._relays, work_ended)
            working = _start(parts, self._components, api_ended)
            serving = parts.create_task(self._serve_api(leaving))
            await stop.wait()
            self._is_draining = True
            log.info("draining")
            if self._api is not None:
                await asyncio.sleep(self._settings.drain_notice.total_seconds())
            leaving.set()
            await serving
            api_ended.set()
            await asyncio.gather(*working)
            work_ended.set()
            await asyncio.gather(*relaying)
            relay_ended.set()

    def _ops_app(self) -> ASGIApp:
        return create_ops_app({"process": self._why_draining, **self._checks})

    async def _serve_api(self, stop: asyncio.Event) -> None:
        if self._api is None:
            await stop.wait()
        else:
            await self._serve(self._api, self._settings.listen_port, stop)

    async def _serve(self, app: ASGIApp, port: int, stop: asyncio.Event) -> None:
        server = create_server(
            app,
            host=self._settings.listen_host,
            port=port,
            drain_timeout=self._settings.drain_timeout,
            limits=Limits.of(self._settings),
        )
        await serve(server, stop)

    async def _why_draining(self) -> str | None:
        return "draining" if self._is_draining else None


def _start(
    parts: asyncio.TaskGroup, components: Sequence[Component], stop: asyncio.Event
) -> list[asyncio.Task[None]]:
    return [parts.create_task(part.run(stop), name=part.name) for part in components]


def _components(service: Service[Any], runtime: Runtime[Any]) -> list[Component]:
    worker = service.create_worker(runtime)
    subscriptions = [Subscriptions(runtime.bus, worker.consumers)] if worker.consumers else []
    return [*worker.components, *subscriptions]


def _relays(runtime: Runtime[Any]) -> list[Component]:
    if not isinstance(runtime, StoredRuntime):
        return []
    url = runtime.settings.database_url.get_secret_value()
    return [Relay(runtime.bus, url, runtime.schema)]


def _checks(
    service: Service[Any], runtime: Runtime[Any], components: Sequence[Component]
) -> dict[str, ReadinessCheck]:
    checks: dict[str, ReadinessCheck] = {part.name: part.ready for part in components}
    if isinstance(runtime, StoredRuntime):
        checks["database"] = partial(
            migrations.why_not_current, runtime.database, runtime.schema, service.package
        )
    return checks
