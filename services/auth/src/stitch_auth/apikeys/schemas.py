"""API keys over HTTP."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from stitch_common.http.bodies import RequestBody
from stitch_common.security.principals import Role

DEFAULT_DAYS = 90
MAX_DAYS = 366


class WantedKey(RequestBody):
    """What the key is for, what it may do, and for how long."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    role: Role = Role.VIEWER
    expires_in_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = DEFAULT_DAYS

    @property
    def lasts(self) -> timedelta:
        return timedelta(days=self.expires_in_days)


class APIKeyView(BaseModel):
    """An API key; its secret was shown once."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    client_id: str
    owner_id: int
    role: Role
    created_at: datetime
    expires_at: AwareDatetime
    last_used_at: datetime | None


class NewAPIKeyView(APIKeyView):
    """The only answer that holds the secret."""

    client_secret: str
