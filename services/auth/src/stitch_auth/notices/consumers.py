"""Bus in: every log-in is compared with the earlier ones."""

from stitch_auth.notices.repository import NEW_DEVICES
from stitch_auth.notices.service import NewDeviceService
from stitch_common.bus.consumer import Consumer
from stitch_common.bus.inbox import Received
from stitch_common.contracts.auth import LoginSucceeded


def create_consumer(devices: NewDeviceService) -> Consumer:
    consumer = Consumer(NEW_DEVICES)

    @consumer.on(LoginSucceeded)
    async def on_login_succeeded(fact: LoginSucceeded, received: Received) -> None:
        await devices.look_at(fact, received)

    return consumer
