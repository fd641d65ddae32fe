"""JSON files that only their owner can read, and that nobody can read half written."""

import json
from pathlib import Path
from typing import Any


def write(path: Path, value: Any) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(value, indent=2) + "\n")
    unfinished.rename(path)
