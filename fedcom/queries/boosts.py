"""How often a post or comment was boosted."""

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from fedcom.models.boost import boost


def count_boosts(conn: Connection, iris: Collection[str]) -> dict[str, int]:
    """The number of people who boosted each of these posts and comments; those without a boost are
    left out.
    """
    if not iris:
        return {}
    rows = conn.execute(
        select(boost.c.subject_iri, func.count().label("number"))
        .where(boost.c.subject_iri.in_(iris))
        .group_by(boost.c.subject_iri)
    )
    return {row.subject_iri: row.number for row in rows}
