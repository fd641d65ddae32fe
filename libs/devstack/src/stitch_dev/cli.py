"""python -m stitch_dev run | start | stop | reset | status | kill <name> | restart <name>."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Callable

from pydantic import ValidationError

from stitch_dev.background import Background
from stitch_dev.errors import StackError
from stitch_dev.installation import check_installation
from stitch_dev.lock import AlreadyRunningError
from stitch_dev.services import chosen
from stitch_dev.settings import DevSettings, Home, Ports


def say(text: str) -> None:
    print(text if text.startswith("\n") else f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m stitch_dev", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "start", "stop", "reset", "status"):
        commands.add_parser(name)
    for name in ("kill", "restart"):
        commands.add_parser(name).add_argument("name")
    wish = parser.parse_args(arguments)
    return guarded(lambda: _do(wish, DevSettings()))


def guarded(work: Callable[[], None]) -> int:
    """Give the exit code; what a person can mend is one sentence and no traceback."""
    try:
        work()
    except AlreadyRunningError as running:
        say(str(running))
    except ValidationError as error:
        print(_settings_sentence(error), file=sys.stderr)
        return 2
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _do(wish: argparse.Namespace, settings: DevSettings) -> None:
    home = Home(settings.home.resolve())
    background = Background(home, say)
    match wish.command:
        case "run":
            run(settings, home)
        case "kill":
            background.end(wish.name, signal.SIGKILL)
        case "restart":
            background.end(wish.name, signal.SIGTERM)
        case command:
            getattr(background, command)()


def run(settings: DevSettings, home: Home) -> None:
    check_installation()
    # Everything else here answers at once; this needs the database driver and more.
    from stitch_dev.stack import Stack  # noqa: PLC0415 - see above

    stack = Stack(home, Ports.of(settings), chosen(settings.services), say)
    asyncio.run(stack.run())


def _settings_sentence(error: ValidationError) -> str:
    return "; ".join(f"STITCH_DEV_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
