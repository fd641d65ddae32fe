"""Recovery over HTTP."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from stitch_common.http.bodies import RequestBody

MAX_EMAIL = 254


class ResetWish(RequestBody):
    """Who wants the mail; anything that is no address is as unknown as any other."""

    email: Annotated[str, StringConstraints(min_length=1, max_length=MAX_EMAIL)]


class NewPassword(RequestBody):
    """The token out of the mailed link, and the password that counts from now on."""

    # A password begins and ends with what its owner has typed.
    model_config = ConfigDict(str_strip_whitespace=False)

    token: Annotated[str, Field(min_length=1, max_length=200)]
    password: SecretStr
    """12 to 128 characters; no rule of composition, but nothing that is easy to guess."""


class Acknowledgement(BaseModel):
    """What happens next, in a sentence."""

    message: str
