"""What people type into the forms of pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ValidationError

from stitch_common.errors import FieldError, InvalidFieldError
from stitch_events.rsvps.models import RSVPStatus
from stitch_events.rsvps.service import GuestRSVP, Registration, RSVPAnswer

M = TypeVar("M", bound=BaseModel)

NAMED_COMPANIONS = 9
"""More are counted; a page asks for their names only where some have been named."""
MAX_COMPANIONS = 99
MAX_DIGITS = 3
ANSWER = "answers-"
TEXTS = ("status", "email", "name", "guest_count", "dietary_restrictions", "special_requests")
GUESTS_CHOICE = {
    RSVPStatus.ACCEPTED: "accepted",
    RSVPStatus.WAITLISTED: "accepted",
    RSVPStatus.DECLINED: "declined",
    RSVPStatus.MAYBE: "maybe",
}
ADVICE = {
    "string_too_long": "Please shorten this to {max_length} characters.",
    "too_long": "That is more than we can take here.",
    "enum": "Please choose one of the answers.",
    "int_parsing": "Please enter a number.",
    "greater_than_equal": "Please enter {ge} or more.",
    "less_than_equal": "Please enter {le} or less.",
    "value_error": "Please enter an e-mail address such as ada@example.com.",
}


@dataclass(slots=True)
class Form:
    """The fields of a form as they are shown: what is stored, or what somebody has typed."""

    status: str = ""
    email: str = ""
    name: str = ""
    guest_count: str | None = "1"
    """None where the page did not ask: then the party stays as it is."""
    party: list[dict[str, str]] = field(default_factory=list)
    dietary_restrictions: str = ""
    special_requests: str = ""
    answers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, rsvp: GuestRSVP) -> Self:
        """What is known of a guest; who registered or asked to come is about to accept."""
        is_about_to_come = rsvp.needs_confirmation or rsvp.awaits_approval
        return cls(
            status=GUESTS_CHOICE.get(rsvp.status, "accepted" if is_about_to_come else ""),
            email=rsvp.email,
            name=rsvp.name,
            guest_count=str(rsvp.guest_count),
            party=[companion.model_dump() for companion in rsvp.party],
            dietary_restrictions=rsvp.dietary_restrictions,
            special_requests=rsvp.special_requests,
            answers=rsvp.answers,
        )

    @classmethod
    def typed(cls, sent: Mapping[str, Any]) -> Self:
        """What was sent from a page; uploads and fields that no page has are left aside."""
        texts = {name: value for name, value in sent.items() if isinstance(value, str)}
        fields: dict[str, Any] = {name: texts[name].strip() for name in TEXTS if name in texts}
        fields.setdefault("guest_count", None)
        return cls(
            **fields,
            party=_companions_in(texts),
            answers={
                name.removeprefix(ANSWER): value.strip()
                for name, value in texts.items()
                if name.startswith(ANSWER)
            },
        )

    def answer(self) -> RSVPAnswer:
        """The same as the API takes it; InvalidFieldError names the fields to correct."""
        if not self.status:
            raise InvalidFieldError.of("/status", "Please choose one of the answers.")
        return _checked(RSVPAnswer, {"status": self.status, **self._fields()})

    def registration(self) -> Registration:
        """The same for somebody who registers; InvalidFieldError names the fields to correct."""
        return _checked(Registration, {"email": self.email, **self._fields()})

    def companion(self, number: int) -> dict[str, str]:
        blank = {"name": "", "dietary_restrictions": ""}
        return self.party[number] if number < len(self.party) else blank

    def _fields(self) -> dict[str, Any]:
        asked = {"guest_count": self.guest_count, "party": self._companions()}
        return {
            "name": self.name,
            **(asked if self.guest_count is not None else {}),
            "dietary_restrictions": self.dietary_restrictions,
            "special_requests": self.special_requests,
            "answers": self.answers,
        }

    def _companions(self) -> Sequence[Mapping[str, str]]:
        """Those who are named; names beyond the party's size were typed before it was reduced."""
        typed = self.guest_count or ""
        size = int(typed) if typed.isdecimal() and len(typed) <= MAX_DIGITS else 1
        return [companion for companion in self.party[: size - 1] if companion["name"]]


def _companions_in(texts: Mapping[str, str]) -> list[dict[str, str]]:
    companions = [
        {
            "name": texts.get(f"party-{n}-name", "").strip(),
            "dietary_restrictions": texts.get(f"party-{n}-dietary", "").strip(),
        }
        for n in range(MAX_COMPANIONS)
    ]
    while companions and not any(companions[-1].values()):
        companions.pop()
    return companions


def _checked(model: type[M], fields: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        errors = [_field_error(dict(found)) for found in error.errors()]
        raise InvalidFieldError("Please check what you have entered.", errors=errors) from None


def _field_error(found: Mapping[str, Any]) -> FieldError:
    pointer = "".join(f"/{step}" for step in found["loc"])
    advice = ADVICE.get(found["type"], "Please check this.")
    return FieldError(pointer, advice.format(**found.get("ctx", {})))
