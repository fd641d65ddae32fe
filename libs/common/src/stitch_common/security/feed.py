"""From the bus to the verification: what is revoked, and that there are other keys."""

from stitch_common.bus.connection import Bus
from stitch_common.clock import Clock
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import KeyRevoked, KeyRotated
from stitch_common.security.reading import Reading
from stitch_common.security.revocations import REVOKING_FACTS
from stitch_common.security.tokens import TokenVerifier


def revocation_feed(bus: Bus, verifier: TokenVerifier, clock: Clock) -> Reading:
    """Keep this process's verification up to date; it is not ready before the first reading."""

    def take(fact: Fact) -> None:
        verifier.revocations.note(fact)
        if isinstance(fact, KeyRotated | KeyRevoked):
            verifier.keys.renew()

    return Reading(
        bus,
        "revocations",
        (*REVOKING_FACTS, KeyRotated),
        take,
        back=verifier.revocations.kept_for,
        clock=clock,
    )
