from datetime import timedelta

import pytest
from services.auth.tests.conftest import Wire, settings_with
from services.auth.tests.evenness.house import House, HouseWith

from stitch_common.database import Database
from stitch_common.testing.clock import SettableClock

MANY = 1_000_000


@pytest.fixture
def house_with(wire: Wire, busy_database: Database, clock: SettableClock) -> HouseWith:
    async def make(step: float) -> House:
        settings = settings_with(
            mail_answer_after=timedelta(seconds=step),
            registration_limit=MANY,
            login_limit=MANY,
            login_limit_per_network=MANY,
            login_limit_per_hour=MANY,
        )
        house = House(await wire(busy_database, settings), clock)
        await house.fill()
        return house

    return make
