"""ActivityPub documents of local actors, posts, comments, collections and activities.

Only public content is served here, and remote content never under our origin: requests for it are
redirected to its id. Deleted or removed content answers 410 with a Tombstone, content that never
existed 404.
"""

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from activitypub.document import Document
from activitypub.iri import same_host
from activitypub.parse import parse
from activitypub.vocab.activities import announce, create
from activitypub.vocab.base import dump
from activitypub.vocab.collections import (
    collection,
    ordered_collection,
    ordered_collection_page,
)
from fedcom.actions.comment import note_of
from fedcom.actions.post import status_of
from fedcom.context import Context
from fedcom.effects.mentions import mentioned
from fedcom.errors import NotFound
from fedcom.federation.paging import (
    check_page,
    count_pages,
    next_page,
    page_iri,
    previous_page,
)
from fedcom.federation.requester import ASKED_BY, is_microblog
from fedcom.federation.serving import CACHE, REVALIDATED, ServedElsewhere, to_origin, to_response
from fedcom.http.instance import Instance, instance_of
from fedcom.http.paging import page_in_query
from fedcom.models.actor import Actor, Community
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import (
    find_actor,
    find_community,
    find_moderators,
    find_person,
)
from fedcom.queries.collections import (
    count_by,
    count_in,
    featured_in,
    newest_by,
    newest_in,
)
from fedcom.queries.comments import get_comment
from fedcom.queries.content import community_of, find_content, post_of
from fedcom.queries.follows import count_followers
from fedcom.queries.located import cached_author, cached_community
from fedcom.queries.posts import get_post
from fedcom.remote.peers import is_federated
from fedcom.wire.actor import to_document, to_tombstone
from fedcom.wire.addressing import announce_iri, create_iri
from fedcom.wire.post import to_page
from outbox.publish import Issued, find_issued

# Lemmy 0.19 reads up to 50 posts of a group's outbox when a first member follows it.
OUTBOX_POSTS = 50
PERSON_OUTBOX = 20
LARGEST_ID = 2**53
_LASTING = re.compile(r"/activities/(create/post|create/comment|announce/post)-([1-9]\d{0,14})")
_WORDLESS = frozenset({"Follow", "Accept", "Reject", "Like", "Dislike", "Undo"})

Json = dict[str, Any]


async def answer_actor(request: Request) -> Response:
    """A local person or community, or the instance actor.

    Readable unsigned: peers fetch the keys to verify our fetches and deliveries.
    """
    iri = _asked_for(request)
    return await _answer(request, lambda ctx: _at(ctx, iri), cache=REVALIDATED)


async def answer_site(request: Request) -> Response:
    """The instance actor again, at our root: the target of a ban from the whole server."""
    origin = instance_of(request).settings.origin
    iri = f"{origin}/actor"
    return await _answer(
        request, lambda ctx: _actor(ctx, find_actor(ctx.conn, iri)), cache=REVALIDATED
    )


async def answer_post(request: Request) -> Response:
    """A local post as a Page, for microblog servers as a Note; or its Tombstone, or a redirect.

    The response depends on the requester, so shared caches must not reuse it for others.
    """
    row_id = _row_id(request)

    def find(ctx: Context) -> Json | ServedElsewhere:
        content = get_post(ctx.conn, row_id)
        if content.local and is_microblog(ctx.conn, request.headers):
            open_community(ctx, content)
            return status_of(ctx, content)
        return _served(ctx, content)

    return await _answer(request, find, vary=ASKED_BY)


async def answer_comment(request: Request) -> Response:
    """A local comment as a Note, or its Tombstone; a redirect to a peer's comment."""
    row_id = _row_id(request)
    return await _answer(request, lambda ctx: _served(ctx, get_comment(ctx.conn, row_id)))


async def answer_instance_collection(request: Request) -> Response:
    """The instance actor publishes nothing and has no followers; peers request these anyway."""
    iri = _asked_for(request)
    return await _answer(request, lambda _ctx: ordered_collection(iri, 0, items=[]))


async def answer_followers(request: Request) -> Response:
    """The number of followers; never a list of them.

    `items` is present and empty: Lemmy 0.19 reads the number only from a collection that has it.
    """
    return await _collection(request, "followers", _followers)


async def answer_following(request: Request) -> Response:
    """Private: an empty collection."""
    return await _collection(
        request, "following", lambda _ctx, _owner, iri: collection(iri, 0, items=[])
    )


async def answer_outbox(request: Request) -> Response:
    """The posts of a community, announced, or a person's content, newest first: `?page=1` and on.

    The collection itself lists the newest too: Lemmy 0.19 does not follow a `first`.
    """
    page = page_in_query(request)
    return await _collection(request, "outbox", lambda ctx, who, iri: _outbox(ctx, who, iri, page))


async def answer_featured(request: Request) -> Response:
    """The pinned posts of a community, with the objects embedded, as Lemmy reads it. People pin
    nothing, but GoToSocial 0.20 requests theirs anyway.
    """
    return await _collection(request, "featured", _featured)


async def answer_moderators(request: Request) -> Response:
    """The ids of a community's moderators (FEP-1b12), in the order of their appointment."""
    return await _collection(request, "moderators", _moderators)


async def answer_activity(request: Request) -> Response:
    """An activity that we issued, if it was public and its object still is."""
    iri = _asked_for(request)
    return await _answer(request, lambda ctx: _activity(ctx, iri))


def _asked_for(request: Request) -> str:
    """The requested id. Not from `request.url`, which is built from the Host header."""
    return f"{instance_of(request).settings.origin}{request.scope['path']}"


def _row_id(request: Request) -> int:
    """The row id in the address. Raises NotFound for one that no row can have."""
    number: int = request.path_params["number"]
    if number > LARGEST_ID:
        raise NotFound("couldnt_find_object", "Not found.")
    return number


async def _answer(
    request: Request,
    work: Callable[[Context], Json | bytes | ServedElsewhere],
    *,
    cache: str = CACHE,
    vary: str = "Accept",
) -> Response:
    instance = instance_of(request)

    def find(conn: Connection) -> tuple[bytes, int] | ServedElsewhere:
        check_federated(conn)
        # Serialised here, in the thread of the database: an outbox may have megabytes.
        found = work(context_of(conn, instance))
        if isinstance(found, ServedElsewhere):
            return found
        if isinstance(found, bytes):
            return found, 200
        return dump(found), 410 if found.get("type") == "Tombstone" else 200

    found = await instance.read(find)
    if isinstance(found, ServedElsewhere):
        return to_origin(found)
    body, status = found
    return to_response(request, body, status, cache=cache, vary=vary)


async def _collection(
    request: Request, name: str, work: Callable[[Context, Actor, str], Json]
) -> Response:
    def find(ctx: Context) -> Json:
        iri = _asked_for(request)
        local_actor = find_actor(ctx.conn, iri.removesuffix(f"/{name}"))
        if local_actor is None or _is_closed(local_actor):
            raise NotFound("couldnt_find_person", "There is no actor with this name here.")
        return work(ctx, local_actor, iri)

    return await _answer(request, find)


def check_federated(conn: Connection) -> None:
    """Raises NotFound if this server does not federate: it then has no documents for others."""
    if not is_federated(conn):
        raise NotFound("federation_disabled", "This server does not federate.")


def context_of(conn: Connection, instance: Instance) -> Context:
    """The context for building documents: the time, and a connection that only reads."""
    return Context(conn, instance.clock(), instance.settings.origin)


def _at(ctx: Context, iri: str) -> Json | ServedElsewhere:
    """The actor with this id, or a redirect for one whose page is here: `/u/name@host`."""
    head, _, slug = iri.rpartition("/")
    name, at, host = slug.partition("@")
    if not at:
        return _actor(ctx, find_actor(ctx.conn, iri))
    find = find_community if head == f"{ctx.origin}/c" else find_person
    local_actor = find(ctx.conn, name, host.lower())
    if local_actor is None or _is_closed(local_actor):
        raise NotFound("couldnt_find_person", "There is no actor with this name here.")
    return ServedElsewhere(local_actor.iri)


def _actor(ctx: Context, local_actor: Actor | None) -> Json:
    if local_actor is None:
        raise NotFound("couldnt_find_person", "There is no actor with this name here.")
    if _is_closed(local_actor):
        return to_tombstone(local_actor)
    return to_document(local_actor, ctx.origin)


def _is_closed(local_actor: Actor) -> bool:
    removed = isinstance(local_actor, Community) and local_actor.removed_at is not None
    return removed or local_actor.deleted_at is not None


def open_community(ctx: Context, post: Post) -> Community:
    """The community of a post. Raises NotFound if it is closed, which hides everything in it."""
    community = cached_community(ctx, post)
    if _is_closed(community):
        raise NotFound("couldnt_find_community", "This community is closed.")
    return community


def to_be_found_at(content: Post | Comment, what: str | None = None) -> ServedElsewhere:
    """A redirect to a peer's post or comment, or to `what` its server lists as belonging to it.

    Raises NotFound if it is not visible here.
    """
    if not content.is_shown:
        raise NotFound(
            "couldnt_find_object",
            "This is not shown here; the original is at %(iri)s.",
            iri=content.iri,
        )
    return ServedElsewhere(
        what if what is not None and same_host(what, content.iri) else content.iri
    )


def _served(ctx: Context, content: Post | Comment) -> Json | ServedElsewhere:
    """Local content as a document; a redirect to a peer's, while it is visible here."""
    if content.local:
        return _object(ctx, content)
    open_community(ctx, post_of(ctx.conn, content))
    return to_be_found_at(content)


def _page(ctx: Context, post: Post) -> Json:
    return to_page(
        post,
        cached_author(ctx, post),
        open_community(ctx, post),
        mentioned(ctx, post),
    )


def _note(ctx: Context, comment: Comment) -> Json:
    open_community(ctx, get_post(ctx.conn, comment.post_id))
    return note_of(ctx, comment)


def _followers(ctx: Context, local_actor: Actor, iri: str) -> Json:
    return collection(iri, count_followers(ctx.conn, local_actor.id), items=[])


def _outbox(ctx: Context, local_actor: Actor, iri: str, page: int | None) -> Json:
    if isinstance(local_actor, Community):
        total, size = count_in(ctx.conn, local_actor.id), OUTBOX_POSTS
    else:
        total, size = count_by(ctx.conn, local_actor.id), PERSON_OUTBOX
    page_number = page or 1
    check_page(page_number, total, size)
    items = _done_by(ctx, local_actor, size, (page_number - 1) * size)
    if page is None:
        last = page_iri(iri, count_pages(total, size))
        return ordered_collection(iri, total, items=items, first=page_iri(iri, 1), last=last)
    return ordered_collection_page(
        page_iri(iri, page),
        iri,
        items,
        total=total,
        next_page=next_page(iri, page, total, size),
        previous_page=previous_page(iri, page),
    )


def _done_by(ctx: Context, local_actor: Actor, limit: int, offset: int) -> list[Json]:
    if isinstance(local_actor, Community):
        posts = newest_in(ctx.conn, local_actor.id, limit, offset)
        return [_announced(ctx, local_actor, content) for content in posts]
    return [
        _created(ctx, content) for content in newest_by(ctx.conn, local_actor.id, limit, offset)
    ]


def _created(ctx: Context, content: Post | Comment) -> Json:
    author = cached_author(ctx, content)
    return create(create_iri(content.iri), author.iri, _object(ctx, content))


def _announced(ctx: Context, community: Community, post: Post) -> Json:
    """As it was announced, under the same id; a peer's post only by its id."""
    return announce(
        announce_iri(ctx.origin, post.id),
        community.iri,
        _created(ctx, post) if post.local else post.iri,
        followers=f"{community.iri}/followers",
        published=post.published_at,
    )


def _object(ctx: Context, content: Post | Comment) -> Json:
    return _page(ctx, content) if isinstance(content, Post) else _note(ctx, content)


def _featured(ctx: Context, local_actor: Actor, iri: str) -> Json:
    posts = featured_in(ctx.conn, local_actor.id)
    items = [_page(ctx, post) if post.local else post.iri for post in posts]
    return ordered_collection(iri, len(items), items=items)


def _moderators(ctx: Context, local_actor: Actor, iri: str) -> Json:
    if not isinstance(local_actor, Community):
        raise NotFound("couldnt_find_community", "Only communities have moderators.")
    items = [person.iri for person in find_moderators(ctx.conn, local_actor)]
    return ordered_collection(iri, len(items), items=items, owner=local_actor.iri)


def _activity(ctx: Context, iri: str) -> bytes | Json:
    issued = find_issued(ctx.conn, iri)
    if issued is not None and _may_be_shown(ctx, issued):
        return issued.body
    lasting = _LASTING.fullmatch(iri.removeprefix(ctx.origin))
    if lasting is None:
        raise NotFound(
            "couldnt_find_object", "This activity does not exist or is not visible to you."
        )
    made = _made_anew(ctx, *lasting.groups())
    if made is None:
        raise NotFound(
            "couldnt_find_object", "This activity does not exist or is not visible to you."
        )
    return made


def _made_anew(ctx: Context, kind: str, row_id: str) -> Json | None:
    """The Create of a post or comment, or a post's Announce, with the current text.

    None if it is hidden, or the activity is another server's. Raises NotFound.
    """
    find = get_comment if kind == "create/comment" else get_post
    content: Post | Comment = find(ctx.conn, int(row_id))
    community = open_community(ctx, post_of(ctx.conn, content))
    if not content.is_shown:
        return None
    if kind == "announce/post" and isinstance(content, Post):
        return _announced(ctx, community, content) if community.local else None
    return _created(ctx, content) if content.local else None


def _may_be_shown(ctx: Context, issued: Issued) -> bool:
    """Public, no report, and without text that has been deleted, removed or replaced.

    Follows, their responses and votes contain no text and are only found by servers that know their
    ids, to check whether we really sent them.
    """
    activity = Document(parse(issued.body))
    kinds = _kinds(activity)
    if "Flag" in kinds:
        return False
    if kinds <= _WORDLESS:
        return True
    if not {"Create", "Update"} & kinds:
        return activity.is_public
    content = _subject(ctx, activity.subject_id or "")
    if content is None or not activity.is_public:
        return False
    changed = content.updated_at
    return changed is None or changed.timestamp() <= issued.at


def _kinds(activity: Document) -> set[str]:
    """The types from the outermost to the innermost, at any depth."""
    kinds, inner = set(), activity if activity.is_activity else None
    while inner is not None:
        kinds.add(inner.type)
        inner = inner.object_document
    return kinds


def _subject(ctx: Context, iri: str) -> Post | Comment | Actor | None:
    """The activity's public content."""
    content = find_content(ctx.conn, iri)
    if content is None:
        local_actor = find_actor(ctx.conn, iri)
        return None if local_actor is None or _is_closed(local_actor) else local_actor
    closed = _is_closed(community_of(ctx.conn, content))
    return content if content.is_shown and not closed else None


_PERSON, _COMMUNITY = "/u/{name}", "/c/{name}"

# Documents that share their address with a page; the application calls `negotiation` first.
SHARED = (
    ("/", answer_site),
    (_PERSON, answer_actor),
    (_COMMUNITY, answer_actor),
    ("/post/{number:int}", answer_post),
    ("/comment/{number:int}", answer_comment),
)
ROUTES = [
    Route("/actor", answer_actor, methods=["GET"]),
    Route("/actor/outbox", answer_instance_collection, methods=["GET"]),
    Route("/actor/followers", answer_instance_collection, methods=["GET"]),
    Route("/actor/following", answer_instance_collection, methods=["GET"]),
    Route("/actor/featured", answer_instance_collection, methods=["GET"]),
    *(
        Route(f"{who}/{name}", endpoint, methods=["GET"])
        for who in (_PERSON, _COMMUNITY)
        for name, endpoint in (
            ("followers", answer_followers),
            ("following", answer_following),
            ("outbox", answer_outbox),
            ("featured", answer_featured),
        )
    ),
    Route(f"{_COMMUNITY}/moderators", answer_moderators, methods=["GET"]),
    Route("/activities/{kind}/{token}", answer_activity, methods=["GET"]),
]
