"""Objections over HTTP."""

from typing import Annotated

from pydantic import BaseModel, Field

from stitch_common.http.bodies import RequestBody


class Objection(RequestBody):
    """The token out of the mailed link."""

    token: Annotated[str, Field(min_length=1, max_length=200)]


class Acknowledgement(BaseModel):
    """What happens next, in a sentence."""

    message: str
