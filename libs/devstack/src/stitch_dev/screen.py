"""The first screen: what runs where, and how to look at it."""

from collections.abc import Sequence
from pathlib import Path

from stitch_dev.demo import log_ins
from stitch_dev.services import Service, Surroundings

_SCREEN = """
  Stitch is ready after {seconds:.1f} s.

    API              {gateway}
    API docs         {gateway}/docs
    Mails, traces    {page}

    Log in as        {users}

    Services         {services}
    PostgreSQL       {postgres}
    NATS             {nats}
    SMTP             {smtp}
    Logs             {logs}

  Ctrl-C or `make stop` ends it; `make reset` also deletes the data.
"""
_COLUMN = "\n" + " " * 21


def first_screen(
    services: Sequence[Service], around: Surroundings, logs: Path, dsn: str, seconds: float
) -> str:
    users = log_ins(around.secrets).values()
    ports = around.ports
    return _SCREEN.format(
        seconds=seconds,
        gateway=ports.gateway_url,
        page=ports.page_url,
        users=_COLUMN.join(f"{user['username']:<8} {user['password']}" for user in users),
        services=" · ".join(f"{s.name} {ports.api(s.offset)}" for s in services),
        postgres=dsn,
        nats=ports.nats_url,
        smtp=f"localhost:{ports.smtp}",
        logs=logs,
    )
