"""What the pages' forms send."""

from pydantic import ConfigDict, SecretStr

from stitch_common.http.bodies import RequestBody


class PasswordForm(RequestBody):
    """A new password, as it was typed."""

    model_config = ConfigDict(str_strip_whitespace=False)

    password: SecretStr
