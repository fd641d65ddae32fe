"""What all facts have in common, and the register of them."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

PRODUCERS = ("auth", "content", "events", "notifications", "ai")


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


UTCDatetime = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Fact(BaseModel):
    """Something that has happened, published by the service that owns it.

    `subject` is the NATS subject, `stitch.<service>.<entity>.<verb>.v<n>`; it holds no ids.
    `aggregate` names the field that identifies what the fact is about (`ce-subject`).
    A field `version`, where there is one, is the aggregate's version (`ce-sequence`); `at` is when
    it happened (`ce-time`).
    Readers ignore unknown fields, so that a version can grow.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: ClassVar[str]
    aggregate: ClassVar[str]

    at: UTCDatetime

    _register: ClassVar[dict[str, type["Fact"]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "subject" in cls.__dict__:
            Fact._register[cls.subject] = cls

    @classmethod
    def producer(cls) -> str:
        """The service that publishes this fact."""
        return cls.subject.split(".")[1]

    @property
    def aggregate_id(self) -> str:
        return str(getattr(self, self.aggregate))

    @property
    def sequence(self) -> int:
        """The aggregate's version, or 0 for facts about something that has none."""
        return int(getattr(self, "version", 0))


def all_facts() -> dict[str, type[Fact]]:
    """Every published fact by its subject."""
    for producer in PRODUCERS:
        import_module(f"stitch_common.contracts.{producer}")
    return dict(Fact._register)  # noqa: SLF001 - the register belongs to this module


def fact_for_subject(subject: str) -> type[Fact]:
    """The fact that travels on this subject; KeyError where there is none."""
    return all_facts()[subject]
