"""The token of a guest's link is in no trace, no log line, no metric and no row."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest
from starlette.types import ASGIApp

from stitch_common.database import Database
from stitch_common.http.spans import Spans
from stitch_common.testing.services import client_of

Make = Callable[..., Awaitable[dict[str, Any]]]


async def walk(app: ASGIApp, token: str) -> None:
    async with client_of(app) as client:
        for path in (f"/rsvp/{token}", f"/rsvp/{token}/calendar.ics", f"/rsvp/{token}/nothing"):
            await client.get(path)
        await client.post(f"/rsvp/{token}", data={"status": "accepted"})
        await client.get("/api/events/rsvp", headers={"authorization": f"RSVP {token}"})


async def test_the_token_is_recorded_nowhere(
    app: FastAPI, make_event: Make, add_guest: Make,
    token_of: Callable[..., str], caplog: pytest.LogCaptureFixture, database: Database,
) -> None:  # fmt: skip
    token = token_of((await add_guest(await make_event()))["id"])
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    caplog.set_level(logging.DEBUG)

    await walk(Spans(app, provider), token)

    finished = exporter.get_finished_spans()
    assert "GET /rsvp/{token}" in {span.name for span in finished}
    assert token not in "".join(span.to_json() for span in finished)
    ours = [record for record in caplog.records if not record.name.startswith("http")]
    assert not [record for record in ours if token in record.getMessage()]
    assert token not in generate_latest().decode()
    async with database.connection() as connection:
        rows = await connection.fetch("select o::text, payload from events.outbox o")
        rows += await connection.fetch("select r::text from events.rsvps r")
    assert not [row for row in rows if token in str(row)]
