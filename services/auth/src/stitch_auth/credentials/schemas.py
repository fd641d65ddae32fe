"""Credentials over HTTP."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, SecretStr

from stitch_common.http.bodies import RequestBody

MAX_EMAIL = 254


def _not_too_long(value: str) -> str:
    if len(value) > MAX_EMAIL:
        raise ValueError(f"An address has at most {MAX_EMAIL} characters.")
    return value


class PasswordChange(RequestBody):
    """The password that counts now, and the one that shall."""

    # A password begins and ends with what its owner has typed.
    model_config = ConfigDict(str_strip_whitespace=False)

    current_password: SecretStr
    password: SecretStr
    """12 to 128 characters; no rule of composition, but nothing that is easy to guess."""


class EmailChange(RequestBody):
    """Another address; it counts once its owner has confirmed it."""

    model_config = ConfigDict(str_strip_whitespace=False)

    email: Annotated[EmailStr, AfterValidator(_not_too_long)]
    password: SecretStr


class Acknowledgement(BaseModel):
    """What happens next, in a sentence."""

    message: str
