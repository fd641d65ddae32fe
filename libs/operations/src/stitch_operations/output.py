"""Rows for people as a table, for programs as JSON."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]
Answer = Sequence[Row] | Row
"""Rows, or one thing with its parts."""


def as_json(answer: Answer) -> str:
    return json.dumps(answer, indent=2, default=str, ensure_ascii=False)


def as_table(answer: Answer) -> str:
    """Align rows in columns; show one thing with a line for each part."""
    if isinstance(answer, Mapping):
        width = max(map(len, answer))
        return "\n".join(f"{name:<{width}}  {_text(value)}" for name, value in answer.items())
    if not answer:
        return "nothing"
    lines = [list(answer[0]), *([_text(value) for value in row.values()] for row in answer)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _text(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.1f}"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case _:
            return str(value)
