"""Where the stack listens and keeps its files, and who gets which secret."""

import json
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from stitch_dev.environments import environment
from stitch_dev.errors import StackError
from stitch_dev.lock import AlreadyRunningError, Lock
from stitch_dev.secrets_file import Secrets
from stitch_dev.services import SERVICES, Surroundings, chosen
from stitch_dev.settings import DevSettings, Home, Ports


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return Surroundings(Ports(), Secrets(tmp_path / "secrets.json"))


def environments(around: Surroundings) -> dict[str, dict[str, str]]:
    return {service.name: dict(environment(service, around)) for service in SERVICES}


def test_the_default_ports_are_the_documented_ones() -> None:
    ports = Ports.of(DevSettings(port_base=None))

    assert [ports.api(service.offset) for service in SERVICES] == list(range(8000, 8006))
    assert (ports.ops(0), ports.page, ports.smtp) == (9000, 8025, 1025)
    assert (ports.nats, ports.postgres) == (4222, 5433)


def test_a_port_base_moves_every_port_below_those_of_outgoing_connections() -> None:
    ports = Ports.of(DevSettings(port_base=31_000))
    everything = [ports.page, ports.smtp, ports.nats, ports.postgres]
    for service in SERVICES:
        everything += [ports.api(service.offset), ports.ops(service.offset)]

    assert len(set(everything)) == len(everything)
    assert all(31_000 <= port < 32_768 for port in everything)


def test_a_port_base_without_room_is_refused() -> None:
    with pytest.raises(ValidationError):
        DevSettings(port_base=32_000)


def test_some_services_can_be_chosen_and_unknown_ones_are_refused() -> None:
    assert [service.name for service in chosen("auth, gateway")] == ["gateway", "auth"]
    assert chosen("") == SERVICES
    with pytest.raises(StackError, match="no service mail"):
        chosen("mail")


def test_link_keys_are_shared_by_those_who_make_and_check_a_purpose_and_nobody_else(
    around: Surroundings,
) -> None:
    keys = {
        name: json.loads(found.get("STITCH_LINK_KEYS", "{}"))
        for name, found in environments(around).items()
    }

    assert keys["notifications"]["rsvp"] == keys["events"]["rsvp"]
    assert keys["notifications"]["verify-email"] == keys["auth"]["verify-email"]
    assert keys["notifications"]["reset-password"] == keys["auth"]["reset-password"]
    assert keys["auth"].keys() == {"verify-email", "reset-password", "not-me"}
    assert keys["events"].keys() == {"rsvp"}
    assert keys["gateway"] == keys["content"] == keys["ai"] == {}


def test_no_two_services_share_another_secret(around: Surroundings) -> None:
    for name in ("STITCH_DATABASE_URL", "STITCH_CURSOR_KEY", "STITCH_SECRET_KEYS"):
        found = [each[name] for each in environments(around).values() if name in each]
        assert len(set(found)) == len(found) > 1


def test_only_auth_knows_the_passwords(around: Surroundings) -> None:
    password = around.secrets.demo_password("admin")

    knowing = [name for name, found in environments(around).items() if password in str(found)]

    assert knowing == ["auth"]


def test_the_gateway_knows_where_the_services_are_and_no_database(around: Surroundings) -> None:
    gateway = environments(around)["gateway"]

    assert gateway["STITCH_EVENTS_URL"] == "http://127.0.0.1:8003"
    assert "STITCH_DATABASE_URL" not in gateway


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = Secrets(path)
    made = first.text("one"), first.keyring("two"), first.demo_password("admin")

    again = Secrets(path)

    assert (again.text("one"), again.keyring("two"), again.demo_password("admin")) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_stack_at_a_time_holds_a_folder(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert second.holder() is None

    first.acquire()

    assert second.holder() is not None
    with pytest.raises(AlreadyRunningError, match="already runs"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_large_logs_are_set_aside_and_others_go_on(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    (home.logs / "large.log").write_bytes(bytes(11_000_000))
    (home.logs / "small.log").touch()

    home.set_large_logs_aside()

    assert sorted(path.name for path in home.logs.iterdir()) == ["large.old", "small.log"]


def test_deleting_a_home_leaves_what_others_put_there(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    Secrets(home.secrets).text("one")
    (home.folder / "notes.txt").touch()

    home.delete()

    assert [path.name for path in home.folder.iterdir()] == ["notes.txt"]
