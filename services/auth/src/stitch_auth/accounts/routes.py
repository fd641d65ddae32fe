"""Accounts over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from stitch_auth.accounts.errors import (
    AccountUnusableError,
    LastAdminError,
    PreferencesTooLargeError,
    UserNotFoundError,
)
from stitch_auth.accounts.models import User
from stitch_auth.accounts.schemas import AccountChange, ProfileChange, UserFilter, UserView
from stitch_auth.accounts.service import AccountService
from stitch_auth.callers.service import CurrentCaller
from stitch_common.http.bodies import ResourceId
from stitch_common.http.etags import IfMatch, set_etag
from stitch_common.http.lists import RequestedPage, link_next, set_total
from stitch_common.http.principals import Admin, CurrentUser
from stitch_common.http.problems import declares
from stitch_common.security.principals import Role
from stitch_common.versioning import StaleVersionError

router = APIRouter(prefix="/api/auth", tags=["Accounts"])


async def account_service(request: Request) -> AccountService:
    service: AccountService = request.app.state.accounts
    return service


async def user_filter(
    search: Annotated[str | None, Query(max_length=200)] = None,
    role: Role | None = None,
    *,
    is_active: bool | None = None,
) -> UserFilter:
    return UserFilter(search=search, role=role, is_active=is_active)


Accounts = Annotated[AccountService, Depends(account_service)]
WantedUsers = Annotated[UserFilter, Depends(user_filter)]


@router.get("/me", response_model=UserView, responses=declares(AccountUnusableError))
async def get_me(response: Response, accounts: Accounts, user: CurrentUser) -> User:
    """Your own account."""
    own = await accounts.get_own(user)
    set_etag(response, own.version)
    return own


@router.patch(
    "/me",
    response_model=UserView,
    responses=declares(AccountUnusableError, StaleVersionError, PreferencesTooLargeError),
)
async def change_me(
    change: ProfileChange,
    if_match: IfMatch,
    response: Response,
    accounts: Accounts,
    user: CurrentUser,
    caller: CurrentCaller,
) -> User:
    """Change your name or your preferences."""
    own = await accounts.change_own(user, change, expected=if_match, caller=caller)
    set_etag(response, own.version)
    return own


@router.get("/users", response_model=list[UserView])
async def list_users(
    request: Request,
    response: Response,
    accounts: Accounts,
    wanted: WantedUsers,
    page: RequestedPage,
    _admin: Admin,
) -> Sequence[User]:
    """All users, newest first; `search` finds words of names and addresses by their beginning."""
    users, following, total = await accounts.list_page(wanted, page)
    link_next(request, response, following)
    set_total(response, total)
    return users


@router.get("/users/{user_id}", response_model=UserView, responses=declares(UserNotFoundError))
async def get_user(
    user_id: ResourceId, response: Response, accounts: Accounts, _admin: Admin
) -> User:
    user = await accounts.get(user_id)
    set_etag(response, user.version)
    return user


@router.patch(
    "/users/{user_id}",
    response_model=UserView,
    responses=declares(UserNotFoundError, LastAdminError, StaleVersionError),
)
async def change_user(
    user_id: ResourceId,
    change: AccountChange,
    if_match: IfMatch,
    response: Response,
    accounts: Accounts,
    admin: Admin,
    caller: CurrentCaller,
) -> User:
    """Change a user's role or name, deactivate or activate them."""
    user = await accounts.administer(user_id, change, expected=if_match, admin=admin, caller=caller)
    set_etag(response, user.version)
    return user


@router.delete(
    "/users/{user_id}",
    status_code=204,
    responses=declares(UserNotFoundError, LastAdminError, StaleVersionError),
)
async def remove_user(
    user_id: ResourceId,
    if_match: IfMatch,
    accounts: Accounts,
    admin: Admin,
    caller: CurrentCaller,
) -> None:
    """Close an account for good; never that of the last active admin."""
    await accounts.remove(user_id, expected=if_match, admin=admin, caller=caller)


@router.delete("/users/{user_id}/sessions", status_code=204, responses=declares(UserNotFoundError))
async def end_sessions(
    user_id: ResourceId, accounts: Accounts, admin: Admin, caller: CurrentCaller
) -> None:
    """Log somebody out everywhere."""
    await accounts.end_sessions(user_id, admin=admin, caller=caller)
