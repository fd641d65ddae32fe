"""Second factors over HTTP."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from stitch_common.http.bodies import RequestBody


class PasswordProof(RequestBody):
    """The current password: a stolen access token alone changes no factor."""

    model_config = ConfigDict(str_strip_whitespace=False)

    password: SecretStr


class CodeProof(RequestBody):
    """A code of the app."""

    code: Annotated[str, Field(max_length=20)]


class Enrolment(BaseModel):
    """What the app needs; it is shown once."""

    secret: str
    otpauth_url: str


class RecoveryCodes(BaseModel):
    """Each works once instead of a code of the app; they are shown once."""

    recovery_codes: list[str]
