"""What posts and comments have in common, as rows and as views."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

BLANK_TEXT: Mapping[str, object] = {"body_source": "", "body_html": "", "content_warning": ""}
"""The columns of a text that was erased."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """A post or a comment."""

    id: int
    iri: str
    local: bool
    body_html: str
    content_warning: str
    language: str | None
    published_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    removed_at: datetime | None
    locked_at: datetime | None
    upvotes: int
    downvotes: int

    @property
    def score(self) -> int:
        """Upvotes minus downvotes."""
        return self.upvotes - self.downvotes

    @property
    def is_shown(self) -> bool:
        """Neither deleted by its author nor removed by a moderator."""
        return self.deleted_at is None and self.removed_at is None
