"""Prompts in, answers out."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from stitch_common.http.bodies import RequestBody

MAX_COMPLETION = 32_000


def _text_or_object(context: Any) -> Any:
    if context is None or isinstance(context, str | dict):
        return context
    raise ValueError("Must be a text or an object.")


class GenerationRequest(RequestBody):
    """What somebody wants to have written."""

    prompt: Annotated[str, Field(min_length=1)]
    model: str | None = None
    """One of `GET /api/ai/models`; none: the default."""
    max_tokens: Annotated[int, Field(ge=1, le=MAX_COMPLETION)] = 1000
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.7
    """Chance in the answer; the local provider knows none."""
    context: Annotated[str | dict[str, Any] | None, BeforeValidator(_text_or_object)] = None
    """The text it is about: plain, Markdown or HTML, or an object whose texts are used."""
    response_format: Literal["text", "json"] = "text"
    stream: Literal[False] = False

    @property
    def material(self) -> str:
        """The context as one text."""
        if isinstance(self.context, dict):
            return "\n\n".join(_texts(self.context))
        return self.context or ""


class Usage(BaseModel):
    """What it took."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Attempt(BaseModel):
    """A provider that was asked."""

    provider: str
    model: str
    outcome: Literal["completed", "failed"]
    reason: str | None = None
    duration_ms: int


class GenerationView(BaseModel):
    """An answer."""

    id: UUID
    content: str
    provider: str
    model: str
    usage: Usage
    attempts: list[Attempt]
    notice: str | None
    """What the reader should know about how this came to be."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked."""

    text: str
    material: str
    max_tokens: int
    temperature: float
    as_json: bool

    @classmethod
    def of(cls, request: GenerationRequest) -> "Prompt":
        return cls(
            text=request.prompt,
            material=request.material,
            max_tokens=request.max_tokens,
            temperature=request.temperature,
            as_json=request.response_format == "json",
        )


@dataclass(frozen=True, slots=True)
class Generated:
    """What a model answers."""

    content: str
    prompt_tokens: int
    completion_tokens: int
    notice: str | None = None


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return []
