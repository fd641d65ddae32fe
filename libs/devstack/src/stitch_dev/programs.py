"""The programs of the stack: the mail catcher, and each service."""

from stitch_dev.environments import environment
from stitch_dev.ports import HOST
from stitch_dev.program import Program
from stitch_dev.services import Service, Surroundings
from stitch_dev.settings import Home, Ports


def catcher(ports: Ports, home: Home) -> Program:
    return Program(
        name="mailcatcher",
        module="stitch_dev.mailcatcher",
        arguments=(f"--smtp-port={ports.smtp}", f"--page-port={ports.page}"),
        log=home.logs / "mailcatcher.log",
        ready_url=f"http://{HOST}:{ports.page}/readyz",
    )


def serving(service: Service, around: Surroundings, home: Home) -> Program:
    """Give the process that answers and works: on a laptop one does both."""
    return Program(
        name=service.name,
        module=service.module,
        arguments=("all",),
        log=home.logs / f"{service.name}.log",
        environment=environment(service, around),
        ready_url=f"http://{HOST}:{around.ports.ops(service.offset)}/readyz",
    )


def migrating(service: Service, around: Surroundings, home: Home) -> Program:
    return Program(
        name=f"{service.name} migrate",
        module=service.module,
        arguments=("migrate",),
        log=home.logs / f"{service.name}.log",
        environment=environment(service, around),
    )
