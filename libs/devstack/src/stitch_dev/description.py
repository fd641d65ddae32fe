"""`dev.json`: where scripts and tests find everything; it exists only while all is ready."""

from collections.abc import Sequence

from stitch_dev import private_json
from stitch_dev.demo import log_ins
from stitch_dev.ports import HOST
from stitch_dev.services import Service, Surroundings
from stitch_dev.settings import Home


def describe(home: Home, services: Sequence[Service], around: Surroundings, dsn: str) -> None:
    ports = around.ports
    document = {
        "gateway": ports.gateway_url,
        "mail": ports.page_url,
        "smtp": f"localhost:{ports.smtp}",
        "postgres": dsn,
        "nats": ports.nats_url,
        "services": {s.name: f"http://{HOST}:{ports.api(s.offset)}" for s in services},
        "users": log_ins(around.secrets),
    }
    private_json.write(home.description, document)
