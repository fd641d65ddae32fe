"""What operators say of limits: `1200/60`, `off`."""

import re
from collections.abc import Mapping
from datetime import timedelta

from stitch_gateway.limits.models import QUOTAS, Quota

OFF = "off"
PHRASE = re.compile(r"(?P<most>[1-9]\d{0,6})/(?P<seconds>[1-9]\d{0,4})")


def quotas_of(wishes: Mapping[str, str], *, scale: float) -> dict[str, Quota]:
    """The quotas in force: the defaults, scaled, with these instead; ValueError."""
    if unknown := wishes.keys() - QUOTAS.keys():
        raise ValueError(f"no such limit: {', '.join(sorted(unknown))}")
    quotas = {str(name): quota.times(scale) for name, quota in QUOTAS.items()}
    for name, wish in wishes.items():
        del quotas[name]
        if wish != OFF:
            quotas[name] = _quota(wish, is_shared=QUOTAS[name].is_shared)
    return quotas


def _quota(wish: str, *, is_shared: bool) -> Quota:
    given = PHRASE.fullmatch(wish)
    if given is None:
        raise ValueError(f"a limit is <number>/<seconds> or {OFF}, not {wish!r}")
    return Quota(int(given["most"]), timedelta(seconds=int(given["seconds"])), is_shared)
