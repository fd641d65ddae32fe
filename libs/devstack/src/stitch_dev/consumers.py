"""`python -m stitch_dev.consumers`: tell the operators' command which consumers the code has."""

import asyncio
import json

from stitch_dev.openapi import wired
from stitch_dev.services import SERVICES
from stitch_dev.settings import REPOSITORY

REGISTER = REPOSITORY / "libs/operations/src/stitch_operations/consumers.json"


def described() -> str:
    """All durable consumers of all services, as the text of the register."""
    return json.dumps(asyncio.run(_consumers()), indent=1, sort_keys=True) + "\n"


async def _consumers() -> list[dict[str, object]]:
    found = []
    for service in SERVICES:
        async with wired(service) as (process, runtime):
            found += [
                {
                    "name": consumer.name,
                    "facts": sorted(fact.subject for fact in consumer.facts),
                    "ack_wait": consumer.ack_wait.total_seconds(),
                }
                for consumer in process.create_worker(runtime).consumers
            ]
    return sorted(found, key=lambda consumer: str(consumer["name"]))


if __name__ == "__main__":
    REGISTER.write_text(described())
