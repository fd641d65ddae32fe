"""Sessions over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from stitch_common.http.bodies import RequestBody

MAX_LOGIN = 254


class TokenRequest(RequestBody):
    """The form of OAuth2's password grant; `username` may be the e-mail address.

    With `grant_type=client_credentials` an API key is sent as `client_id` and `client_secret`, or
    as a Basic credential (RFC 6749 §2.3.1).
    """

    # A password begins and ends with what its owner has typed.
    model_config = ConfigDict(str_strip_whitespace=False)

    username: (
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_LOGIN)] | None
    ) = None
    password: SecretStr | None = None
    client_id: Annotated[str, Field(max_length=100)] | None = None
    client_secret: SecretStr | None = None
    otp: Annotated[str, Field(max_length=50)] | None = None
    """Of an authenticator app, or a recovery code; for who has a second factor."""
    grant_type: Annotated[str, Field(max_length=100)] = "password"
    scope: Annotated[str, Field(max_length=1000)] = ""


class TokenAnswer(BaseModel):
    """RFC 6749 §5.1; `refresh_token` only for `scope=offline_access`, else it is a cookie."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int
    scope: str
    refresh_token: str | None = None


class RefreshRequest(RequestBody):
    """For programs; browsers send the cookie."""

    refresh_token: Annotated[str, Field(max_length=500)] | None = None


class SessionView(BaseModel):
    """Where somebody is logged in."""

    sid: str
    user_agent: str
    ip: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_current: bool
