"""Registration over HTTP."""

import unicodedata
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    SecretStr,
    StringConstraints,
)

from stitch_auth.registration.rules import why_not_a_username
from stitch_common.http.bodies import RequestBody
from stitch_common.security.principals import Role

MAX_EMAIL = 254


def _username(value: str) -> str:
    chosen = unicodedata.normalize("NFKC", value.strip())
    if reason := why_not_a_username(chosen):
        raise ValueError(reason)
    return chosen


def _not_too_long(value: str) -> str:
    if len(value) > MAX_EMAIL:
        raise ValueError(f"An address has at most {MAX_EMAIL} characters.")
    return value


Username = Annotated[str, AfterValidator(_username)]
Email = Annotated[EmailStr, AfterValidator(_not_too_long)]
FullName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class Registration(RequestBody):
    """Who wants an account; everything else in the body is ignored, a role for example."""

    # A password begins and ends with what its owner has typed.
    model_config = ConfigDict(str_strip_whitespace=False)

    email: Email
    username: Username
    password: SecretStr
    """12 to 128 characters; no rule of composition, but nothing that is easy to guess."""
    full_name: FullName = ""


class Invitation(RequestBody):
    """Whom an admin makes an account for; they set the password themselves."""

    email: Email
    username: Username
    full_name: FullName = ""
    role: Role = Role.VIEWER


class VerificationToken(RequestBody):
    """The token out of the mailed link."""

    token: Annotated[str, Field(min_length=1, max_length=200)]


class VerificationWish(RequestBody):
    """Who wants the mail again."""

    email: Email


class Acknowledgement(BaseModel):
    """What happens next, in a sentence."""

    message: str
