"""Bodies of previews."""

from pydantic import BaseModel, Field

from stitch_common.http.bodies import MAX_ID, RequestBody


class PreviewBody(RequestBody):
    """For whom the template is filled in; for nobody in particular without a guest."""

    rsvp_id: int | None = Field(default=None, ge=1, le=MAX_ID)


class PreviewView(BaseModel):
    """What a mail with this template would look like; its links lead nowhere."""

    subject: str
    text: str
    html: str
