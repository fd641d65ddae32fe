"""Every table of the service in one metadata, for migrations and drift checks."""

from stitch_content.content import models as content
from stitch_content.db import Base

__all__ = ["Base", "content"]
