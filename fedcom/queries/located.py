"""The rows that an action works on, read once: content, its post, its community, its author, and
the acting person's standing there.

One statement reads all of it. The context keeps the result until the action is over (`perform`
discards it), so that `check`, `apply`, `to_activity` and `audience` ask for it by name at no cost.
The surrounding rows are as they were when the action began; the content itself is always the row
that was passed in.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import FromClause, RowMapping, Select, and_, bindparam, select, true

from database.id_lists import one_of
from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.models.account import account
from fedcom.models.actor import Actor, Community, Person, actor, community
from fedcom.models.base import columns_of, to_row
from fedcom.models.comment import Comment, comment
from fedcom.models.located import Located
from fedcom.models.moderation import CommunityBan, community_ban, moderator
from fedcom.models.post import Post, post
from fedcom.models.site import SitePolicy, site
from fedcom.models.vote import comment_vote, post_vote
from fedcom.queries.actors import get_community, get_person, standing
from fedcom.queries.policy import POLICY
from fedcom.queries.unused_ids import is_unused
from fedcom.rules.permissions import Standing

_group, _author, _acting = (actor.alias(name) for name in ("community_actor", "author", "acting"))


def find_located(ctx: Context, iri: str, acting: str = "") -> Located | None:
    """The post or comment with this ActivityPub id, deleted or not, with its surrounding rows.

    `acting` is the id of the acting person: their standing there is read in the same statement, for
    `standing_in`, `find_vote` and `participant_at`.
    """
    cache = ctx.cache.located
    if iri not in cache and not is_unused(ctx, iri):
        by_iri = _POST_BY_IRI, _COMMENT_BY_IRI
        cache[iri] = next((at for query in by_iri if (at := _find(ctx, query, acting, iri))), None)
    return cache.get(iri)


def locate(ctx: Context, content: Post | Comment, by: Actor | None = None) -> Located:
    """The rows around `content`; the standing of `by`, who acts, is read too, for `standing_in`."""
    kept = ctx.cache.located.get(content.iri)
    if kept is None:
        statement = _POST_BY_ID if isinstance(content, Post) else _COMMENT_BY_ID
        kept = _find(ctx, statement, "" if by is None else by.iri, content.id)
    if kept is None:
        raise NotFound("couldnt_find_object", "%(iri)s is not known here.", iri=content.iri)
    if isinstance(content, Post):
        return replace(kept, content=content, post=content)
    return replace(kept, content=content)


def locate_parent(ctx: Context, content: Comment) -> Located:
    """The parent of a comment: another comment, or its post."""
    if content.parent_id is None:
        return locate(ctx, locate(ctx, content).post)
    for kept in ctx.cache.located.values():
        if kept is not None and kept.content.comment_id == content.parent_id:
            return kept
    found = _find(ctx, _COMMENT_BY_ID, "", content.parent_id)
    if found is None:
        raise NotFound("couldnt_find_comment", "Comment not found.")
    return found


def keep_all_located(ctx: Context, comments: Collection[Comment]) -> None:
    """Read the rows around all of these comments and their parents in one statement, for `locate`
    and `locate_parent`.
    """
    ids = {content.id for content in comments} | {content.parent_id for content in comments}
    keys = sorted(id_ for id_ in ids if id_ is not None)
    if keys:
        rows = ctx.conn.execute(_COMMENTS_BY_ID, {"keys": keys, "acting": ""}).mappings()
        for row in rows:
            _keep(ctx, row)


def keep_located(ctx: Context, made: Comment | Post, inside: Located, author: Person) -> None:
    """Store the location of new content, which need not be read."""
    its_post = made if isinstance(made, Post) else inside.post
    ctx.cache.located[made.iri] = Located(made, its_post, inside.community, author)


def standing_in(ctx: Context, person: Person, where: Community) -> Standing:
    """As `queries.actors.standing`, once per action."""
    known = ctx.cache.standings.get((person.id, where.id))
    if known is None:
        known = ctx.cache.standings[person.id, where.id] = standing(ctx.conn, person, where)
    return known


def cached_author(ctx: Context, content: Post | Comment) -> Person:
    """Its author, read once for everything they wrote. Raises NotFound."""
    known = ctx.cache.authors.get(content.author_id)
    if known is None:
        known = ctx.cache.authors[content.author_id] = get_person(ctx.conn, content.author_id)
    return known


def cached_community(ctx: Context, post: Post) -> Community:
    """The community of a post, read once for all of its posts. Raises NotFound."""
    known = ctx.cache.communities.get(post.community_id)
    if known is None:
        known = get_community(ctx.conn, post.community_id)
        ctx.cache.communities[post.community_id] = known
    return known


def _find(ctx: Context, statement: Select[Any], acting: str, key: str | int) -> Located | None:
    row = ctx.conn.execute(statement, {"key": key, "acting": acting}).mappings().first()
    return None if row is None else _keep(ctx, row)


def _keep(ctx: Context, row: RowMapping) -> Located:
    its_post = to_row(Post, row, "post_")
    content = to_row(Comment, row, "comment_") if "comment_id" in row else its_post
    where = to_row(Community, row, "community_")
    found = Located(content, its_post, where, to_row(Person, row, "author_"))
    ctx.cache.located[content.iri] = found
    if row["site_downvotes"] is not None:
        ctx.cache.policy = to_row(SitePolicy, row, "site_")
    if row["acting_id"] is not None:
        _keep_acting(ctx, row, found)
    return found


def _keep_acting(ctx: Context, row: RowMapping, found: Located) -> None:
    who, cache = to_row(Person, row, "acting_"), ctx.cache
    is_admin = row["role"] == "admin" if found.community.local else who.host == found.community.host
    ban = None if row["ban_person_id"] is None else to_row(CommunityBan, row, "ban_")
    standing = Standing(row["moderator"] is not None, is_admin, ban)
    cache.standings[who.id, found.community.id] = standing
    vote = None if row["score"] is None else (row["score"], row["vote_iri"])
    cache.votes[who.id, found.content.iri] = vote
    if not who.local:
        cache.people[who.iri] = who


def _statement(content: FromClause, votes: FromClause, voted: str) -> Select[Any]:
    columns = [
        *columns_of(Post, post, prefix="post_"),
        *columns_of(Community, _group, community, prefix="community_"),
        *columns_of(Person, _author, prefix="author_"),
        *columns_of(Person, _acting, prefix="acting_"),
        *columns_of(CommunityBan, community_ban, prefix="ban_"),
        moderator.c.person_id.label("moderator"),
        account.c.role,
        votes.c.score,
        votes.c.iri.label("vote_iri"),
        *POLICY,
    ]
    tables: FromClause = post
    if content is comment:
        columns += columns_of(Comment, comment, prefix="comment_")
        tables = comment.join(post, post.c.id == comment.c.post_id)
    acts = _acting.c.id
    return select(*columns).select_from(
        tables.join(_group, _group.c.id == post.c.community_id)
        .join(community, community.c.actor_id == post.c.community_id)
        .join(_author, _author.c.id == content.c.author_id)
        .outerjoin(_acting, _acting.c.iri == bindparam("acting"))
        .outerjoin(
            community_ban,
            and_(community_ban.c.community_id == _group.c.id, community_ban.c.person_id == acts),
        )
        .outerjoin(
            moderator, and_(moderator.c.community_id == _group.c.id, moderator.c.person_id == acts)
        )
        .outerjoin(account, account.c.actor_id == acts)
        .outerjoin(site, true())
        .outerjoin(votes, and_(votes.c[voted] == content.c.id, votes.c.voter_id == acts))
    )


# Built in advance, because building a statement costs more than running it.
_POST = _statement(post, post_vote, "post_id")
_COMMENT = _statement(comment, comment_vote, "comment_id")
_POST_BY_IRI = _POST.where(post.c.iri == bindparam("key"))
_POST_BY_ID = _POST.where(post.c.id == bindparam("key"))
_COMMENT_BY_IRI = _COMMENT.where(comment.c.iri == bindparam("key"))
_COMMENT_BY_ID = _COMMENT.where(comment.c.id == bindparam("key"))
_COMMENTS_BY_ID = _COMMENT.where(one_of(comment.c.id, "keys"))
