"""HTTP of settings."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from stitch_common.http.etags import IfMatch, set_etag
from stitch_common.http.lists import Cursors, RequestedPage, link_next, set_total
from stitch_common.http.principals import Admin, Viewer
from stitch_common.http.problems import declares
from stitch_common.security.sealing import SealedBox
from stitch_common.versioning import StaleVersionError
from stitch_content.site_settings.errors import (
    NothingToRevertToError,
    SettingExistsError,
    SettingNotFoundError,
)
from stitch_content.site_settings.schemas import (
    KEY_PATTERN,
    DefaultsInitialized,
    Revert,
    SettingChangeView,
    SettingCreate,
    SettingUpdate,
    SettingView,
    SiteConfig,
    SiteConfigView,
)
from stitch_content.site_settings.service import SettingService, SiteService

router = APIRouter(prefix="/api/settings", tags=["Settings"])


async def setting_service(request: Request) -> SettingService:
    runtime = request.app.state.runtime
    box = SealedBox(runtime.settings.secret_keys)
    cursors = Cursors(runtime.settings.cursor_key)
    return SettingService(runtime.database, runtime.clock, box, cursors)


async def site_service(request: Request) -> SiteService:
    runtime = request.app.state.runtime
    return SiteService(runtime.database, runtime.clock, SealedBox(runtime.settings.secret_keys))


Settings = Annotated[SettingService, Depends(setting_service)]
Site = Annotated[SiteService, Depends(site_service)]
Key = Annotated[str, Path(pattern=KEY_PATTERN)]

CHANGE_PROBLEMS = declares(SettingNotFoundError, StaleVersionError)


def with_etag(response: Response, setting: SettingView) -> SettingView:
    set_etag(response, setting.version)
    return setting


@router.get("")
async def list_settings(
    request: Request, response: Response, settings: Settings, page: RequestedPage, _user: Viewer
) -> list[SettingView]:
    """All settings by key, secrets masked."""
    found = await settings.find(page)
    link_next(request, response, found.next_cursor)
    set_total(response, found.total)
    return found.items


@router.post("", status_code=201, responses=declares(SettingExistsError))
async def create_setting(
    new: SettingCreate, settings: Settings, response: Response, user: Admin
) -> SettingView:
    setting = await settings.create(new.key, new.value, user_id=user.user_id)
    response.headers["location"] = f"/api/settings/{setting.key}"
    return with_etag(response, setting)


@router.post("/initialize-defaults")
async def initialize_defaults(site: Site, user: Admin) -> DefaultsInitialized:
    """Store the defaults of what is missing; running it again changes nothing."""
    created = await site.initialize(user.user_id)
    message = f"{len(created)} settings have their default now." if created else "All were there."
    return DefaultsInitialized(message=message, created=created)


@router.post("/config/site", responses=declares(StaleVersionError))
@router.patch("/config/site", responses=declares(StaleVersionError))
async def change_site_config(
    config: SiteConfig, site: Site, expected: IfMatch, response: Response, user: Admin
) -> SiteConfigView:
    """Store what is given, all or nothing; what is left out stays."""
    view = await site.change(config.given(), expected=expected, user_id=user.user_id)
    set_etag(response, view.version)
    return view


@router.get("/{key}", responses=declares(SettingNotFoundError))
async def get_setting(
    key: Key, settings: Settings, response: Response, _user: Viewer
) -> SettingView:
    return with_etag(response, await settings.get(key))


@router.put("/{key}", responses=CHANGE_PROBLEMS)
async def update_setting(
    key: Key,
    change: SettingUpdate,
    settings: Settings,
    expected: IfMatch,
    response: Response,
    user: Admin,
) -> SettingView:
    setting = await settings.put(key, change.value, expected=expected, user_id=user.user_id)
    return with_etag(response, setting)


@router.delete("/{key}", status_code=204, responses=CHANGE_PROBLEMS)
async def remove_setting(key: Key, settings: Settings, expected: IfMatch, user: Admin) -> None:
    await settings.remove(key, expected=expected, user_id=user.user_id)


@router.get("/{key}/history", responses=declares(SettingNotFoundError))
async def list_changes(
    key: Key,
    request: Request,
    response: Response,
    settings: Settings,
    page: RequestedPage,
    _user: Admin,
) -> list[SettingChangeView]:
    """Who changed what, the latest first, secrets masked."""
    found = await settings.history(key, page)
    link_next(request, response, found.next_cursor)
    set_total(response, found.total)
    return found.items


@router.post("/{key}/revert", responses=CHANGE_PROBLEMS | declares(NothingToRevertToError))
async def revert_setting(
    key: Key,
    to: Revert,
    settings: Settings,
    expected: IfMatch,
    response: Response,
    user: Admin,
) -> SettingView:
    """Bring back the value of an older version, as a new version."""
    setting = await settings.revert(key, to.version, expected=expected, user_id=user.user_id)
    return with_etag(response, setting)
