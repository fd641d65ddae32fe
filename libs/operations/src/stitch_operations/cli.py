"""`stitch topology | outbox | consumers | dlq | replay`, each with `--json`."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict

import asyncpg
import structlog
from nats.errors import Error as NatsError
from pydantic import ValidationError
from pydantic_settings import SettingsError

import stitch_operations
from stitch_common.bus.connection import Bus
from stitch_common.bus.rescue import rescue
from stitch_operations import parking, replaying, repository, streams
from stitch_operations.errors import NoDatabaseError, OperatorError
from stitch_operations.output import Answer, Row, as_json, as_table
from stitch_operations.settings import OperatorSettings

DRIFTED = 3
"""Exit code of `stitch topology` while something differs, so that scripts can ask."""

_EXPLAINED = (
    OperatorError,
    NatsError,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    SettingsError,
    ValidationError,
)
"""What an operator can do something about; anything else is a bug, and shows where."""

Command = Callable[[OperatorSettings, argparse.Namespace], Awaitable[Answer]]
BusCommand = Callable[[Bus, argparse.Namespace], Awaitable[Answer]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; gives the exit code."""
    _be_quiet()
    wish = _parser().parse_args(arguments)
    try:
        answer = asyncio.run(wish.command(OperatorSettings(), wish))
    except _EXPLAINED as error:
        sys.stderr.write(f"stitch: {str(error) or type(error).__name__}\n")
        return 1
    sys.stdout.write((as_json(answer) if wish.json else as_table(answer)) + "\n")
    return DRIFTED if wish.command is _topology and _differs(answer) else 0


def _differs(answer: Answer) -> bool:
    """Whether anything still is as it should not be."""
    rows: Sequence[Row] = [answer] if isinstance(answer, Mapping) else answer
    return any(row["state"] not in {"mended", "forgotten"} for row in rows)


def _be_quiet() -> None:
    """Let only warnings through, and these to where errors go."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _parser() -> argparse.ArgumentParser:
    both = argparse.ArgumentParser(add_help=False)
    both.add_argument("--json", action="store_true", help="for programs")
    parser = argparse.ArgumentParser(prog="stitch", description=stitch_operations.__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Command, sentence: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=[both], help=sentence, description=sentence)
        added.set_defaults(command=command)
        return added

    topology = add("topology", _topology, "how streams and consumers differ from the code's")
    actions = ["report", "apply", "forget"]
    topology.add_argument("action", nargs="?", choices=actions, default="report")
    topology.add_argument("consumer", nargs="?", help="the stranger to forget")
    add("outbox", _outbox, "what waits to be published")
    add("consumers", _with_bus(_consumers), "how far each consumer is")
    _add_dlq(add("dlq", _with_bus(_dlq), "parked messages"))
    replay = add("replay", _with_bus(_replay), "let a consumer read facts again")
    replay.add_argument("consumer")
    replay.add_argument(
        "--from", dest="start", required=True, help="a sequence, `all`, or a moment (UTC)"
    )
    replay.add_argument(
        "--rebuild", action="store_true", help="let a projection forget these facts first"
    )
    return parser


def _add_dlq(dlq: argparse.ArgumentParser) -> None:
    actions = ["list", "show", "redrive", "rescue"]
    dlq.add_argument("action", nargs="?", choices=actions, default="list")
    dlq.add_argument("numbers", nargs="*", type=int, metavar="number", help="as in `dlq list`")
    dlq.add_argument("--consumer", help="only what this one has parked")
    dlq.add_argument("--all", action="store_true", help="redrive all that is parked")


def _with_bus(command: BusCommand) -> Command:
    async def connected(settings: OperatorSettings, wish: argparse.Namespace) -> Answer:
        bus = Bus(settings.nats_url, "operator", replicas=settings.stream_replicas)
        try:
            await bus.connect(seconds=5)
            return await command(bus, wish)
        finally:
            await bus.close()

    return connected


async def _topology(settings: OperatorSettings, wish: argparse.Namespace) -> Answer:
    if wish.consumer is not None and wish.action != "forget":
        raise OperatorError("Only `stitch topology forget` takes a consumer.")

    async def act(bus: Bus, _wish: argparse.Namespace) -> Answer:
        match wish.action:
            case "apply":
                return await streams.correct(bus)
            case "forget":
                return await streams.forget(bus, _named(wish.consumer))
            case _:
                return await streams.drift(bus)

    return await _with_bus(act)(settings, wish)


def _named(consumer: str | None) -> str:
    if consumer is None:
        raise OperatorError("Say which consumer.")
    return consumer


async def _outbox(settings: OperatorSettings, _wish: argparse.Namespace) -> Answer:
    if settings.database_url is None:
        raise NoDatabaseError
    return await repository.outboxes(settings.database_url.get_secret_value())


async def _consumers(bus: Bus, _wish: argparse.Namespace) -> Answer:
    return await streams.consumers(bus)


async def _dlq(bus: Bus, wish: argparse.Namespace) -> Answer:
    _refuse_what_would_be_ignored(wish)
    match wish.action:
        case "list":
            return [parked.row() for parked in await parking.parked_by(bus, wish.consumer)]
        case "show":
            return [parked.details() for parked in await _named_messages(bus, wish.numbers)]
        case "rescue":
            return [asdict(given_up) for given_up in await rescue(bus)]
        case _:
            return [await parking.redrive(bus, parked) for parked in await _chosen(bus, wish)]


def _refuse_what_would_be_ignored(wish: argparse.Namespace) -> None:
    """An operator who says more than is done would think that it was done."""
    given = {
        "numbers": bool(wish.numbers),
        "--consumer": wish.consumer is not None,
        "--all": wish.all,
    }
    taken = {"list": {"--consumer"}, "show": {"numbers"}, "rescue": set()}.get(wish.action, given)
    said = [name for name, is_given in given.items() if is_given]
    for name in said:
        if name not in taken:
            raise OperatorError(f"`stitch dlq {wish.action}` takes no {name}.")
    if wish.action == "redrive" and len(said) > 1:
        raise OperatorError(f"Say either {' or '.join(said)}: what to redrive is not clear.")


async def _chosen(bus: Bus, wish: argparse.Namespace) -> list[parking.Parked]:
    if wish.consumer is not None or wish.all:
        return await parking.parked_by(bus, wish.consumer)
    return await _named_messages(bus, wish.numbers)


async def _named_messages(bus: Bus, numbers: Sequence[int]) -> list[parking.Parked]:
    if not numbers:
        raise OperatorError("Say which messages: numbers; to redrive, also --consumer C or --all.")
    return [await parking.get_parked(bus, number) for number in dict.fromkeys(numbers)]


async def _replay(bus: Bus, wish: argparse.Namespace) -> Answer:
    again = replaying.rebuild if wish.rebuild else replaying.replay
    return await again(bus, wish.consumer, replaying.start_of(wish.start))
