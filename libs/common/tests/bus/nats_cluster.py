"""Three real nats-servers on loopback that keep every fact three times."""

import json
import signal
import subprocess
from pathlib import Path

from stitch_dev.binaries import nats_server
from stitch_dev.daemon import Command, spawn, stop
from stitch_dev.ports import HOST, find_free

CONFIGURATION = """\
server_name: {name}
listen: "{host}:{port}"
jetstream {{
  store_dir: {store}, sync_interval: always, max_file_store: 64GB, max_memory_store: 1GB
}}
cluster {{ name: stitch, listen: "{host}:{route}", routes: {routes} }}
"""


class NatsCluster:
    """Servers one, two and three; each may be killed and started again."""

    names = ("one", "two", "three")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = dict(zip(self.names, _free_ports(3), strict=True))
        self._routes = dict(zip(self.names, _free_ports(3, besides=self._ports), strict=True))
        self._servers: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def addresses(self) -> str:
        return ",".join(f"nats://{HOST}:{port}" for port in self._ports.values())

    def start(self, *names: str) -> None:
        for name in names or self.names:
            command = [str(nats_server()), "-c", str(self._configure(name))]
            self._servers[name] = spawn(Command(command, log=self._folder / f"{name}.log"))

    def kill(self, name: str) -> None:
        self._servers[name].kill()
        self._servers[name].wait()

    def end(self) -> None:
        for server in self._servers.values():
            stop(server, signal.SIGTERM)

    def _configure(self, name: str) -> Path:
        path = self._folder / f"{name}.conf"
        routes = [f"nats://{HOST}:{port}" for port in self._routes.values()]
        path.write_text(
            CONFIGURATION.format(
                name=name,
                host=HOST,
                port=self._ports[name],
                store=json.dumps(str(self._folder / name)),
                route=self._routes[name],
                routes=json.dumps(routes),
            )
        )
        return path


def _free_ports(number: int, *, besides: dict[str, int] | None = None) -> list[int]:
    found: set[int] = set()
    while len(found) < number:
        found |= {find_free()} - set((besides or {}).values())
    return sorted(found)
