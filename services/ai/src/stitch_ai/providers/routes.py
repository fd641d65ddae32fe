"""Providers over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stitch_ai.providers.schemas import ModelView, ProviderView
from stitch_ai.providers.service import ProviderService
from stitch_common.http.lists import RequestedPage, link_next, set_total
from stitch_common.http.principals import Editor

router = APIRouter(prefix="/api/ai", tags=["AI Assistant"])


async def provider_service(request: Request) -> ProviderService:
    built: ProviderService = request.app.state.providers
    return built


Providers = Annotated[ProviderService, Depends(provider_service)]


@router.get("/providers")
async def list_providers(
    page: RequestedPage,
    providers: Providers,
    _user: Editor,
    request: Request,
    response: Response,
) -> list[ProviderView]:
    """Who can be asked; of a key only whether there is one."""
    listed = await providers.listed(page)
    link_next(request, response, listed.next_cursor)
    set_total(response, listed.total)
    return listed.items


@router.get("/models")
async def list_models(providers: Providers, _user: Editor) -> list[ModelView]:
    """What may be asked for as `model`."""
    return await providers.models()
