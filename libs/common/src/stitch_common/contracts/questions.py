"""What one service asks another at once, by request and reply; nothing of it is stored."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from stitch_common.contracts.events import EventState

A = TypeVar("A", bound=BaseModel)


class Question(BaseModel, Generic[A]):
    """What one service asks another; `subject` is `stitch._ask.<service>.<name>.v1`.

    Asking again is right only because answering changes nothing that counts. Both sides ignore
    fields that they don't know, so that a version can grow.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: ClassVar[str]
    answer: ClassVar[type[BaseModel]]
    deadline: ClassVar[timedelta]
    asked_by: ClassVar[str] = "nobody yet"


class Suggestions(BaseModel):
    """What an AI provider makes of a text; a part that it has nothing for is empty."""

    titles: list[str] = []
    meta_description: str = ""
    keywords: list[str] = []
    improvements: list[str] = []
    summary: str = ""
    provider: str
    model: str
    notice: str | None = None
    """What the reader should know about how this came to be."""
    generation_id: str


class SuggestForContent(Question[Suggestions]):
    """Suggest how an item of content could be called, found and improved."""

    subject = "stitch._ask.ai.suggest_for_content.v1"
    asked_by = "content"
    answer = Suggestions
    deadline = timedelta(seconds=60)
    longest_text: ClassVar[int] = 120_000
    """Characters that every provider reads; of a longer text the beginning is sent."""

    user_id: int
    """Who asks: what it uses is theirs."""
    title: str
    text: str
    """HTML."""


class EventNow(BaseModel):
    """An event as its owner has it."""

    version: int
    event: EventState


class DescribeEvent(Question[EventNow]):
    """Describe one event of which no fact has come yet; an unknown one is refused."""

    subject = "stitch._ask.events.describe_event.v1"
    asked_by = "notifications"
    answer = EventNow
    deadline = timedelta(seconds=2)

    event_id: int


class Forgotten(BaseModel):
    """How much a projection has forgotten; a replay tells it anew."""

    facts: int


class ForgetDashboard(Question[Forgotten]):
    """Let the dashboard forget what all facts since a moment have told it."""

    subject = "stitch._ask.content.forget_dashboard.v1"
    asked_by = "the command `stitch`"
    answer = Forgotten
    deadline = timedelta(minutes=5)

    since: datetime


PROJECTIONS: dict[str, type[ForgetDashboard]] = {"content-dashboard": ForgetDashboard}
"""The consumers whose effects a replay can rebuild, with the question that makes room for it."""

QUESTIONS: tuple[type[Question[Any]], ...] = (SuggestForContent, DescribeEvent, ForgetDashboard)
