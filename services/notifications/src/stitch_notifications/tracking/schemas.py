"""What the unsubscribe page, or a mail program on its own, sends."""

from pydantic import ConfigDict

from stitch_common.http.bodies import RequestBody
from stitch_notifications.tracking.rules import Scope


class UnsubscribeForm(RequestBody):
    """A mail program sends only `List-Unsubscribe=One-Click`: then it is about this event."""

    model_config = ConfigDict(extra="ignore")

    scope: Scope = Scope.EVENT
    undo: bool = False
