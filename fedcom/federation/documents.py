"""ActivityPub documents of what is ours: actors, posts, comments, collections, activities.

Only public things are ever written down here, and remote things never under our origin. What was
deleted or removed answers 410 with a Tombstone, what never was 404.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from activitypub.reading import Document, parse
from activitypub.vocab.activities import announce, create
from activitypub.vocab.base import dump
from activitypub.vocab.collections import collection, ordered_collection
from activitypub.vocab.objects import tombstone
from fedcom.actions.comment import note_of
from fedcom.actions.mentions import mentioned
from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.federation.negotiation import JSON_TYPE
from fedcom.http.instance import Instance, instance_of
from fedcom.models.actor import Actor, Community
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import (
    find_actor,
    find_community,
    find_moderators,
    find_person,
    get_community,
    get_person,
)
from fedcom.queries.collections import (
    count_by,
    count_in,
    featured_in,
    newest_by,
    newest_in,
)
from fedcom.queries.comments import find_comment, get_comment
from fedcom.queries.follows import count_followers
from fedcom.queries.posts import find_post, get_post
from fedcom.wire.actor import to_document
from fedcom.wire.post import to_page
from outbox.publish import find_issued

# Lemmy 0.19 reads up to 50 posts of a group's outbox when somebody first follows it.
OUTBOX_POSTS = 50
PERSON_OUTBOX = 20
CACHE = "public, max-age=180"

Json = dict[str, Any]


async def answer_instance(request: Request) -> Response:
    """The instance actor, readable unsigned: peers fetch its key to verify our fetches."""
    instance = instance_of(request)
    iri = f"{instance.settings.origin}/actor"
    return await _answer(request, lambda ctx: _actor(ctx, find_actor(ctx.conn, iri)))


async def answer_person(request: Request) -> Response:
    """A local person."""
    name = request.path_params["name"]
    return await _answer(request, lambda ctx: _actor(ctx, find_person(ctx.conn, name, ctx.host)))


async def answer_community(request: Request) -> Response:
    """A local community."""
    name = request.path_params["name"]
    return await _answer(request, lambda ctx: _actor(ctx, find_community(ctx.conn, name, ctx.host)))


async def answer_post(request: Request) -> Response:
    """A local post as a Page, or its Tombstone. A peer's post is found at the peer's."""
    number = request.path_params["number"]
    return await _answer(request, lambda ctx: _page(ctx, _own(get_post(ctx.conn, number))))


async def answer_comment(request: Request) -> Response:
    """A local comment as a Note, or its Tombstone."""
    number = request.path_params["number"]
    return await _answer(request, lambda ctx: note_of(ctx, _own(get_comment(ctx.conn, number))))


async def answer_instance_collection(request: Request) -> Response:
    """The instance actor publishes nothing and has no followers; peers look all the same."""
    iri = f"{instance_of(request).settings.origin}{request.url.path}"
    return await _answer(request, lambda _ctx: ordered_collection(iri, 0, items=[]))


async def answer_followers(request: Request) -> Response:
    """How many follow; not who."""
    return await _collection(request, "followers", _followers)


async def answer_following(request: Request) -> Response:
    """Nobody's business: an empty collection."""
    return await _collection(request, "following", lambda _ctx, _who, iri: collection(iri, 0))


async def answer_outbox(request: Request) -> Response:
    """The newest posts of a community, announced; or what a person wrote."""
    return await _collection(request, "outbox", _outbox)


async def answer_featured(request: Request) -> Response:
    """The pinned posts of a community, with the objects in it, as Lemmy reads it."""
    return await _collection(request, "featured", _featured)


async def answer_moderators(request: Request) -> Response:
    """The ids of a community's moderators (FEP-1b12), in the order of their appointment."""
    return await _collection(request, "moderators", _moderators)


async def answer_activity(request: Request) -> Response:
    """An activity that we issued, if it was public and what it is about still is."""
    instance = instance_of(request)
    iri = f"{instance.settings.origin}{request.url.path}"
    return await _answer(request, lambda ctx: _activity(ctx, iri))


async def _answer(request: Request, work: Callable[[Context], Json | bytes]) -> Response:
    instance = instance_of(request)
    found = await instance.read(lambda conn: work(_context(conn, instance)))
    gone = isinstance(found, dict) and found.get("type") == "Tombstone"
    return Response(
        found if isinstance(found, bytes) else dump(found),
        status_code=410 if gone else 200,
        headers={"Content-Type": JSON_TYPE, "Vary": "Accept", "Cache-Control": CACHE},
    )


async def _collection(
    request: Request, name: str, work: Callable[[Context, Actor, str], Json]
) -> Response:
    def find(ctx: Context) -> Json:
        who = request.path_params["name"]
        finder = find_community if request.url.path.startswith("/c/") else find_person
        someone = finder(ctx.conn, who, ctx.host)
        if someone is None or someone.deleted_at is not None:
            raise NotFound("couldnt_find_person", f"There is no {who} here.")
        return work(ctx, someone, f"{someone.iri}/{name}")

    return await _answer(request, find)


def _context(conn: Connection, instance: Instance) -> Context:
    return Context(conn, instance.clock(), instance.settings.origin)


def _actor(ctx: Context, someone: Actor | None) -> Json:
    if someone is None:
        raise NotFound("couldnt_find_person", "There is nobody of this name here.")
    closed = isinstance(someone, Community) and someone.removed_at is not None
    if someone.deleted_at is not None or closed:
        return tombstone(someone.iri, former_type=someone.kind, deleted=someone.deleted_at)
    return to_document(someone, ctx.origin)


def _own(found: Any) -> Any:
    if not found.local:
        raise NotFound("couldnt_find_object", f"It is at {found.iri}.")
    return found


def _page(ctx: Context, about: Post) -> Json:
    return to_page(
        about,
        get_person(ctx.conn, about.author_id),
        get_community(ctx.conn, about.community_id),
        tuple(mentioned(ctx, about.body_source).values()),
    )


def _followers(ctx: Context, someone: Actor, iri: str) -> Json:
    return collection(iri, count_followers(ctx.conn, someone.id))


def _outbox(ctx: Context, someone: Actor, iri: str) -> Json:
    if isinstance(someone, Community):
        posts = newest_in(ctx.conn, someone.id, OUTBOX_POSTS)
        items = [_announced(ctx, someone, post) for post in posts]
        return ordered_collection(iri, count_in(ctx.conn, someone.id), items=items)
    posts, comments = newest_by(ctx.conn, someone.id, PERSON_OUTBOX)
    made: list[Post | Comment] = [*posts, *comments]
    made.sort(key=lambda one: one.published_at, reverse=True)
    items = [
        create(f"{one.iri}#create", someone.iri, _object(ctx, one)) for one in made if one.local
    ]
    return ordered_collection(iri, count_by(ctx.conn, someone.id), items=items[:PERSON_OUTBOX])


def _announced(ctx: Context, place: Community, post: Post) -> Json:
    """As it was announced, with an id made from the post's; a peer's post only by its id."""
    inner: Json | str = post.iri
    if post.local:
        author = get_person(ctx.conn, post.author_id)
        inner = create(f"{post.iri}#create", author.iri, _page(ctx, post))
    return announce(
        f"{place.iri}/outbox#{post.id}",
        place.iri,
        inner,
        followers=f"{place.iri}/followers",
        published=post.published_at,
    )


def _object(ctx: Context, one: Post | Comment) -> Json:
    return _page(ctx, one) if isinstance(one, Post) else note_of(ctx, one)


def _featured(ctx: Context, someone: Actor, iri: str) -> Json:
    posts = featured_in(ctx.conn, someone.id)
    items = [_page(ctx, post) if post.local else post.iri for post in posts]
    return ordered_collection(iri, len(items), items=items)


def _moderators(ctx: Context, someone: Actor, iri: str) -> Json:
    if not isinstance(someone, Community):
        raise NotFound("couldnt_find_community", "People have no moderators.")
    items = [person.iri for person in find_moderators(ctx.conn, someone)]
    return ordered_collection(iri, len(items), items=items, owner=someone.iri)


def _activity(ctx: Context, iri: str) -> bytes:
    issued = find_issued(ctx.conn, iri)
    if issued is None or not _may_be_shown(ctx, Document(parse(issued.body))):
        raise NotFound("couldnt_find_object", "There is no such activity here, or none for you.")
    return issued.body


def _may_be_shown(ctx: Context, activity: Document) -> bool:
    """Public, and not carrying what has been deleted or removed since."""
    subject = activity.subject_id or ""
    about = find_post(ctx.conn, subject) or find_comment(ctx.conn, subject)
    carries = {"Create", "Update"} & set(activity.shape)
    return activity.is_public and not (carries and about is not None and not about.is_shown)


_PERSON, _COMMUNITY = "/u/{name}", "/c/{name}"

# Documents that share their address with a page; the application asks `negotiation` first.
SHARED = (
    (_PERSON, answer_person),
    (_COMMUNITY, answer_community),
    ("/post/{number:int}", answer_post),
    ("/comment/{number:int}", answer_comment),
)
ROUTES = [
    Route("/actor", answer_instance, methods=["GET"]),
    Route("/actor/outbox", answer_instance_collection, methods=["GET"]),
    Route("/actor/followers", answer_instance_collection, methods=["GET"]),
    *(
        Route(f"{who}/{name}", endpoint, methods=["GET"])
        for who in (_PERSON, _COMMUNITY)
        for name, endpoint in (
            ("followers", answer_followers),
            ("following", answer_following),
            ("outbox", answer_outbox),
        )
    ),
    Route(f"{_COMMUNITY}/featured", answer_featured, methods=["GET"]),
    Route(f"{_COMMUNITY}/moderators", answer_moderators, methods=["GET"]),
    Route("/activities/{kind}/{token}", answer_activity, methods=["GET"]),
]
