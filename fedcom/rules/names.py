"""Names of local people and communities: one name space, lower case, ASCII.

Mastodon keys accounts by name and domain, so a person and a community with the same name would be
one account there; letters beyond ASCII would let one name look like another.
"""

import re

from fedcom.errors import Invalid

MIN_NAME = 3
MAX_NAME = 20
"""Lemmy 0.19's limits, in characters; its clients rely on them. Admins may choose another maximum
(`site.name_limit`).
"""

LONGEST_NAME = 100
"""The highest maximum that they may choose."""

RESERVED = frozenset(
    "abuse actor admin administrator all anonymous api app assets community everyone federation "  # noqa: SIM905 - a line for each would fill a page
    "fedcom feed help host hostmaster inbox info instance local login logout mail me media "
    "mod moderator moderators modlog nobody nodeinfo noreply null outbox page people post "
    "postmaster register root search security settings setup shared_inbox signup site staff "
    "static support system undefined user users web webfinger webmaster well_known www".split()
)
"""Names that look like the instance's own accounts, or that software could take for one of its
paths.
"""

_NAME = re.compile(r"[a-z0-9_]+")


def check_name(name: str, limit: int = MAX_NAME) -> str:
    """The name as it is stored: without surrounding spaces, in lower case; at most `limit`
    characters.

    Raises Invalid: `name_too_short`, `name_too_long`, `name_characters` or `name_reserved`.
    """
    name = name.strip()
    # Before lower(): the Kelvin sign would become a plain k.
    lowered = name.lower() if name.isascii() else ""
    if name and not _NAME.fullmatch(lowered):
        raise Invalid(
            "name_characters", "Names may contain only the letters a to z, digits and underscores."
        )
    if len(lowered) < MIN_NAME:
        raise Invalid(
            "name_too_short",
            "The name must have at least %(minimum)s characters.",
            minimum=MIN_NAME,
        )
    if len(lowered) > limit:
        raise Invalid(
            "name_too_long", "The name may have at most %(maximum)s characters.", maximum=limit
        )
    if lowered in RESERVED:
        raise Invalid("name_reserved", "The name %(name)s is reserved.", name=lowered)
    return lowered
