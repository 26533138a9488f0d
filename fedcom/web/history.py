"""The history of a post or comment: its earlier versions and their changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.catalogues import mark
from fedcom.http.numbers import number_in, number_of
from fedcom.http.resolve import check_open
from fedcom.models.actor import Community
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.models.revision import Revision
from fedcom.offload import offload
from fedcom.queries.actors import get_person, standing
from fedcom.queries.content import community_of
from fedcom.queries.revisions import list_revisions
from fedcom.text.difference import ComparedPiece, difference, readable
from fedcom.web.content import COMMENTS, POSTS, Kind
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, read_page
from fedcom.web.html.routing import Handler, shared_route

PAGE = 10
"""Versions per page; comparing two long texts takes a moment."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version: when it was written, and its text compared with the previous version."""

    written_at: datetime
    title: tuple[ComparedPiece, ...]
    url: tuple[ComparedPiece, ...]
    body: tuple[ComparedPiece, ...]
    # It is the first version.
    is_first: bool

    @property
    def has_changes(self) -> bool:
        """Whether the text differs, not only its formatting."""
        return any(piece.kind != "same" for piece in (*self.title, *self.url, *self.body))


def routes() -> list[Route]:
    """The routes for posts and for comments."""
    return [
        shared_route(f"/{kind.path}/{{number:int}}/history", _show(kind))
        for kind in (POSTS, COMMENTS)
    ]


def _show(kind: Kind) -> Handler:
    async def show(request: Request) -> Response:
        """GET /post|comment/{number}/history: the newest versions; older ones with `?skip=`."""

        def read(
            conn: Connection, context: PageContext
        ) -> tuple[Post | Comment, str, list[Revision]]:
            target = kind.get(conn, number_of(request))
            _check_readable(conn, context, target)
            author = get_person(conn, target.author_id)
            return target, author.title or author.name, list_revisions(conn, target)

        context, (target, author, revisions) = await read_page(request, read)
        texts = [_current(target), *revisions]
        skip = min(number_in(request.query_params.get("skip", "")), len(texts) - 1)
        versions = await offload(_compare, texts[skip : skip + PAGE + 1])
        values = {
            "target": target,
            "author": author,
            "path": f"/{kind.path}/{target.id}",
            "versions": versions[:PAGE],
            "older": skip + PAGE if len(texts) > skip + PAGE else 0,
        }
        return page(context, "history.html", values)

    return show


def _check_readable(conn: Connection, context: PageContext, target: Post | Comment) -> None:
    """Raises HTTPException(410): deleted and removed content has no public history, except for
    viewers who may judge a removal.
    """
    community = community_of(conn, target)
    check_open(community)
    if not target.is_shown and not _may_read_hidden(conn, context, target, community):
        raise HTTPException(
            410, mark("This was deleted or removed, together with its edit history.")
        )


def _may_read_hidden(
    conn: Connection, context: PageContext, target: Post | Comment, community: Community
) -> bool:
    if context.member is None or target.deleted_at is not None:
        return False
    reader = context.member.person
    is_author = target.author_id == reader.id
    is_reviewer = context.member.is_admin or standing(conn, reader, community).is_moderator
    return is_author or is_reviewer


def _current(target: Post | Comment) -> Revision:
    """The current version, in the form of a replaced one."""
    moment = target.updated_at or target.published_at
    return Revision(0, None, None, target.title, target.url, target.body_html, moment, moment)


def _compare(texts: Sequence[Revision]) -> list[Version]:
    """Each version compared with the next in the list, which is older; the last with nothing."""
    befores: list[Revision | None] = [*texts[1:], None]
    return [_to_version(text, before) for text, before in zip(texts, befores, strict=True)]


def _to_version(text: Revision, before: Revision | None) -> Version:
    old = before or text
    return Version(
        written_at=text.written_at,
        title=difference(old.title, text.title),
        url=difference(old.url or "", text.url or ""),
        body=difference(readable(old.body_html), readable(text.body_html)),
        is_first=before is None,
    )
