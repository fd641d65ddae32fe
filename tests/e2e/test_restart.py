"""What was revoked stays revoked when everything starts again: auth, gateway and the bus (S8)."""

import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from tests.e2e.journey import eventually
from tests.e2e.running_stack import ROOT, Stack

pytestmark = pytest.mark.e2e


def restart_everything(stack: Stack) -> None:
    """Stop and start services, bus and database, on the same data and ports."""
    port = str(urlsplit(str(stack.document["gateway"])).port)
    environment = {**stack.environment, "STITCH_DEV_PORT_BASE": port}
    for command in ("stop", "start"):
        subprocess.run(
            [sys.executable, "-m", "stitch_dev", command],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            timeout=120,
        )


def log_in(stack: Stack) -> dict[str, str]:
    form = {**stack.user("viewer"), "scope": "offline_access"}
    answer = stack.gateway.post("/api/auth/token", data=form).raise_for_status()
    return dict(answer.json())


def status_of(stack: Stack, granted: dict[str, str]) -> int:
    headers = {"authorization": f"Bearer {granted['access_token']}"}
    return stack.gateway.get("/api/content", headers=headers).status_code


def refresh(stack: Stack, granted: dict[str, str]) -> int:
    body = {"refresh_token": granted["refresh_token"]}
    return stack.gateway.post("/api/auth/refresh", json=body).status_code


def test_an_ended_session_stays_ended_after_a_restart_of_everything(stack: Stack) -> None:
    ended, other = log_in(stack), log_in(stack)
    stack.gateway.post(
        "/api/auth/logout",
        headers={
            "authorization": f"Bearer {ended['access_token']}",
            "x-requested-with": "test",
        },
    ).raise_for_status()
    eventually(lambda: status_of(stack, ended) == 401)

    restart_everything(stack)
    eventually(lambda: status_of(stack, other) == 200, within=60)

    assert status_of(stack, ended) == 401
    assert refresh(stack, ended) == 401
    assert refresh(stack, other) == 200
