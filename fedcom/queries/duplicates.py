"""Posts that lead to the same page as a link somebody is about to post."""

from sqlalchemy import Connection, or_, select

from fedcom.models.actor import community as community_table
from fedcom.models.post import post
from fedcom.queries.people import name_columns, to_name
from fedcom.queries.post_lines import SHOWN, place
from fedcom.queries.post_view import CrossPost
from fedcom.rules.links import normal_link, possible_beginnings

CANDIDATES = 500
"""Posts that begin alike and are compared, the newest first: a page has few, a front page many."""


def list_duplicates(conn: Connection, url: str, *, limit: int = 5) -> tuple[CrossPost, ...]:
    """Posts that are shown and whose links lead where `url` leads, the newest first.

    Looks at all posts that have links, so it is for the moment of posting and for no list.
    """
    begins = or_(
        *(post.c.url.startswith(text, autoescape=True) for text in possible_beginnings(url))
    )
    rows = conn.execute(
        select(post.c.url, post.c.id, post.c.title, post.c.comments, *name_columns(place))
        .join(place, place.c.id == post.c.community_id)
        .join(community_table, community_table.c.actor_id == post.c.community_id)
        .where(begins, SHOWN)
        .order_by(post.c.id.desc())
        .limit(CANDIDATES)
    )
    wanted = normal_link(url)
    same = [row for row in rows if normal_link(row[0]) == wanted]
    return tuple(CrossPost(row[1], row[2], row[3], to_name(row[4:])) for row in same[:limit])
