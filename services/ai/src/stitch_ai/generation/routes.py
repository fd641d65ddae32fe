"""Generation over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from stitch_ai.generation.errors import PromptTooLargeError
from stitch_ai.generation.schemas import GenerationRequest, GenerationView
from stitch_ai.generation.service import GenerationService
from stitch_ai.providers.service import AIUnavailableError, ModelNotAllowedError
from stitch_common.http.principals import Editor
from stitch_common.http.problems import declares

router = APIRouter(prefix="/api/ai", tags=["AI Assistant"])


async def generation_service(request: Request) -> GenerationService:
    built: GenerationService = request.app.state.generations
    return built


Generations = Annotated[GenerationService, Depends(generation_service)]


@router.post(
    "/generate-content",
    responses=declares(ModelNotAllowedError, PromptTooLargeError, AIUnavailableError),
)
async def generate_content(
    body: GenerationRequest, generations: Generations, user: Editor
) -> GenerationView:
    """Answer a prompt, about the context if there is one.

    The built-in provider `local` takes texts apart: ask it for a summary, titles, keywords, a
    meta description, an outline, improvements or readability.
    """
    return await generations.generate(body, by=user.user_id)
