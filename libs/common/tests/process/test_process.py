"""A process serves without a broker, says when it is ready, and drains when it is told to end."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stitch_common.testing.waiting import promised, until
from stitch_dev.ports import find_free

SAMPLE = Path(__file__).with_name("sample_service.py")


@dataclass(frozen=True, slots=True)
class Sample:
    """A running sample service."""

    process: asyncio.subprocess.Process
    api: httpx.AsyncClient
    ops: httpx.AsyncClient

    async def wait_until_it_works(self) -> None:
        """Wait for all parts but the list of revocations, for which there is no broker."""
        await until(self._works)

    async def _works(self) -> bool:
        return await self.missing() <= {"revocations"}

    @asynccontextmanager
    async def asked(self) -> AsyncGenerator[AsyncIterator[str]]:
        """Ask for an answer that has begun by then, and give what follows."""
        async with self.api.stream("GET", "/slow") as answer:
            parts = answer.aiter_text()
            assert await anext(parts) == "begun "
            yield parts

    async def is_draining(self) -> bool:
        answer = await self.ops.get("/readyz")
        return answer.status_code == 503 and answer.json()["checks"]["process"] == "draining"

    async def missing(self) -> set[str]:
        """What it is waiting for."""
        try:
            checks = (await self.ops.get("/readyz")).json()["checks"]
        except httpx.TransportError:
            return {"everything"}
        return {name for name, why_not in checks.items() if why_not}


@asynccontextmanager
async def running(command: str = "all", **environment: str) -> AsyncGenerator[Sample]:
    api, ops = find_free(), find_free()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SAMPLE),
        command,
        env={
            "STITCH_LISTEN_PORT": str(api),
            "STITCH_OPS_PORT": str(ops),
            "STITCH_NATS_URL": "nats://127.0.0.1:1",
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{api}", trust_env=False) as api_client,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{ops}", trust_env=False) as ops_client,
    ):
        yield Sample(process, api_client, ops_client)
    if process.returncode is None:
        process.kill()
    await process.communicate()


@asynccontextmanager
async def collecting() -> AsyncGenerator[tuple[str, list[ExportTraceServiceRequest]]]:
    """The address of a collector of traces, and what it is sent."""
    exports = []

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        [length] = re.findall(rb"content-length: (\d+)", head.lower())
        exports.append(ExportTraceServiceRequest.FromString(await reader.readexactly(int(length))))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(collect, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", exports


def spans_of(export: ExportTraceServiceRequest) -> list[Span]:
    return [
        span
        for resource in export.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


async def test_it_serves_while_nats_is_away() -> None:
    async with running() as sample:
        await sample.wait_until_it_works()

        assert (await sample.api.get("/slow")).text == "begun done"
        assert (await sample.ops.get("/healthz")).json() == {"status": "ok"}


async def test_it_is_not_ready_before_it_knows_what_is_revoked() -> None:
    async with running() as sample:
        await sample.wait_until_it_works()

        assert await sample.missing() == {"revocations"}


async def test_a_worker_is_ready_without_a_list_that_it_has_no_use_for() -> None:
    async with running("worker") as sample:
        await sample.wait_until_it_works()

        assert (await sample.ops.get("/readyz")).status_code == 200


async def test_a_request_in_flight_is_finished_before_the_end() -> None:
    async with running() as sample:
        await sample.wait_until_it_works()
        async with sample.asked() as answer:
            sample.process.send_signal(signal.SIGTERM)
            rest = [part async for part in answer]
        output, _ = await sample.process.communicate()

        assert rest == ["done"]
        assert sample.process.returncode == 0
        assert b"ticker ended" in output


async def test_it_is_not_ready_while_it_drains() -> None:
    async with running() as sample:
        await sample.wait_until_it_works()
        async with sample.asked() as answer:
            before = await sample.is_draining()
            sample.process.send_signal(signal.SIGTERM)
            await until(sample.is_draining)

            assert not before
            assert [part async for part in answer] == ["done"]


async def test_a_worker_does_not_serve_http() -> None:
    async with running("worker") as sample:
        await sample.wait_until_it_works()

        with pytest.raises(httpx.ConnectError):
            await sample.api.get("/slow")


async def test_a_wrong_setting_is_answered_by_a_sentence_that_names_it() -> None:
    async with running(STITCH_LISTEN_PORT="many") as sample:
        _, errors = await sample.process.communicate()

        assert sample.process.returncode == 1
        assert b"STITCH_LISTEN_PORT" in errors
        assert b"Traceback" not in errors


async def test_a_collector_that_is_away_does_not_hold_up_the_end() -> None:
    async with running(STITCH_OTLP_ENDPOINT="http://127.0.0.1:1") as sample:
        await sample.wait_until_it_works()
        await sample.api.get("/traced")

        sample.process.send_signal(signal.SIGTERM)
        async with promised(10):
            await sample.process.communicate()

        assert sample.process.returncode == 0


async def test_what_was_traced_last_is_sent_before_the_end() -> None:
    async with collecting() as (address, traces), running(STITCH_OTLP_ENDPOINT=address) as sample:
        await sample.wait_until_it_works()
        await sample.api.get("/traced")

        sample.process.send_signal(signal.SIGTERM)
        await sample.process.communicate()

    names = {span.name for export in traces for span in spans_of(export)}
    assert "work" in names
