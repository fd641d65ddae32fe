"""What is parked can be seen, and comes to its consumer again, once."""

import asyncio
from collections.abc import Callable

import pytest
from libs.operations.tests.conftest import Reader, Stitch

from stitch_common.contracts.auth import UserVerified
from stitch_common.testing.traffic import Traffic

Verified = Callable[[int], UserVerified]


async def test_what_is_parked_is_listed_with_its_reason(
    traffic: Traffic, stitch: Stitch, broken: Reader, verified: Verified
) -> None:
    await traffic.publish(verified(1), verified(2))
    await traffic.handle_all(broken.consumer)

    found = (await stitch("dlq", "list", "--json")).json

    assert [row["consumer"] for row in found] == ["auth-reader"] * 2
    assert found[0]["subject"] == UserVerified.subject
    assert found[0]["error"] == "NotYetError: Somebody has to mend something first."
    assert found[0]["tries"] == 1


async def test_a_table_is_for_people(
    traffic: Traffic, stitch: Stitch, broken: Reader, verified: Verified
) -> None:
    await traffic.publish(verified(1))
    await traffic.handle_all(broken.consumer)

    header, row = (await stitch("dlq", "list")).out.splitlines()

    assert header.split()[:3] == ["number", "consumer", "subject"]
    assert "auth-reader" in row


async def test_one_message_is_shown_with_all_it_carries(
    traffic: Traffic, stitch: Stitch, broken: Reader, verified: Verified
) -> None:
    (fact_id,) = await traffic.publish(verified(7))
    await traffic.handle_all(broken.consumer)
    ((number,),) = [[row["number"]] for row in (await stitch("dlq", "list", "--json")).json]

    ((shown),) = (await stitch("dlq", "show", str(number), "--json")).json

    assert shown["ce-id"] == str(fact_id)
    assert '"user_id":7' in shown["payload"]


async def test_what_is_redriven_is_handled_and_parked_no_longer(
    traffic: Traffic, stitch: Stitch, broken: Reader, verified: Verified
) -> None:
    await traffic.publish(*(verified(n) for n in range(5)))
    await traffic.handle_all(broken.consumer)

    broken.is_mended = True
    redriven = (await stitch("dlq", "redrive", "--consumer", "auth-reader", "--json")).json
    await traffic.handle_all(broken.consumer)

    assert len(redriven) == 5
    assert sorted(broken.taken) == list(range(5))
    assert await traffic.parked() == []


async def test_a_message_is_redriven_once_however_often_that_is_asked_for(
    traffic: Traffic, stitch: Stitch, broken: Reader, verified: Verified
) -> None:
    await traffic.publish(verified(1))
    await traffic.handle_all(broken.consumer)
    (row,) = (await stitch("dlq", "list", "--json")).json

    broken.is_mended = True
    await asyncio.gather(*(stitch("dlq", "redrive", str(row["number"])) for _ in range(3)))
    await traffic.handle_all(broken.consumer)

    assert broken.taken == [1]


async def test_what_fails_again_is_parked_again_and_can_be_redriven_again(
    traffic: Traffic, stitch: Stitch, broken: Reader, verified: Verified
) -> None:
    await traffic.publish(verified(1))
    await traffic.handle_all(broken.consumer)
    await stitch("dlq", "redrive", "--all")
    await traffic.handle_all(broken.consumer)
    (row,) = (await stitch("dlq", "list", "--json")).json

    broken.is_mended = True
    await stitch("dlq", "redrive", "--all")
    await traffic.handle_all(broken.consumer)

    assert row["subject"] == UserVerified.subject
    assert broken.taken == [1]


async def test_no_other_consumer_reads_what_is_redriven(
    traffic: Traffic, stitch: Stitch, broken: Reader, verified: Verified
) -> None:
    other = Reader()
    other.consumer.name = "auth-other"
    await traffic.publish(verified(1))
    await traffic.handle_all(broken.consumer)
    await traffic.handle_all(other.consumer)

    await stitch("dlq", "redrive", "--all")
    await traffic.handle_all(other.consumer)

    assert other.taken == [1]


async def test_a_malformed_message_can_be_listed_shown_and_redriven(
    traffic: Traffic, stitch: Stitch, reader: Reader
) -> None:
    await traffic.bus.js.publish(UserVerified.subject, b"\xff no fact")
    await traffic.handle_all(reader.consumer)

    first = (await stitch("dlq", "list", "--json")).json
    await stitch("dlq", "redrive", "--all")
    await traffic.handle_all(reader.consumer)
    second = (await stitch("dlq", "list", "--json")).json

    assert [row["subject"] for row in (*first, *second)] == [UserVerified.subject] * 2


@pytest.mark.parametrize("number", ["99", "0"])
async def test_a_number_that_is_not_parked_is_a_sentence(
    traffic: Traffic, stitch: Stitch, number: str
) -> None:
    said = await stitch("dlq", "redrive", number)

    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"stitch: No message is parked under {number}; `stitch dlq list` lists them.\n"
    )


@pytest.mark.parametrize("action", ["list", "redrive"])
async def test_a_consumer_that_there_never_was_is_a_sentence(
    traffic: Traffic, stitch: Stitch, action: str
) -> None:
    said = await stitch("dlq", action, "--consumer", "auth-raeder")

    assert (said.code, said.out) == (1, "")
    assert said.err == "stitch: There is no consumer auth-raeder; `stitch consumers` lists them.\n"


@pytest.mark.parametrize("action", ["show", "redrive"])
async def test_nothing_is_done_unless_it_is_said_to_what(
    traffic: Traffic, stitch: Stitch, action: str
) -> None:
    said = await stitch("dlq", action)

    assert said.code == 1
    assert "--all" in said.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("list 5", "`stitch dlq list` takes no numbers."),
        ("list --all", "`stitch dlq list` takes no --all."),
        ("show 1 --consumer auth-reader", "`stitch dlq show` takes no --consumer."),
        ("rescue 1", "`stitch dlq rescue` takes no numbers."),
        ("redrive 1 --all", "Say either numbers or --all: what to redrive is not clear."),
        (
            "redrive 1 --consumer auth-reader",
            "Say either numbers or --consumer: what to redrive is not clear.",
        ),
    ],
)
async def test_what_would_be_ignored_is_refused(
    traffic: Traffic, stitch: Stitch, words: str, complaint: str
) -> None:
    said = await stitch("dlq", *words.split())

    assert (said.code, said.out, said.err) == (1, "", f"stitch: {complaint}\n")


@pytest.mark.parametrize("name", ["*", ">", "auth-reader.>", "auth reader", ""])
async def test_a_consumer_is_called_by_its_whole_name(
    traffic: Traffic, stitch: Stitch, broken: Reader, verified: Verified, name: str
) -> None:
    await traffic.publish(verified(1))
    await traffic.handle_all(broken.consumer)

    said = await stitch("dlq", "redrive", "--consumer", name)

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"stitch: There is no consumer {name};")


async def test_a_number_that_is_said_twice_is_redriven_once(
    traffic: Traffic, stitch: Stitch, broken: Reader, verified: Verified
) -> None:
    await traffic.publish(verified(1))
    await traffic.handle_all(broken.consumer)
    (row,) = (await stitch("dlq", "list", "--json")).json

    said = await stitch("dlq", "redrive", *2 * [str(row["number"])], "--json")

    assert (said.code, len(said.json)) == (0, 1)
