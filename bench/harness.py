"""One harness for all benchmarks: alternating rounds, a table for people, JSON for programs.

Only ratios between contenders of the same run mean anything; absolute numbers are this machine's.
"""

import json
import os
import platform
import statistics
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Measure = Callable[[], Awaitable[float]]
"""One round of one contender; gives its number, in the benchmark's unit."""

Goal = tuple[Literal["<=", ">="], float]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One contender's number divided by another's, and what it ought to be."""

    of: str
    to: str
    goal: Goal | None = None


@dataclass(slots=True)
class Benchmark:
    """What is compared, in which unit, over how many rounds."""

    name: str
    unit: str
    contenders: Mapping[str, Measure]
    """Nobody, where the results were measured beside those of another benchmark."""
    ratios: Mapping[str, Ratio]
    rounds: int = 5
    results: dict[str, list[float]] = field(default_factory=dict)

    async def run(self) -> None:
        """Warm up once, then let the contenders take turns, so that noise meets all alike."""
        for measure in self.contenders.values():
            await measure()
        self.results = {name: [] for name in self.contenders}
        for number in range(self.rounds):
            order = list(self.contenders.items())
            for name, measure in order if number % 2 == 0 else reversed(order):
                self.results[name].append(await measure())

    def ratio(self, wanted: Ratio) -> float:
        """The median of the rounds' ratios: each round is compared with itself."""
        pairs = zip(self.results[wanted.of], self.results[wanted.to], strict=True)
        return statistics.median(ours / yardstick for ours, yardstick in pairs)


def report(name: str, benchmarks: Sequence[Benchmark]) -> None:
    """Print the table and, as the last line, the JSON object."""
    for benchmark in benchmarks:
        _print_table(benchmark)
    ratios = {key: b.ratio(r) for b in benchmarks for key, r in b.ratios.items()}
    goals = {key: r.goal for b in benchmarks for key, r in b.ratios.items() if r.goal}
    absolute = {
        f"{b.name}: {contender} ({b.unit})": statistics.median(values)
        for b in benchmarks
        for contender, values in b.results.items()
    }
    document = {
        "bench": name,
        "ratios": {key: round(value, 3) for key, value in ratios.items()},
        "goals": goals,
        "absolute": {key: round(value, 3) for key, value in absolute.items()},
        "machine": machine(),
    }
    sys.stdout.write(json.dumps(document) + "\n")


def _print_table(benchmark: Benchmark) -> None:
    lines = [f"\n{benchmark.name} ({benchmark.unit}, median of {benchmark.rounds} rounds)"]
    width = max(map(len, [*benchmark.results, *benchmark.ratios]))
    for contender, values in benchmark.results.items():
        spread = f"{min(values):,.1f} to {max(values):,.1f}"
        lines.append(f"  {contender:<{width}}  {statistics.median(values):>12,.1f}   {spread}")
    for name, wanted in benchmark.ratios.items():
        lines.append(
            f"  {name:<{width}}  {benchmark.ratio(wanted):>12.3f}   {_verdict(wanted, benchmark)}"
        )
    sys.stdout.write("\n".join(lines) + "\n")


def _verdict(wanted: Ratio, benchmark: Benchmark) -> str:
    if wanted.goal is None:
        return ""
    operator, value = wanted.goal
    found = benchmark.ratio(wanted)
    is_met = found <= value if operator == "<=" else found >= value
    return f"goal {operator} {value}: {'met' if is_met else 'missed'}"


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_model(),
    }


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
