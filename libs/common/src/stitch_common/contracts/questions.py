"""What one service asks another at once, by request and reply; nothing of it is stored."""

from datetime import datetime, timedelta
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

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


class Forgotten(BaseModel):
    """How much a projection has forgotten; a replay tells it anew."""

    facts: int


class ForgetDashboard(Question[Forgotten]):
    """Let the dashboard forget what all facts since a moment have told it."""

    subject = "stitch._ask.content.forget_dashboard.v1"
    answer = Forgotten
    deadline = timedelta(minutes=5)

    since: datetime


PROJECTIONS: dict[str, type[ForgetDashboard]] = {"content-dashboard": ForgetDashboard}
"""The consumers whose effects a replay can rebuild, with the question that makes room for it."""
