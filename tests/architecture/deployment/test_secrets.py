"""deploy/make_secrets.py makes what is needed, and never changes what is there."""

import json
from base64 import b64decode
from pathlib import Path

import pytest
from tests.architecture.deployment.compose import VARIABLE, text
from tests.architecture.deployment.secrets_made import fresh_env, make_secrets


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / ".env"
    monkeypatch.setattr(make_secrets(), "ENV", path)
    return path


def test_the_example_names_what_compose_must_be_told_and_holds_no_secret() -> None:
    example = make_secrets().read(make_secrets().EXAMPLE.read_text())
    asked = {found["name"] for found in VARIABLE.finditer(text()) if found["how"] != "-"}

    assert asked == {name for name, value in example.items() if not value}


def test_a_file_that_is_made_is_complete_and_its_owners_alone(env: Path) -> None:
    make_secrets().main(["env"])

    assert all(make_secrets().read(env.read_text()).values())
    assert env.stat().st_mode & 0o777 == 0o600


def test_making_it_again_adds_only_what_is_missing(env: Path) -> None:
    env.write_text("""AUTH_SECRET_KEYS='{"1": "b2xk"}'\nADMIN_PASSWORD=old\nSOMETHING=else\n""")

    make_secrets().main(["env"])

    values = make_secrets().read(env.read_text())
    assert values["AUTH_SECRET_KEYS"] == '{"1": "b2xk"}'
    assert values["ADMIN_PASSWORD"] == "old"
    assert values["SOMETHING"] == "else"
    assert values["NATS_PASSWORD"]
    make_secrets().main(["env"])
    assert make_secrets().read(env.read_text()) == values


def test_no_two_secrets_are_alike() -> None:
    secrets = [value for name, value in fresh_env().items() if name != "PUBLIC_URL"]

    assert len(set(secrets)) == len(secrets)


def test_a_keyring_holds_a_key_of_32_bytes() -> None:
    rings = [json.loads(value) for name, value in fresh_env().items() if name.endswith("_KEYS")]

    assert rings
    assert all(len(b64decode(ring["1"], validate=True)) == 32 for ring in rings)


def test_a_password_fits_into_a_url_and_nats_does_not_take_it_for_a_number() -> None:
    passwords = [value for name, value in fresh_env().items() if name.endswith("_PASSWORD")]

    assert passwords
    assert all(password.isalnum() and password[0].isalpha() for password in passwords)


def test_kubernetes_gets_the_same_values(env: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_secrets().main(["env"])
    make_secrets().main(["kubernetes"])

    values = make_secrets().read(env.read_text())
    items = json.loads(capsys.readouterr().out)["items"]
    given = {i["metadata"]["name"]: i["stringData"] for i in items}
    assert given["events-database"] == {
        "username": "stitch_events",
        "password": values["EVENTS_DATABASE_PASSWORD"],
    }
    assert {v for data in given.values() for v in data.values()} >= {
        value for name, value in values.items() if name not in {"PUBLIC_URL", "POSTGRES_PASSWORD"}
    }


def test_a_changed_password_of_a_role_is_set_at_once(
    env: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CloudNativePG watches only the Secrets that say so."""
    make_secrets().main(["env"])
    make_secrets().main(["kubernetes"])

    items = json.loads(capsys.readouterr().out)["items"]
    roles = [i["metadata"] for i in items if i["type"] == "kubernetes.io/basic-auth"]
    assert [role["labels"] for role in roles] == [{"cnpg.io/reload": "true"}] * 5


def test_kubernetes_before_there_is_a_file_is_refused(env: Path) -> None:
    with pytest.raises(SystemExit, match="make it with `env` first"):
        make_secrets().main(["kubernetes"])
