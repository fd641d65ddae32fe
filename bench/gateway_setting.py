"""Where gateways are measured: processes on real sockets, in front of the same service.

`python bench/gateway_setting.py httpx` is our gateway with httpx in place of its pool.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import gateway_yardsticks as yardsticks
from bench.gateway_load import Target
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from stitch_common.clock import Clock, utc_now
from stitch_common.process import main as run_service
from stitch_common.testing.servers import nats_server
from stitch_common.testing.tokens import KID, Issuer, test_key
from stitch_gateway.__main__ import SERVICE
from stitch_gateway.proxying.httpx_upstream import HTTPXUpstream
from stitch_gateway.runtime import GatewayRuntime
from stitch_gateway.settings import GatewaySettings

PATH = "/api/content/42"
JWKS = "/api/auth/.well-known/jwks.json"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PATIENCE = 20.0
NEVER_REACHED = "999999/1"
TRACED = "gateway"
UNTRACED = "gateway, untraced"
ON_HTTPX = "gateway on httpx"
HAPROXY = "HAProxy"
NGINX = "nginx"


@dataclass(frozen=True, slots=True)
class Contender:
    """A process that stands in front of the service."""

    target: Target
    process: "subprocess.Popen[bytes]"

    def cpu(self) -> float:
        """Seconds that it and its children have worked, in user and kernel."""
        return sum(sum(map(int, stat[11:13])) for stat in self._stats()) / TICKS

    def memory(self) -> int:
        """Bytes that are resident."""
        return sum(int(stat[21]) for stat in self._stats()) * PAGE

    def _stats(self) -> list[list[str]]:
        return [
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            for pid in _tree(self.process.pid)
        ]


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _tree(int(child))
    return found


@contextmanager
def setting() -> Generator[Mapping[str, Contender]]:
    """All contenders that can run here, by name; says which can't."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        nats = stack.enter_context(nats_server(folder))
        keys, key = _write_keys(folder)
        upstream = _free_port()
        command = [sys.executable, "bench/gateway_upstream.py", str(upstream), str(keys)]
        stack.enter_context(_running(command, upstream, folder / "upstream.log"))
        token = Issuer(utc_now).token(exp=int(utc_now().timestamp()) + 86_400)
        found = {}
        for name, (port, started) in _commands(folder, upstream, key).items():
            if started is None:
                sys.stdout.write(f"skipped: {name} is not installed (apt-get install it)\n")
                continue
            environment = _environment(port, upstream, nats, is_traced=name != UNTRACED)
            log = folder / f"{name}.log"
            process = stack.enter_context(_running(started, port, log, environment))
            found[name] = Contender(Target(port, PATH, token), process)
        yield found


def _commands(folder: Path, upstream: int, key: Path) -> dict[str, tuple[int, list[str] | None]]:
    ports = {name: _free_port() for name in (TRACED, UNTRACED, ON_HTTPX, HAPROXY, NGINX)}
    ours = [sys.executable, "-m", "stitch_gateway", "api"]
    commands = {
        TRACED: ours,
        UNTRACED: ours,
        ON_HTTPX: [sys.executable, "bench/gateway_setting.py", "httpx"],
        HAPROXY: yardsticks.haproxy(folder, port=ports[HAPROXY], upstream=upstream, key=key),
        NGINX: yardsticks.nginx(folder, port=ports[NGINX], upstream=upstream),
    }
    return {name: (ports[name], command) for name, command in commands.items()}


def _environment(port: int, upstream: int, nats: str, *, is_traced: bool) -> dict[str, str]:
    """As in production: log lines at info, metrics, limits that nobody here will reach."""
    service = f"http://127.0.0.1:{upstream}"
    names = ("AUTH", "CONTENT", "EVENTS", "NOTIFICATIONS", "AI")
    tracing = {"STITCH_OTLP_ENDPOINT": service, "STITCH_TRACE_SAMPLE_RATIO": "0.1"}
    return {
        "STITCH_LISTEN_PORT": str(port),
        "STITCH_OPS_PORT": str(_free_port()),
        "STITCH_NATS_URL": nats,
        "STITCH_JWKS_URL": service + JWKS,
        "STITCH_UPSTREAM_CONNECTIONS": "256",
        "STITCH_LIMITS": json.dumps({"network": NEVER_REACHED, "read": NEVER_REACHED}),
        **{f"STITCH_{name}_URL": service for name in names},
        **(tracing if is_traced else {}),
    }


def _write_keys(folder: Path) -> tuple[Path, Path]:
    public = test_key().public_key()
    keys, key = folder / "jwks.json", folder / "key.pem"
    keys.write_text(json.dumps({"keys": [{**json.loads(RSAAlgorithm.to_jwk(public)), "kid": KID}]}))
    key.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return keys, key


@contextmanager
def _running(
    command: list[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Generator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},  # noqa: TID251 - of children
        )
    try:
        _wait_for(port, process, log)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"{process.args!r} does not listen: {log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class HTTPXRuntime(GatewayRuntime):
    """The gateway's runtime with httpx towards the services."""

    @classmethod
    def of(
        cls, service: str, settings: GatewaySettings, *, clock: Clock = utc_now
    ) -> "HTTPXRuntime":
        upstreams = {
            name: HTTPXUpstream(
                urls[0],
                connections=settings.upstream_connections,
                connect_timeout=timedelta(seconds=2),
            )
            for name, urls in settings.upstream_urls.items()
        }
        return replace(super().of(service, settings, clock=clock), upstreams=upstreams)


if __name__ == "__main__":
    run_service(replace(SERVICE, runtime=HTTPXRuntime.of), ["api"])
