"""Lists for feed readers, as RSS (`.xml`) and as Atom (`.atom`): the public posts, newest first.

The addresses are Lemmy's: /feeds/all.xml, /feeds/local.xml, /feeds/c/name.xml, /feeds/u/name.xml;
and /feeds/post/number.xml for the comments below a post, /feeds/modlog.xml and
/feeds/c/name/modlog.xml for moderation actions. There is no log-in here, so caches may keep the
responses.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from markupsafe import escape
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from fedcom.catalogues import mark
from fedcom.errors import Denied
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_of
from fedcom.http.resolve import get_community_named, get_person_named
from fedcom.models.moderation import MODERATION_LABELS
from fedcom.offload import offload
from fedcom.queries.actors import get_community
from fedcom.queries.posts import get_post
from fedcom.rules.limits import MAX_BODY
from fedcom.site.settings import get_site
from fedcom.text.html import escape_text, to_text
from fedcom.text.plain import cut
from fedcom.views.comment import CommentView, list_newest_comments
from fedcom.views.feed import FeedQuery, Sort, Span, list_posts
from fedcom.views.modlog import LogFilter, ModlogView, list_modlog
from fedcom.views.post import PostView
from fedcom.views.viewer import NOBODY
from fedcom.web.html.feed_documents import Entry, Feed, to_atom, to_rss
from fedcom.web.html.i18n import choose, gettext, speak
from fedcom.web.html.render import link, slug
from fedcom.web.html.routing import Handler, shared_route

ENTRIES = 30
KEPT_SECONDS = 300

_SORTS: Mapping[str, tuple[Sort, Span]] = {
    "active": ("active", "all"),
    "hot": ("hot", "all"),
    "scaled": ("scaled", "all"),
    "new": ("new", "all"),
    "old": ("old", "all"),
    "mostcomments": ("most_comments", "all"),
    "newcomments": ("new_comments", "all"),
    "controversial": ("controversial", "all"),
    "top": ("top", "month"),
    "tophour": ("top", "hour"),
    "topsixhour": ("top", "six_hours"),
    "toptwelvehour": ("top", "twelve_hours"),
    "topday": ("top", "day"),
    "topweek": ("top", "week"),
    "topmonth": ("top", "month"),
    "topthreemonths": ("top", "three_months"),
    "topsixmonths": ("top", "six_months"),
    "topninemonths": ("top", "nine_months"),
    "topyear": ("top", "year"),
    "topall": ("top", "all"),
}
"""The values of `sort`: Lemmy's, in lower case."""


async def show_all(request: Request) -> Response:
    """GET /feeds/all and /feeds/local."""
    local = request.url.path.startswith("/feeds/local")

    def read(conn: Connection) -> Feed:
        site = get_site(conn)
        wanted = _wanted(request, scope="local" if local else "all")
        names = {"name": site.name}
        title = gettext("%(name)s: local posts") if local else gettext("%(name)s: all posts")
        page = "/?list=local" if local else "/?list=all"
        return _posts(conn, request, wanted, page, title % names)

    return await answer(request, await instance_of(request).read(read))


async def show_community(request: Request) -> Response:
    """GET /feeds/c/{slug}."""

    def read(conn: Connection) -> Feed:
        community = get_community_named(conn, request)
        wanted = _wanted(request, scope="community", subject_id=community.id)
        description, path = to_text(community.summary_html), f"/c/{slug(community)}"
        return _posts(conn, request, wanted, path, community.display_name, description)

    return await answer(request, await instance_of(request).read(read))


async def show_person(request: Request) -> Response:
    """GET /feeds/u/{slug}."""

    def read(conn: Connection) -> Feed:
        person = get_person_named(conn, request)
        wanted = _wanted(request, scope="author", subject_id=person.id)
        description = to_text(person.summary_html)
        return _posts(conn, request, wanted, f"/u/{slug(person)}", person.display_name, description)

    return await answer(request, await instance_of(request).read(read))


async def show_thread(request: Request) -> Response:
    """GET /feeds/post/{number}: the comments, newest first."""
    origin = instance_of(request).settings.origin

    def read(conn: Connection) -> Feed:
        post = get_post(conn, number_of(request))
        if not post.is_shown or not get_community(conn, post.community_id).is_open:
            raise HTTPException(410, mark("This post has been deleted or removed."))
        found = list_newest_comments(conn, post.id, ENTRIES)
        entries = tuple(_of_comment(origin, one) for one in found)
        page = f"{origin}/post/{post.id}"
        return Feed(own_address(request), page, post.title, "", entries, post.published_at)

    return await answer(request, await instance_of(request).read(read))


async def show_log(request: Request) -> Response:
    """GET /feeds/modlog and /feeds/c/{slug}/modlog: actions of moderators and admins."""
    origin = instance_of(request).settings.origin

    def read(conn: Connection) -> Feed:
        site = get_site(conn)
        inside = get_community_named(conn, request) if "slug" in request.path_params else None
        log = list_modlog(conn, LogFilter(inside.id if inside else None), limit=ENTRIES)
        page = f"{origin}/c/{slug(inside)}/modlog" if inside else f"{origin}/modlog"
        entries = tuple(_of_log(origin, page, site.name, entry) for entry in log.items)
        name = inside.display_name if inside else site.name
        title = gettext("Moderation log of %(name)s") % {"name": name}
        began = site.set_up_at or instance_of(request).clock()
        return Feed(own_address(request), page, title, "", entries, began)

    return await answer(request, await instance_of(request).read(read))


def routes() -> list[BaseRoute]:
    """The route of each feed in each format."""
    handlers = {
        "/feeds/all": show_all,
        "/feeds/local": show_all,
        "/feeds/c/{slug}": show_community,
        "/feeds/u/{slug}": show_person,
        "/feeds/post/{number:int}": show_thread,
        "/feeds/modlog": show_log,
        "/feeds/c/{slug}/modlog": show_log,
    }
    return [
        shared_route(f"{path}.{ending}", _in_their_language(handler))
        for path, handler in handlers.items()
        for ending in ("xml", "atom")
    ]


def _in_their_language(handler: Handler) -> Handler:
    async def handle(request: Request) -> Response:
        speak(choose(request.headers.get("accept-language", "")))
        if await instance_of(request).read(lambda conn: get_site(conn).private):
            raise Denied("instance_is_private", "Only members can see this.")
        response = await handler(request)
        response.headers["Vary"] = "Accept-Language"
        return response

    return handle


def _wanted(request: Request, **scope: Any) -> FeedQuery:
    sort, span = _SORTS.get(request.query_params.get("sort", "").lower(), _SORTS["new"])
    return FeedQuery(sort=sort, span=span, limit=ENTRIES, text=2 * MAX_BODY, **scope)


def _posts(
    conn: Connection,
    request: Request,
    wanted: FeedQuery,
    page: str,
    title: str,
    description: str = "",
) -> Feed:
    return replace(posts_feed(conn, request, wanted, page, title), description=description)


def posts_feed(
    conn: Connection,
    request: Request,
    wanted: FeedQuery,
    page: str,
    title: str,
    *,
    viewer_id: int = NOBODY,
) -> Feed:
    """The posts that `wanted` selects, as the viewer may see them; `page` is the path of their HTML
    page.
    """
    instance = instance_of(request)
    origin, now = instance.settings.origin, instance.clock()
    posts = list_posts(conn, wanted, viewer_id=viewer_id, now=now).items
    entries = tuple(_of_post(origin, post) for post in posts)
    began = get_site(conn).set_up_at or now
    return Feed(own_address(request), f"{origin}{page}", title, "", entries, began)


def _of_post(origin: str, post: PostView) -> Entry:
    html = escape_text(post.content_warning) if post.content_warning else post.body_html
    if post.url:
        html = f'<p><a href="{escape(link(post.url))}">{escape(post.url)}</a></p>{html}'
    return Entry(
        id=post.iri,
        address=f"{origin}/post/{post.id}",
        title=f"[NSFW] {post.title}" if post.is_sensitive else post.title,
        html=html,
        author=post.author.handle,
        author_address=f"{origin}/u/{slug(post.author)}",
        published=post.published_at,
        changed=post.updated_at or post.published_at,
        is_sensitive=post.is_sensitive,
    )


def _of_comment(origin: str, comment: CommentView) -> Entry:
    names = {"name": comment.author.name, "title": comment.post.title}
    return Entry(
        id=comment.iri,
        address=f"{origin}/comment/{comment.id}",
        title=cut(gettext("%(name)s on %(title)s") % names, 200),
        html=escape_text(comment.content_warning) if comment.content_warning else comment.body_html,
        author=comment.author.handle,
        author_address=f"{origin}/u/{slug(comment.author)}",
        published=comment.published_at,
        changed=comment.updated_at or comment.published_at,
    )


def _of_log(origin: str, page: str, site: str, entry: ModlogView) -> Entry:
    label = MODERATION_LABELS.get(entry.kind)
    action = gettext(label.log) if label is not None else entry.kind.replace("_", " ")
    by = entry.moderator
    return Entry(
        id=f"{page}#{entry.id}",
        address=page,
        title=cut(f"{action} {_about(entry)}".rstrip(), 200),
        html=escape_text(entry.reason) if entry.reason else "",
        author=by.handle if by else site,
        author_address=f"{origin}/u/{slug(by)}" if by else page,
        published=entry.created_at,
        changed=entry.created_at,
    )


def _about(entry: ModlogView) -> str:
    """The target of the action, as a line of plain text."""
    if entry.kind == "purge_comment":
        return entry.title or ""
    person = entry.subject.handle if entry.subject else entry.target_iri
    path = entry.path or ""
    if path.startswith("/comment/"):
        return gettext("a comment by %(who)s") % {"who": person}
    if path.startswith("/post/"):
        return entry.title or gettext("a post by %(who)s") % {"who": person}
    return person


def own_address(request: Request) -> str:
    """The address of the feed, without its secret; not from `request.url`, which trusts the Host
    header.
    """
    sort = request.query_params.get("sort", "")
    query = f"?{urlencode({'sort': sort})}" if sort.lower() in _SORTS else ""
    return f"{instance_of(request).settings.origin}{request.scope['path']}{query}"


async def answer(
    request: Request, feed: Feed, keep: str = f"public, max-age={KEPT_SECONDS}"
) -> Response:
    """The feed in the format of the address, with `keep` as its Cache-Control."""
    atom = request.url.path.endswith(".atom")
    content, digest = await offload(_write_down, feed, atom=atom)
    headers = {
        "Cache-Control": keep,
        # Weak, since the same feed goes out compressed or not.
        "ETag": f'W/"{digest}"',
        "Last-Modified": format_datetime(feed.changed, usegmt=True),
    }
    if _is_known(request, headers["ETag"], feed.changed):
        return Response(status_code=304, headers=headers)
    kind = "application/atom+xml" if atom else "application/rss+xml"
    return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)


def _write_down(feed: Feed, *, atom: bool) -> tuple[bytes, str]:
    content = to_atom(feed) if atom else to_rss(feed)
    return content, hashlib.sha256(content).hexdigest()[:20]


def _is_known(request: Request, tag: str, changed: datetime) -> bool:
    """Whether the client already has this version (RFC 9110, section 13.2.2: tags count before
    dates).
    """
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tag.removeprefix("W/") in {one.strip().removeprefix("W/") for one in tags.split(",")}
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except (ValueError, OverflowError):
        return False
    return since.tzinfo is not None and changed.replace(microsecond=0) <= since
