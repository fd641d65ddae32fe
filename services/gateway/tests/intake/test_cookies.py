import pytest

from stitch_gateway.intake.cookies import with_refresh, without_refresh
from stitch_gateway.intake.errors import AmbiguousHeadError


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (b"theme=dark; __Host-stitch-refresh=abc; lang=de", b"theme=dark; lang=de"),
        (b"stitch-refresh=abc", b""),
        (b'theme=dark;stitch-refresh=abc;__HOST-Stitch-Refresh="x";', b"theme=dark"),
        (b"stitch-refresh", b""),
        (b" stitch-refresh =abc", b""),
        (b"my-stitch-refresh=1", b"my-stitch-refresh=1"),
    ],
)
def test_refresh_cookies_are_taken_out(given: bytes, left: bytes) -> None:
    assert without_refresh(given) == left


def test_auth_gets_the_cookie_header_as_it_is() -> None:
    cookie = b"theme=dark; __Host-stitch-refresh=abc; stitch-refresh=def"

    assert with_refresh(cookie) == cookie


def test_two_refresh_cookies_of_one_name_are_refused() -> None:
    with pytest.raises(AmbiguousHeadError):
        with_refresh(b"stitch-refresh=abc; a=1; stitch-refresh=def")
