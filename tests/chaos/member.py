"""One process of the house: `member.py relay | consumer <name> <dsn> <nats>`, to be killed."""

import asyncio
import ctypes
import signal
import sys
from datetime import timedelta

import uvloop
from sqlalchemy import text

from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import Consumer, Patience
from stitch_common.bus.inbox import Inbox, Received
from stitch_common.bus.relay import Relay
from stitch_common.bus.subscriptions import Subscriptions
from stitch_common.contracts.auth import UserVerified
from stitch_common.database import Database
from stitch_dev.daemon import ask_for_signal

SCHEMA = "auth"
ACK_WAIT = timedelta(seconds=2)
SLOW = 3.0
"""Some facts take longer than the broker waits."""

EFFECT = text("insert into auth.effect (user_id, version) values (:user_id, :version)")
STATE = text(
    "insert into auth.state values (:user_id, :version) on conflict (user_id) do update "
    "set version = excluded.version where state.version < excluded.version"
)


def consumer_on(database: Database, name: str) -> Consumer:
    # The facts of a killed process come again soon, or the test would wait half a minute.
    consumer = Consumer(name, patience=Patience(ack_wait=ACK_WAIT))

    @consumer.on(UserVerified)
    async def on_user_verified(fact: UserVerified, received: Received) -> None:
        if fact.version == 30 and fact.user_id % 4 == 0:
            await asyncio.sleep(SLOW)
        async with database.transaction() as session:
            if await Inbox(session).admit(received):
                row = {"user_id": fact.user_id, "version": fact.version}
                await session.execute(EFFECT, row)
                await session.execute(STATE, row)

    return consumer


async def work(role: str, name: str, dsn: str, nats_url: str) -> None:
    bus, stop = Bus(nats_url, SCHEMA), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await bus.start()
    if role == "relay":
        await Relay(bus, dsn, SCHEMA).run(stop)
    else:
        database = Database.connect(dsn, application_name="chaos")
        await Subscriptions(bus, [consumer_on(database, name)]).run(stop)
    await bus.close()


if __name__ == "__main__":
    ask_for_signal(ctypes.CDLL(None), signal.SIGKILL)
    uvloop.run(work(*sys.argv[1:]))
