"""A long answer is ended when its client would be refused by now (S40)."""

import asyncio
from datetime import timedelta
from functools import partial

import httpx
import pytest
from services.gateway.tests.streaming.conftest import PATH, House
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from stitch_common.clock import utc_now
from stitch_common.contracts.auth import KeyRevoked, SessionRevoked, UserDeactivated
from stitch_common.security.revocations import Revocations
from stitch_common.security.tokens import LEEWAY, TokenVerifier
from stitch_common.testing.tokens import AUDIENCE, ISSUER, KID, Issuer
from stitch_common.testing.waiting import PATIENCE, promised, until
from stitch_gateway.authentication.service import ANONYMOUS, Admission, Guard
from stitch_gateway.routing.models import BEARER, Access
from stitch_gateway.streaming.patience import LASTS_AFTER
from stitch_gateway.streaming.service import Streams

PROMISED = 2.0


async def test_a_stream_ends_when_its_session_is_revoked_and_others_go_on(house: House) -> None:
    """S40."""
    source = house.source()
    source.go_on.release()
    async with house.stream(house.headers("gone")) as events:
        await anext(events)
        await asyncio.sleep(2 * LASTS_AFTER)
        other = house.source()
        other.go_on.release()
        async with house.stream(house.headers("stays")) as others:
            await anext(others)

            async with promised(PROMISED):
                house.revoke("gone")
                with pytest.raises(httpx.RemoteProtocolError):
                    await anext(events)

            await until(source.ended.is_set)
            other.go_on.release()
            assert await anext(others)


@pytest.mark.parametrize("kind", ["key", "user"])
async def test_a_stream_ends_whatever_revokes_its_token(house: House, kind: str) -> None:
    """S40."""
    source = house.source()
    source.go_on.release()
    async with house.stream(house.headers("s")) as events:
        await anext(events)
        await asyncio.sleep(2 * LASTS_AFTER)

        fact = (
            KeyRevoked(kid=KID, at=utc_now())
            if kind == "key"
            else UserDeactivated(user_id=1, version=2, at=utc_now())
        )
        house.runtime.verifier.revocations.note(fact)

        async with promised(PROMISED):
            await source.ended.wait()
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(events)


async def test_a_stream_ends_when_its_token_has_expired(house: House) -> None:
    """S40: when the leeway for clocks has passed, too."""
    source = house.source()
    source.go_on.release()
    almost_over = int((utc_now() - LEEWAY + timedelta(seconds=2)).timestamp())
    async with house.stream(house.headers("s", exp=almost_over)) as events:
        await anext(events)

        await until(source.ended.is_set)
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(events)


async def test_what_was_revoked_before_the_answer_began_is_refused(house: House) -> None:
    """S40: there still can be a 401, so there is one."""
    thinking, go_on = asyncio.Event(), asyncio.Event()

    async def think(scope: Scope, receive: Receive, send: Send) -> None:
        thinking.set()
        await go_on.wait()
        await JSONResponse({"content": "secret"})(scope, receive, send)

    house.ai.answer = think
    asking = asyncio.create_task(house.client.post(PATH, headers=house.headers("s"), json={}))
    await thinking.wait()
    await asyncio.sleep(2 * LASTS_AFTER)

    house.revoke("s")
    go_on.set()
    answer = await asking

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")


async def test_who_ends_their_own_session_hears_that_it_has_ended(house: House) -> None:
    """Also when the revocation is here before auth's answer."""

    async def log_out(scope: Scope, receive: Receive, send: Send) -> None:
        house.revoke("s")
        await asyncio.sleep(3 * LASTS_AFTER)
        await Response(status_code=204)(scope, receive, send)

    house.ai.answer = log_out

    answer = await house.client.post("/api/auth/logout", headers=house.headers("s"))

    assert answer.status_code == 204
    assert (await house.client.get("/api/ai/models", headers=house.headers("s"))).status_code == 401


class Guarded:
    """Streams without their bytes: who is admitted is the test's decision."""

    def __init__(self) -> None:
        self.issuer = Issuer(utc_now)
        self.revocations = Revocations(utc_now)
        self.verifier = TokenVerifier(
            self.issuer, utc_now, issuer=ISSUER, audience=AUDIENCE, revocations=self.revocations
        )
        self.guard = Guard(self.verifier)
        self.streams = Streams(self.guard, self.revocations, utc_now)
        self.ended: list[str] = []

    async def admission(self, session: str) -> Admission:
        token = self.issuer.token(sid=session, jti=session)
        return await self.guard.admit(BEARER, f"Bearer {token}".encode())

    def revoke(self, session: str) -> None:
        self.revocations.note(SessionRevoked(sid=session, user_id=1, at=utc_now(), reason="logout"))


async def settle(streams: Streams) -> None:
    async with asyncio.timeout(PATIENCE):
        while streams._working:
            await asyncio.gather(*streams._working)


async def test_of_thousands_the_right_one_is_ended_and_nothing_is_left_of_it() -> None:
    guarded = Guarded()
    opened = {}
    for number in range(2000):
        session = f"s{number}"
        admission = await guarded.admission(session)
        opened[session] = guarded.streams.open(
            BEARER, admission, partial(guarded.ended.append, session)
        )
    await settle(guarded.streams)

    guarded.revoke("s1234")
    guarded.revoke("s77")
    await settle(guarded.streams)
    still_open = len(guarded.streams)
    for stream in opened.values():
        guarded.streams.close(stream)

    assert sorted(guarded.ended) == ["s1234", "s77"]
    assert (still_open, len(guarded.streams)) == (1998, 0)
    assert all(stream.timer is not None and stream.timer.cancelled() for stream in opened.values())


async def test_what_was_revoked_while_nobody_looked_is_seen_when_it_is_opened() -> None:
    guarded = Guarded()
    admission = await guarded.admission("s")
    guarded.revoke("s")

    guarded.streams.open(BEARER, admission, lambda: guarded.ended.append("s"))
    await settle(guarded.streams)

    assert guarded.ended == ["s"]


async def test_facts_without_a_stream_cost_nothing() -> None:
    guarded = Guarded()

    for number in range(1000):
        guarded.revoke(f"s{number}")

    assert guarded.streams._working == set()


class BrokenGuard(Guard):
    """A guard in which something goes wrong that nobody has thought of."""

    async def admit(self, access: Access, authorization: bytes | None) -> Admission:
        raise ZeroDivisionError


async def test_a_fault_while_a_stream_is_judged_ends_it() -> None:
    """S78: nothing stays open by a failure."""
    guarded = Guarded()
    streams = Streams(BrokenGuard(guarded.verifier), guarded.revocations, utc_now)

    with capture_logs() as logs:
        streams.open(BEARER, ANONYMOUS, lambda: guarded.ended.append("s"))
        await settle(streams)

    assert guarded.ended == ["s"]
    assert [each["error"] for each in logs] == ["ZeroDivisionError"]
