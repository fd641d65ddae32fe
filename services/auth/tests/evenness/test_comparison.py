"""What is compared would be told apart if it differed."""

import random

from services.auth.tests.evenness.comparison import SAMPLES, SOME, TELLING, Comparison, telling
from services.auth.tests.evenness.house import House, HouseWith


def test_a_millisecond_is_noticed_in_the_noise_of_a_machine() -> None:
    dice = random.Random(7)  # noqa: S311 - noise, not secrets

    def noisy(more: float) -> list[float]:
        return [0.030 + more + dice.expovariate(500) for _ in range(SAMPLES)]

    assert telling(noisy(0.001), noisy(0)) > TELLING
    assert telling(noisy(0), noisy(0)) < TELLING


async def test_without_a_step_it_would_be_told_who_has_forgotten_a_password(
    house_with: HouseWith,
) -> None:
    comparison = Comparison(await house_with(0), House.forget, 0)

    await comparison.go_on(2 * SOME)

    assert comparison.telling > TELLING
