"""The site's settings that actions have to respect, and what its admins have blocked."""

from urllib.parse import urlsplit

from sqlalchemy import Connection, bindparam, select

from fedcom.context import Context
from fedcom.models.base import columns_of, to_row
from fedcom.models.site import SitePolicy, blocked_url, site

POLICY = columns_of(SitePolicy, site, prefix="site_")
"""The columns of the policy, for statements that read it besides other rows."""


def policy_of(ctx: Context) -> SitePolicy:
    """The settings that actions have to respect, read once per action."""
    if ctx.cache.policy is None:
        row = ctx.conn.execute(_POLICY).mappings().first()
        ctx.cache.policy = SitePolicy() if row is None else to_row(SitePolicy, row, "site_")
    return ctx.cache.policy


def is_blocked_url(conn: Connection, url: str) -> bool:
    """Whether the admins have blocked links to this address: its host or a parent domain, with a
    path that it begins with.
    """
    try:
        parts = urlsplit(url.lower())
        host = parts.hostname or ""
    except ValueError:
        return False
    labels = host.split(".")
    covering = [".".join(labels[start:]) for start in range(len(labels))]
    path = f"{parts.path.strip('/')}/"
    found = conn.execute(_BLOCKED, {"covering": covering}).scalars()
    return any(not blocked or path.startswith(f"{blocked}/") for blocked in found)


# Built in advance, because building a statement costs more than running it.
_POLICY = select(*POLICY)
_BLOCKED = select(blocked_url.c.path).where(
    blocked_url.c.host.in_(bindparam("covering", expanding=True))
)
