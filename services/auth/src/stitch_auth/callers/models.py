"""Who calls."""

from dataclasses import dataclass

from stitch_common.limits.networks import network_of


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from; it says nothing about who is logged in."""

    address: str
    user_agent: str
    device_mark: str = ""
    """What its device was given at an earlier log-in, or anything else."""

    @property
    def network(self) -> str:
        """What limits count by."""
        return network_of(self.address)
