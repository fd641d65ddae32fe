from services.auth.tests.evenness.comparison import expect_nothing_is_told
from services.auth.tests.evenness.house import House, HouseWith


async def test_a_repeated_mail_tells_nothing_about_accounts(house_with: HouseWith) -> None:
    """S46: neither by its answers nor by their times."""
    await expect_nothing_is_told(house_with, House.resend)
