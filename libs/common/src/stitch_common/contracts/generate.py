"""`python -m stitch_common.contracts.generate`: JSON Schemas, samples, AsyncAPI, docs/events.md.

Golden samples that exist are left alone: they are facts of the past, which new code must read.
"""

import sys
from pathlib import Path

from stitch_common.contracts.asyncapi import asyncapi
from stitch_common.contracts.base import Fact, all_facts
from stitch_common.contracts.compatibility import breaches
from stitch_common.contracts.document import document
from stitch_common.contracts.published import (
    GOLDEN,
    SCHEMAS,
    golden_file,
    read,
    schema_file,
    schema_of,
    text_of,
)
from stitch_common.contracts.samples import sample

REPOSITORY = Path(__file__).parents[5]
EVENTS_PAGE = REPOSITORY / "docs" / "events.md"
ASYNCAPI = REPOSITORY / "docs" / "asyncapi.json"


def complaints(fact: type[Fact]) -> list[str]:
    """Say what to do about each incompatible change of a published fact."""
    published = read(schema_file(fact))
    if published is None:
        return []
    successor = f"{fact.subject.rpartition('.')[0]}.v2"
    return [
        f"{fact.__name__} ({fact.subject}): {breach}. A published version only grows: undo this, "
        f"or publish a new fact on `{successor}` beside it. If this version has never been "
        f"deployed, delete {schema_file(fact).name} from schemas/ and golden/ and run "
        "`make generate`."
        for breach in breaches(published, schema_of(fact))
    ]


def generated() -> dict[Path, str]:
    """Every generated file with the text it should have."""
    facts = all_facts().values()
    schemas = {schema_file(fact): text_of(schema_of(fact)) for fact in facts}
    services = REPOSITORY / "services"
    return {**schemas, EVENTS_PAGE: document(services), ASYNCAPI: text_of(asyncapi(services))}


def main() -> int:
    """Write the files, unless that would hide an incompatible change."""
    facts = all_facts().values()
    if found := [complaint for fact in facts for complaint in complaints(fact)]:
        sys.stderr.write("\n".join(found) + "\n")
        return 1
    for folder in (SCHEMAS, GOLDEN):
        folder.mkdir(exist_ok=True)
    for fact in facts:
        if not golden_file(fact).exists():
            golden_file(fact).write_text(text_of(sample(schema_of(fact))))
    for path, text in generated().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
