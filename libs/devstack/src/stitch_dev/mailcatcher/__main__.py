"""python -m stitch_dev.mailcatcher --smtp-port 1025 --page-port 8025."""

import argparse
import asyncio

import uvicorn

from stitch_common.clock import utc_now
from stitch_dev.mailcatcher.app import create_app
from stitch_dev.mailcatcher.mailbox import Mailbox
from stitch_dev.mailcatcher.smtp import listen
from stitch_dev.mailcatcher.traces import Traces
from stitch_dev.ports import HOST


async def serve(smtp_port: int, page_port: int) -> None:
    """Run until SIGTERM or SIGINT, both servers on one loop."""
    mailbox = Mailbox(utc_now)
    smtp = await listen(mailbox, HOST, smtp_port)
    page = uvicorn.Config(
        create_app(mailbox, Traces()),
        host=HOST,
        port=page_port,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    try:
        await uvicorn.Server(page).serve()
    finally:
        smtp.close()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m stitch_dev.mailcatcher", description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--page-port", type=int, default=8025)
    ports = parser.parse_args(arguments)
    asyncio.run(serve(ports.smtp_port, ports.page_port))


if __name__ == "__main__":
    main()
