"""The consumers that the services of this release have; `make generate` writes them down."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files

from stitch_common.contracts import Fact, fact_for_subject


@dataclass(frozen=True, slots=True)
class Wanted:
    """A consumer as its service's code declares it."""

    name: str
    facts: Sequence[type[Fact]]
    ack_wait: timedelta


def wanted_consumers() -> list[Wanted]:
    register = files("stitch_operations").joinpath("consumers.json").read_text()
    return [
        Wanted(
            found["name"],
            [fact_for_subject(subject) for subject in found["facts"]],
            timedelta(seconds=found["ack_wait"]),
        )
        for found in json.loads(register)
    ]
