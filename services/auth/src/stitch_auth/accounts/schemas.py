"""What accounts look like from outside."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from stitch_common.http.bodies import RequestBody
from stitch_common.security.principals import Role

FullName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class UserView(BaseModel):
    """An account as its owner and admins see it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    username: str
    full_name: str
    role: Role
    is_active: bool
    is_verified: bool
    preferences: dict[str, Any]
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class ProfileChange(RequestBody):
    """What people change about themselves; `preferences` merges (RFC 7396: null removes)."""

    full_name: FullName | None = None
    preferences: dict[str, Any] | None = None


class AccountChange(RequestBody):
    """What admins change about others."""

    full_name: FullName | None = None
    role: Role | None = None
    is_active: bool | None = None


class UserFilter(BaseModel):
    """Which users are wanted."""

    search: str | None = None
    role: Role | None = None
    is_active: bool | None = None
