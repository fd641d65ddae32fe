"""A fact keeps its identity on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitch_common.bus.envelope import Address, Envelope, uuid7
from stitch_common.contracts.content import SettingChanged
from stitch_common.testing.clock import NOW


def setting(key: str) -> SettingChanged:
    return SettingChanged(key=key, version=4, removed=False, changed_by=1, at=NOW)


@given(st.text(min_size=1))
def test_any_aggregate_id_survives_the_headers(key: str) -> None:
    envelope = Envelope.seal(setting(key))

    address = Address.read(envelope.headers)

    assert all(value.isascii() and value.isprintable() for value in envelope.headers.values())
    assert address.aggregate_id == key
    assert (address.fact_id, address.subject) == (envelope.fact_id, SettingChanged.subject)
    assert (address.sequence, address.occurred_at) == (4, NOW)


@pytest.mark.parametrize("missing", ["ce-id", "ce-type", "ce-time", "ce-sequence", "ce-subject"])
def test_what_is_no_envelope_is_refused(missing: str) -> None:
    headers = Envelope.seal(setting("a")).headers
    del headers[missing]

    with pytest.raises(KeyError):
        Address.read(headers)


def test_ids_are_of_version_7_and_hold_their_millisecond() -> None:
    made = uuid7(NOW)

    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == int(NOW.timestamp() * 1000)
