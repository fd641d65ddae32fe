"""API keys over HTTP; they are exchanged at `/token`."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stitch_auth.apikeys.errors import APIKeyNotFoundError, PersonRequiredError
from stitch_auth.apikeys.models import APIKey
from stitch_auth.apikeys.schemas import APIKeyView, NewAPIKeyView, WantedKey
from stitch_auth.apikeys.service import APIKeyService
from stitch_auth.callers.service import CurrentCaller
from stitch_common.http.bodies import ResourceId
from stitch_common.http.principals import Admin
from stitch_common.http.problems import declares
from stitch_common.security.principals import RoleRequiredError

router = APIRouter(prefix="/api/auth/api-keys", tags=["API keys"])


async def api_key_service(request: Request) -> APIKeyService:
    service: APIKeyService = request.app.state.api_keys
    return service


APIKeys = Annotated[APIKeyService, Depends(api_key_service)]


@router.get("", response_model=list[APIKeyView])
async def list_api_keys(api_keys: APIKeys, _admin: Admin) -> Sequence[APIKey]:
    """All keys that were not revoked, the newest first; never their secrets."""
    return await api_keys.list_live()


@router.post("", status_code=201, responses=declares(RoleRequiredError, PersonRequiredError))
async def make_api_key(
    wanted: WantedKey, response: Response, api_keys: APIKeys, admin: Admin, caller: CurrentCaller
) -> NewAPIKeyView:
    """Make a key that acts for you; its secret is in this answer only."""
    key, secret = await api_keys.make(wanted, admin, caller)
    response.headers["location"] = f"/api/auth/api-keys/{key.id}"
    response.headers["cache-control"] = "no-store"
    shown = APIKeyView.model_validate(key).model_dump()
    return NewAPIKeyView(**shown, client_secret=secret)


@router.delete("/{key_id}", status_code=204, responses=declares(APIKeyNotFoundError))
async def revoke_api_key(
    key_id: ResourceId, api_keys: APIKeys, admin: Admin, caller: CurrentCaller
) -> None:
    """End a key and all tokens that were given for it."""
    await api_keys.revoke(key_id, admin, caller)
