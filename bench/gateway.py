"""The gateway against HAProxy with `jwt_verify`, nginx, and itself with httpx as its upstream."""

import asyncio
import resource
from collections.abc import Callable, Mapping

import uvloop
from bench.gateway_load import Load, idle, load, slow_uploads
from bench.gateway_setting import HAPROXY, NGINX, ON_HTTPX, TRACED, UNTRACED, Contender, setting
from bench.harness import Benchmark, Goal, Measure, Ratio, report

CONNECTIONS, SECONDS, ROUNDS = (1, 32, 256), 2.0, 5
IDLE, UPLOADS = 10_000, 200
SAMPLED = 0.1
BUDGET = "budget"
KIB = 1024

Contenders = Mapping[str, Contender]


class Rounds:
    """Rounds with so many connections; each gives CPU, and beside it what clients see."""

    def __init__(self, contenders: Contenders, connections: int) -> None:
        self._contenders = contenders
        self._connections = connections
        self._loads: dict[str, list[Load]] = {name: [] for name in contenders}

    async def run(self) -> list[Benchmark]:
        cpu = Benchmark(
            self._named("CPU per request"),
            "µs",
            {name: self._cpu(name) for name in self._contenders},
            self._ratios("CPU", {HAPROXY: ("<=", 1.3), UNTRACED: ("<=", 1.0)}),
            ROUNDS,
        )
        await cpu.run()
        for loads in self._loads.values():
            del loads[0]  # the warm-up
        return [
            cpu,
            self._seen("requests", "1/s", lambda seen: seen.requests / seen.seconds),
            self._seen("p50", "ms", lambda seen: seen.p50),
            self._seen("p99", "ms", lambda seen: seen.p99),
        ]

    def _cpu(self, name: str) -> Measure:
        async def measure() -> float:
            contender = self._contenders[name]
            before = contender.cpu()
            seen = await load(contender.target, connections=self._connections, seconds=SECONDS)
            self._loads[name].append(seen)
            return (contender.cpu() - before) / seen.requests * 1e6

        return measure

    def _seen(self, what: str, unit: str, number: Callable[[Load], float]) -> Benchmark:
        results = {name: [number(seen) for seen in loads] for name, loads in self._loads.items()}
        return Benchmark(self._named(what), unit, {}, self._ratios(what, {}), ROUNDS, results)

    def _ratios(self, what: str, goals: Mapping[str, Goal]) -> dict[str, Ratio]:
        wanted = {
            self._named(f"{what}, gateway/HAProxy"): Ratio(TRACED, HAPROXY, goals.get(HAPROXY)),
            self._named(f"{what}, untraced/HAProxy"): Ratio(UNTRACED, HAPROXY, goals.get(UNTRACED)),
            self._named(f"{what}, httpx/gateway"): Ratio(
                ON_HTTPX, TRACED, (">=", 10.0) if what == "CPU" else None
            ),
        }
        return {
            name: ratio
            for name, ratio in wanted.items()
            if {ratio.of, ratio.to} <= set(self._contenders)
        }

    def _named(self, what: str) -> str:
        return f"{what}, {self._connections} connections"


async def held_by_idle(contender: Contender) -> float:
    """KiB that each idle connection costs."""
    before = contender.memory()
    async with idle(contender.target, IDLE):
        return (contender.memory() - before) / IDLE / KIB


async def held_by_uploads(contender: Contender) -> float:
    """KiB that each slow upload costs at the worst moment."""
    before = contender.memory()
    uploading = asyncio.create_task(slow_uploads(contender.target, UPLOADS))
    most = before
    while not uploading.done():
        most = max(most, contender.memory())
        await asyncio.sleep(SAMPLED)
    await uploading
    return (most - before) / UPLOADS / KIB


async def memory(contenders: Contenders) -> list[Benchmark]:
    """Once each, because memory that was taken once is not given back."""
    # HAProxy wants two files a connection, more than may be open in most places.
    contenders = {name: contenders[name] for name in (TRACED, NGINX) if name in contenders}
    uploads = {name: [await held_by_uploads(each)] for name, each in contenders.items()}
    waiting = {name: [await held_by_idle(each)] for name, each in contenders.items()}
    return [
        _once(f"{IDLE} idle connections", waiting, 64.0),
        _once(f"{UPLOADS} slow uploads of 1 MiB", uploads, 256.0),
    ]


def _once(name: str, results: dict[str, list[float]], budget: float) -> Benchmark:
    results[BUDGET] = [budget]
    ratios = {f"{name}, gateway/budget": Ratio(TRACED, BUDGET, ("<=", 1.0))}
    return Benchmark(name, "KiB each", {}, ratios, 1, results)


async def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with setting() as contenders:
        benchmarks = await memory(contenders)
    # Others: who has held so many connections is slower than who has not.
    with setting() as contenders:
        for connections in CONNECTIONS:
            benchmarks += await Rounds(contenders, connections).run()
    report("gateway", benchmarks)


if __name__ == "__main__":
    uvloop.run(main())
