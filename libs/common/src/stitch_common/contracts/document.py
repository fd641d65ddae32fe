"""docs/events.md: every fact, who publishes and who reads it, its fields and a sample."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from stitch_common.contracts.base import PRODUCERS, Fact, all_facts
from stitch_common.contracts.published import golden_file, read, schema_of, text_of
from stitch_common.contracts.questions import QUESTIONS, Question

_CONTRACTS = "stitch_common.contracts"
_SHARED_READERS = "libs/common/src/stitch_common/security/*.py"
"""What verifies tokens reads what is revoked, in the gateway and in every service."""

_INTRODUCTION = """\
# Facts on the bus

Generated from `stitch_common.contracts` by `make generate`; do not edit.

Every fact travels on the stream `STITCH` as a CloudEvent in binary mode: the fields below are the
JSON payload, and the headers are

| header | is |
|---|---|
| `ce-id` | the fact's id, a UUID of version 7; consumers recognise repetitions by it |
| `ce-type` | the subject |
| `ce-source` | `/stitch/<service>` |
| `ce-subject` | the id of the aggregate: the field marked ◆ |
| `ce-sequence` | the aggregate's `version`, 0 where it has none; facts may overtake each other |
| `ce-time` | the field `at` |
| `ce-dataschema` | `urn:stitch:fact:<subject>`, the `$id` of the JSON Schema beside the contracts |
| `traceparent`, `x-request-id` | the trace and the request that caused the fact |

Within a version a fact only grows: readers ignore fields they don't know, and new fields have a
default. A change that breaks readers is a new fact on a `.v2` subject, published beside the old;
`make check` says so when you try.

A service publishes in the transaction that makes the fact true, and reads in a handler:

```python
Outbox(session).add(EventPublished(event_id=7, version=event.version, event=event.state(), at=now))

consumer = Consumer("notifications-audience")  # <service>-<use case>; it is made at start


@consumer.on(EventPublished)
async def on_event_published(fact: EventPublished, received: Received) -> None:
    async with database.transaction() as session:
        if await Inbox(session).admit(received):  # a fact may come twice
            ...  # and late: compare `fact.version`
```

What goes wrong is in [bus-traps.md](bus-traps.md), what operators do in [runbook.md](runbook.md).
Facts are listed by the service that publishes them; at the end are the [questions](#questions)
that services put to each other directly.
"""


_QUESTIONS = """\
## Questions

Request and reply over core NATS, for what can't wait for a fact. Nothing is stored: where nobody
listens, who asks is told at once (`no-answer`), else at the deadline (`late-answer`). A refusal
carries the code and the sentence of the other side's error.
"""


def document(services: Path) -> str:
    """Write the page; `services` is the folder whose code tells who reads what."""
    readers = readers_in(services)
    facts = sorted(all_facts().values(), key=lambda fact: fact.subject)
    parts = [_INTRODUCTION, "\n".join(_overview(facts, readers))]
    for producer in PRODUCERS:
        own = [fact for fact in facts if fact.producer() == producer]
        parts += [f"## Facts of {producer}\n", *("\n".join(_fact(fact, readers)) for fact in own)]
    parts += [_QUESTIONS, *("\n".join(_question(question)) for question in QUESTIONS)]
    return "\n".join(parts)


def _question(question: type[Question[Any]]) -> Iterator[str]:
    seconds = question.deadline.total_seconds()
    yield f"### {question.__name__}\n"
    yield f"{inspect.getdoc(question)}\n"
    yield f"`{question.subject}` · asked by {question.asked_by} · deadline {seconds:.0f} s\n"
    schema = question.model_json_schema(mode="serialization")
    yield from _fields(question, schema, schema)
    answer = question.answer.model_json_schema(mode="serialization")
    yield f"Answer `{question.answer.__name__}`: {inspect.getdoc(question.answer)}\n"
    yield from _fields(question.answer, answer, answer)


def _overview(facts: list[type[Fact]], readers: Mapping[str, list[str]]) -> Iterator[str]:
    yield "| fact | subject | read by |\n|---|---|---|"
    for fact in facts:
        name = fact.__name__
        yield f"| [{name}](#{name.lower()}) | `{fact.subject}` | {_say(readers.get(name))} |"
    yield ""


def _fact(fact: type[Fact], readers: Mapping[str, list[str]]) -> Iterator[str]:
    schema = schema_of(fact)
    yield f"### {fact.__name__}\n"
    yield f"{inspect.getdoc(fact)}\n"
    yield f"`{fact.subject}` · read by {_say(readers.get(fact.__name__))}\n"
    yield from _fields(fact, schema, schema, mark=fact.aggregate)
    for name, part in schema.get("$defs", {}).items():
        yield f"`{name}`:\n"
        yield from _fields(_part(fact, name), part, schema)
    yield f"```json\n{text_of(read(golden_file(fact)))}```\n"


def _fields(
    model: type[BaseModel] | None,
    schema: Mapping[str, Any],
    root: Mapping[str, Any],
    *,
    mark: str = "",
) -> Iterator[str]:
    notes = _notes(model) if model else {}
    yield "| field | type | |\n|---|---|---|"
    for name, field in schema["properties"].items():
        sign = " ◆" if name == mark else ""
        note = notes.get(name, "").replace("\n", " ").replace("|", "\\|")
        yield f"| `{name}`{sign} | {_type(field, root)} | {note} |"
    yield ""


def _type(schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        return " or ".join(_type(option, root) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'], root)}"
    return {"date-time": "moment", "string": "text", "integer": "number"}.get(
        schema.get("format") or schema["type"], str(schema.get("type"))
    )


def _part(fact: type[Fact], name: str) -> type[BaseModel] | None:
    found = getattr(inspect.getmodule(fact), name, None)
    return found if inspect.isclass(found) and issubclass(found, BaseModel) else None


def _notes(model: type[BaseModel]) -> dict[str, str]:
    """Read the texts under the fields of a class and of those it inherits from."""
    notes: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        is_written = "[" not in owner.__name__  # pydantic makes classes like Question[Answer]
        if is_written and owner is not BaseModel and issubclass(owner, BaseModel):
            body = ast.parse(inspect.getsource(owner)).body[0]
            notes |= _notes_in(body.body) if isinstance(body, ast.ClassDef) else {}
    return notes


def _notes_in(body: list[ast.stmt]) -> dict[str, str]:
    return {
        before.target.id: inspect.cleandoc(note.value.value)
        for before, note in pairwise(body)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(note, ast.Expr)
        and isinstance(note.value, ast.Constant)
        and isinstance(note.value.value, str)
    }


def readers_in(services: Path) -> dict[str, list[str]]:
    """Find who reads which fact: a module with a consumer, or one that imports others' facts."""
    readers: dict[str, set[str]] = {}
    for module in sorted(services.glob("*/src/**/*.py")):
        service = module.relative_to(services).parts[0]
        imports = list(_imports(module))
        consumes = any(source == "stitch_common.bus.consumer" for source, _ in imports)
        for source, name in imports:
            package, _, producer = source.rpartition(".")
            if package == _CONTRACTS and (consumes or producer != service):
                readers.setdefault(name, set()).add(service)
    for module in sorted(services.parent.glob(_SHARED_READERS)):
        for source, name in _imports(module):
            if source.startswith(f"{_CONTRACTS}."):
                readers.setdefault(name, set()).add("everybody")
    return {name: sorted(found) for name, found in readers.items()}


def _imports(module: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def _say(readers: list[str] | None) -> str:
    return ", ".join(readers) if readers else "nobody yet"
