"""Subscriptions and tables: consumers read published contracts, and schemas hold only their own."""

from importlib import import_module

import pytest
from sqlalchemy import MetaData

from stitch_common.bus.consumer import Consumer
from stitch_common.contracts import all_facts
from stitch_dev.consumers import REGISTER, described
from stitch_dev.openapi import wired
from stitch_dev.services import SERVICES, Service

STORED = [service for service in SERVICES if service.is_stored]
BUS_TABLES = {"outbox", "outbox_cursor", "inbox"}


async def consumers_of(service: Service) -> list[Consumer]:
    async with wired(service) as (process, runtime):
        return list(process.create_worker(runtime).consumers)


@pytest.mark.parametrize("service", STORED, ids=lambda service: service.name)
async def test_a_consumer_is_named_after_its_service_and_reads_published_facts(
    service: Service,
) -> None:
    published = set(all_facts().values())

    for consumer in await consumers_of(service):
        assert consumer.name.startswith(f"{service.name}-")
        assert consumer.facts
        assert set(consumer.facts) <= published


async def test_the_main_job_has_its_consumers() -> None:
    names = {c.name.partition("-")[0] for s in STORED for c in await consumers_of(s)}

    assert {"events", "notifications", "content"} <= names


@pytest.mark.parametrize("service", STORED, ids=lambda service: service.name)
async def test_tables_stay_in_their_schema(service: Service) -> None:
    async with wired(service):
        base = import_module(f"{service.module}.db").Base
    metadata: MetaData = base.metadata

    assert {table.schema for table in metadata.tables.values()} == {service.name}
    assert {table.name for table in metadata.tables.values()} > BUS_TABLES
    assert [
        key.target_fullname
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if not key.target_fullname.startswith(f"{service.name}.")
    ] == []


def test_the_operators_command_knows_the_consumers_of_all_services() -> None:
    assert REGISTER.read_text() == described(), "run make generate, and commit"
