"""A process of a service: `python -m stitch_<service> api | worker | all | migrate`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog
import uvloop
from pydantic import ValidationError
from starlette.types import ASGIApp

from stitch_common import logs, migrations
from stitch_common.bus.consumer import BatchConsumer, Consumer
from stitch_common.bus.relay import Relay
from stitch_common.bus.topology import apply as apply_topology
from stitch_common.http.ops import ReadinessCheck, create_ops_app
from stitch_common.http.server import create_server, serve
from stitch_common.runtime import Component, Runtime, StoredRuntime
from stitch_common.settings import ServiceSettings
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

    @property
    def package(self) -> str:
        return f"stitch_{self.name}"
