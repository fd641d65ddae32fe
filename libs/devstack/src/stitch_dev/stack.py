"""The whole stack in one terminal: start everything in order, watch it, end it in order."""

import asyncio
import signal
import time
from collections.abc import Sequence

import httpx

from stitch_dev import database
from stitch_dev.concurrency import all_of, first_of
from stitch_dev.description import describe
from stitch_dev.fork_server import warm_up, warmed_up
from stitch_dev.lock import Lock
from stitch_dev.port_check import check_ports
from stitch_dev.program import Program
from stitch_dev.programs import catcher, migrating, serving
from stitch_dev.readiness import wait_until_ready
from stitch_dev.screen import first_screen
from stitch_dev.secrets_file import Secrets
from stitch_dev.seed import seed
from stitch_dev.servers import Servers
from stitch_dev.services import SERVICES, Service, Surroundings
from stitch_dev.settings import Home, Ports
from stitch_dev.start_up import start_all
from stitch_dev.supervisor import Say, Supervisor

# The whole end takes less than two seconds.
_PATIENCE = 1.0
_LAST_PATIENCE = 0.5


class Stack:
    def __init__(self, home: Home, ports: Ports, services: Sequence[Service], say: Say) -> None:
        home.create()
        self._home = home
        self._services = services
        self._say = say
        self._around = Surroundings(ports, Secrets(home.secrets))
        self._supervisor = Supervisor(say, home.processes)
        self._servers = Servers(home, ports)
        self._catcher = catcher(ports, home)

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM; raise StackError if it can't."""
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        lock = Lock(self._home.lock)
        lock.acquire()
        try:
            await first_of(self._work(), stop.wait())
        finally:
            await self._stop()
            lock.release()
        self._say("Stitch has stopped.")

    async def _work(self) -> None:
        started_at = time.monotonic()
        self._home.description.unlink(missing_ok=True)
        self._home.set_large_logs_aside()
        await check_ports(self._around.ports, self._services)
        warm_up()
        dsn = await self._start_servers()
        await warmed_up()
        await self._migrate()
        async with httpx.AsyncClient(trust_env=False) as client:
            programs = [serving(s, self._around, self._home) for s in self._services]
            await start_all(self._supervisor, client, [self._catcher, *programs])
            self._supervisor.settle()
            if not self._home.is_seeded and len(self._services) == len(SERVICES):
                await seed(client, self._around, self._home, self._say)
            seconds = time.monotonic() - started_at
            self._say(first_screen(self._services, self._around, self._home.logs, dsn, seconds))
            describe(self._home, self._services, self._around, dsn)
            await self._watch(client)

    async def _start_servers(self) -> str:
        self._servers.start()
        secrets = self._around.secrets
        stored = [service for service in self._services if service.is_stored]
        passwords = {service.role: secrets.text(f"database:{service.name}") for service in stored}
        return await database.prepare(self._servers.postgres.dsn, passwords)

    async def _migrate(self) -> None:
        stored = [service for service in self._services if service.is_stored]
        programs = [migrating(service, self._around, self._home) for service in stored]
        await all_of(*(self._supervisor.run_once(program) for program in programs))

    async def _watch(self, client: httpx.AsyncClient) -> None:
        returns: set[asyncio.Task[None]] = set()

        def follow(program: Program) -> None:
            task = asyncio.create_task(self._report_return(client, program))
            returns.add(task)
            task.add_done_callback(returns.discard)

        self._supervisor.on_restart = follow
        try:
            await self._servers.watch(self._say)
        finally:
            for task in returns:
                task.cancel()

    async def _report_return(self, client: httpx.AsyncClient, program: Program) -> None:
        began_at = time.monotonic()
        await wait_until_ready(client, program.ready_url)
        self._say(f"{program.name} is ready again after {time.monotonic() - began_at:.1f} s.")

    async def _stop(self) -> None:
        self._home.description.unlink(missing_ok=True)
        # The catcher takes the last spans of the others.
        await self._supervisor.stop(besides=self._catcher.name, patience=_PATIENCE)
        await all_of(self._supervisor.stop(patience=_LAST_PATIENCE), self._servers.stop())
