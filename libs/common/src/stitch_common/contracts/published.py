"""The committed files of every fact: its JSON Schema and its golden sample."""

import json
from pathlib import Path
from typing import Any

from stitch_common.contracts.base import Fact

FOLDER = Path(__file__).parent
SCHEMAS = FOLDER / "schemas"
GOLDEN = FOLDER / "golden"


def schema_of(fact: type[Fact]) -> dict[str, Any]:
    """Describe the fact; its `$id` is what travels as `ce-dataschema`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:stitch:fact:{fact.subject}",
        **fact.model_json_schema(),
    }


def schema_file(fact: type[Fact]) -> Path:
    return SCHEMAS / f"{fact.subject.removeprefix('stitch.')}.json"


def golden_file(fact: type[Fact]) -> Path:
    return GOLDEN / f"{fact.subject.removeprefix('stitch.')}.json"


def read(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None


def text_of(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
