"""What the dashboard answers."""

from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict


class RecentActivity(BaseModel):
    """Something that happened; `id` is that of the thing, `type` says of what kind it is."""

    id: int
    title: str
    type: str
    action: str
    timestamp: AwareDatetime
    status: str


class DashboardStats(BaseModel):
    """Counts over all services."""

    total_content: int
    published_content: int
    draft_content: int
    total_users: int
    active_modules: int
    total_events: int
    upcoming_events: int
    total_rsvps: int
    accepted_rsvps: int
    emails_sent: int
    emails_failed: int
    recent_activity: list[RecentActivity]


class QuickActionView(BaseModel):
    """Something that people often want to do next."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    title: str
    description: str
    icon: str
    url: str


class DayCount(BaseModel):
    """How many on a day, in UTC."""

    date: date
    count: int


class TypeCount(BaseModel):
    """How many of a type."""

    type: str
    count: int


class AnalyticsSummary(BaseModel):
    """The period in a few numbers."""

    total_content_created: int
    most_popular_type: str | None
    total_rsvps: int
    total_emails_sent: int


class DashboardAnalytics(BaseModel):
    """What happened day by day; a day without anything is there with 0."""

    period_days: int
    content_timeline: list[DayCount]
    content_by_type: list[TypeCount]
    rsvp_timeline: list[DayCount]
    email_timeline: list[DayCount]
    summary: AnalyticsSummary
