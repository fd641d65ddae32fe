"""Bodies of settings requests and answers, and the types of the known keys."""

from functools import cache
from typing import Annotated, Any, cast
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    JsonValue,
    ValidationError,
)

from stitch_common.errors import FieldError, InvalidFieldError
from stitch_common.http.bodies import RequestBody
from stitch_content.site_settings.rules import SITE_KEYS, escaped, unstorable_numbers

KEY_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"


def _none_if_blank(value: Any) -> Any:
    return value if not isinstance(value, str) or value.strip() else None


def _link(value: str) -> str:
    is_path = value.startswith("/") and not value.startswith("//")
    if not is_path and not value.startswith(("https://", "http://")):
        raise ValueError("Must begin with https://, http:// or a single /.")
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("Must be an IANA time zone such as Europe/Berlin.")
    return value


def _storable(value: Any) -> Any:
    if list(unstorable_numbers(value)):
        raise ValueError("Numbers must be finite.")
    return value


Value = Annotated[JsonValue, AfterValidator(_storable)]
Text = Annotated[str, Field(max_length=1000)]
Link = Annotated[str, Field(max_length=2000), AfterValidator(_link)]
OptionalText = Annotated[Text | None, BeforeValidator(_none_if_blank)]
OptionalLink = Annotated[Link | None, BeforeValidator(_none_if_blank)]
OptionalEmail = Annotated[EmailStr | None, BeforeValidator(_none_if_blank)]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Color = Annotated[str, Field(pattern=r"^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$")]
Zone = Annotated[str, AfterValidator(_known_zone)]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
SocialLinks = Annotated[dict[Annotated[str, Field(max_length=50)], Link], Field(max_length=30)]


class ThemeSettings(RequestBody):
    """How the site looks."""

    primary_color: Color = "#2563eb"
    secondary_color: Color = "#64748b"
    font_family: Annotated[str, Field(min_length=1, max_length=100)] = "Inter"
    dark_mode_enabled: bool = False


class SiteConfig(RequestBody):
    """What everybody may know about the site; the defaults hold where nothing is stored."""

    site_title: Title = "Stitch"
    site_description: Text = ""
    site_logo: OptionalLink = None
    site_favicon: OptionalLink = None
    footer_text: OptionalText = None
    contact_email: OptionalEmail = None
    social_links: SocialLinks = Field(default_factory=dict)
    theme_settings: ThemeSettings = Field(default_factory=ThemeSettings)
    timezone: Zone = "UTC"
    default_locale: Locale = "en"

    def given(self) -> dict[str, Any]:
        """What a request has named; what it left out is not to change."""
        return self.model_dump(mode="json", exclude_unset=True)


class SiteConfigView(SiteConfig):
    """The site's configuration; `version` counts the changes of all its settings."""

    version: int


class SettingUpdate(RequestBody):
    """A new value; a mask in the place of a secret keeps the secret."""

    # A value is stored as it is: blanks may belong to a secret.
    model_config = ConfigDict(str_strip_whitespace=False)

    value: Value


class SettingCreate(SettingUpdate):
    """A new setting."""

    key: Annotated[str, Field(pattern=KEY_PATTERN)]


class Revert(RequestBody):
    """Which version of a setting is to come back."""

    version: int = Field(ge=1, le=2**31 - 1)


class SettingView(BaseModel):
    """A setting, its secrets masked."""

    key: str
    value: JsonValue
    is_secret: bool
    """The value is sealed at rest, and masked here where it is secret."""
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime
    updated_by: int


class SettingChangeView(BaseModel):
    """One change of a setting, its secrets masked."""

    key: str
    version: int
    is_removed: bool
    value: JsonValue
    changed_by: int
    changed_at: AwareDatetime


class DefaultsInitialized(BaseModel):
    """Which settings were missing and have their default now."""

    message: str
    created: list[str]


def typed(key: str, value: Any) -> Any:
    """The value of a known key as it is stored; InvalidFieldError if it has not the key's type."""
    if key not in SITE_KEYS:
        return value
    try:
        return SiteConfig.model_validate({key: value}).model_dump(mode="json")[key]
    except ValidationError as error:
        raise InvalidFieldError(
            f"{key}: {error.errors()[0]['msg'].removeprefix('Value error, ')}",
            errors=[_field_error(cast("dict[str, Any]", failure)) for failure in error.errors()],
        ) from error


def _field_error(failure: dict[str, Any]) -> FieldError:
    steps = "".join(f"/{escaped(str(step))}" for step in failure["loc"][1:])
    return FieldError(f"/value{steps}", failure["msg"].removeprefix("Value error, "))
