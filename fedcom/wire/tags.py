"""The small parts that posts and comments share on the wire: mentions and languages."""

from collections.abc import Sequence
from typing import Any

from activitypub.vocab.objects import Language, mention
from fedcom.models.actor import Actor, Community


def mentions_of(place: Community, people: Sequence[Actor]) -> list[dict[str, Any]]:
    """Mention tags: the community's first, since microblogs answer only whom a Note mentions."""
    return [mention(someone.iri, f"@{someone.handle}") for someone in (place, *people)]


def language_of(code: str | None) -> Language | None:
    """The language of a text; Lemmy wants a name beside the code and does not read it."""
    return None if code is None else Language(code, code)
