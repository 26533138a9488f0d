"""The admins' texts that have a page of their own: about, privacy, contact, legal information.

The legal information is a setting of the site, which Lemmy's apps also show and edit
(`legal_information`); the others are rows that only their page reads (docs/decisions/0058).
"""

from typing import Literal, get_args

from sqlalchemy import Connection, delete, insert, select, update

from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.models.site import PageName, site, site_page
from fedcom.rules.limits import check_body
from fedcom.site.settings import MAX_LEGAL, edit_site, get_site
from fedcom.wire.body import EMPTY, Body

TextName = Literal[PageName, "legal"]

NAMES: tuple[TextName, ...] = (*get_args(PageName), "legal")
"""In the order of the links; each is also the address of its page."""

MAX_PAGE = MAX_LEGAL


def get_page(conn: Connection, name: str) -> Body:
    """The text of a page; empty if the admins wrote none. Raises NotFound for an unknown name."""
    if name not in NAMES:
        raise NotFound("page_unknown", "This page does not exist.")
    if name == "legal":
        found = get_site(conn)
        return Body(found.legal_source, found.legal_html)
    row = conn.execute(select(site_page).where(site_page.c.name == name)).first()
    return Body(row.source, row.html) if row else EMPTY


def edit_page(ctx: Context, name: str, text: Body) -> None:
    """Store the text of a page; an empty one removes the page and the links to it.

    Raises NotFound for an unknown name, and Invalid (`body_…`).
    """
    get_page(ctx.conn, name)
    check_body(text.source, MAX_PAGE)
    if name == "legal":
        edit_site(ctx, legal=text)
        return
    ctx.conn.execute(delete(site_page).where(site_page.c.name == name))
    if text.source:
        row = {"name": name, "source": text.source, "html": text.html}
        ctx.conn.execute(insert(site_page).values(row))
    written = set(ctx.conn.execute(select(site_page.c.name)).scalars())
    linked = " ".join(one for one in NAMES if one in written)
    ctx.conn.execute(update(site).values(pages=linked))


def find_written(conn: Connection) -> frozenset[str]:
    """The names of the pages that have a text."""
    found = get_site(conn)
    return frozenset(found.pages.split()) | ({"legal"} if found.legal_source else set())
