"""The small parts that posts and comments share on the wire: mentions and languages."""

import html as entities
from collections.abc import Sequence
from typing import Any

from activitypub.iri import origin_of
from activitypub.vocab.objects import Language, mention
from fedcom.models.actor import Actor, Community
from fedcom.wire.addressing import page_of


def mentions_of(place: Community, people: Sequence[Actor]) -> list[dict[str, Any]]:
    """Mention tags: the community's first, since microblogs answer only whom a Note mentions."""
    return [mention(someone.iri, f"@{someone.handle}") for someone in (place, *people)]


def with_their_links(html: str, iri: str, people: Sequence[Actor]) -> str:
    """`html` of our object `iri`, with mentions that lead to whom they name, not to our pages.

    Mastodon and others know a mention in a text by its link being the person's own.
    """
    for someone in people:
        if not someone.local:
            here = f'href="{page_of(origin_of(iri), someone)}"'
            html = html.replace(here, f'href="{entities.escape(someone.url or someone.iri)}"')
    return html


def language_of(code: str | None) -> Language | None:
    """The language of a text; Lemmy wants a name beside the code and does not read it."""
    return None if code is None else Language(code, code)
