"""The steps that people take, as they would with a browser and a mailbox."""

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

import httpx

T = TypeVar("T")


def eventually(look: Callable[[], T | None], *, within: float = 60.0) -> T:
    """What `look` finds, once it finds something; AssertionError when that takes too long."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    message = f"nothing after {within} s"
    raise AssertionError(message)


def unique(name: str) -> str:
    return f"{name}-{uuid4().hex[:8]}"


class Mailbox:
    """The mail catcher, by the part of Mailpit's API that both speak."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def to(self, address: str, *, limit: int = 50) -> list[dict[str, Any]]:
        """The mails to this address or domain, newest first."""
        found = self._http.get(
            "/api/v1/search", params={"query": f'to:"{address}"', "limit": limit}
        ).raise_for_status()
        return list(found.json()["messages"])

    def wait_for(self, address: str, subject: str) -> dict[str, Any]:
        """The whole mail to this address whose subject holds this text."""

        def look() -> dict[str, Any] | None:
            return next((m for m in self.to(address) if subject in m["Subject"]), None)

        summary = eventually(look)
        return self.open(summary["ID"])

    def open(self, mail_id: str) -> dict[str, Any]:
        return dict(self._http.get(f"/api/v1/message/{mail_id}").raise_for_status().json())


def link_in(mail: dict[str, Any], path: str) -> str:
    """The first link in the text part whose path starts like this."""
    found = re.search(rf"https?://[^\s]+?{re.escape(path)}[^\s>)\"']+", mail["Text"])
    assert found, f"no link {path} in: {mail['Text']}"
    return found[0]


class Person:
    """Somebody who has logged in."""

    def __init__(self, gateway: httpx.Client, username: str, password: str) -> None:
        self._gateway = gateway
        answer = gateway.post(
            "/api/auth/token", data={"username": username, "password": password}
        ).raise_for_status()
        self.token = answer.json()
        self._headers = {"authorization": f"Bearer {self.token['access_token']}"}

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self._gateway.get(path, params=params, headers=self._headers)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self._gateway.post(path, json=body, headers={**self._headers, **headers})


def open_event(editor: Person, guests: int = 100) -> dict[str, Any]:
    """A published event."""
    created = editor.post(
        "/api/events",
        {
            "title": unique("Summer party"),
            "description": "Food, music and old friends.",
            "event_type": "party",
            "start_date": "2027-06-19T18:00:00+02:00",
            "end_date": "2027-06-19T23:00:00+02:00",
            "timezone": "Europe/Berlin",
            "location": "Old Mill, Potsdam",
            "max_attendees": guests,
            "allow_guests": True,
            "max_party_size": 4,
        },
    )
    assert created.status_code == 201, created.text
    event = created.json()
    published = editor.post(f"/api/events/{event['id']}/publish")
    assert published.status_code == 200, published.text
    return dict(published.json())


def invite(editor: Person, event_id: int, addresses: list[str]) -> dict[str, Any]:
    """At once: notifications asks events about an event whose facts have not come yet."""
    answer = editor.post(
        f"/api/notifications/{event_id}/send-invitations", {"recipient_emails": addresses}
    )
    assert answer.status_code == 202, answer.text
    return dict(answer.json())
