"""A thread and lists of posts in which everything occurs that shapes a post or a comment."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update

from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.delete import Delete
from fedcom.actions.lock import Lock
from fedcom.actions.perform import perform
from fedcom.actions.pin import Pin
from fedcom.actions.post import CreatePost
from fedcom.actions.remove import RemoveContent
from fedcom.actions.vote import Vote
from fedcom.context import Context
from fedcom.models.actor import Community, Person, actor
from fedcom.models.boost import boost
from fedcom.models.comment import Comment, comment
from fedcom.models.media import link_preview, media
from fedcom.models.personal import (
    actor_block,
    hidden_post,
    post_visit,
    saved_comment,
    saved_post,
)
from fedcom.models.post import Post, post
from fedcom.queries.actors import get_person
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import KEY, World

VIEWERS = ("", "eve", "bob", "mia", "ann")
"""A guest, a member who blocks one author, the author of most, a moderator, an admin."""

PATHS = (
    *("/post/1", "/post/1?sort=new", "/post/1?reply=2", "/comment/2", "/comment/5", "/post/2"),
    *("/", "/?sort=new", "/?view=compact", "/c/cats", "/u/bob", "/u/rita@far.example"),
    *("/u/bob?show=comments", "/saved", "/saved?show=comments", "/search?q=cats"),
    *("/post/3", "/post/4", "/post/5", "/post/6", "/post/7"),
)
"""Pages on which they are."""

RITA = "https://far.example/u/rita"
"""A person elsewhere."""

DEEP = 12
"""Replies below each other, more than one page shows."""


async def stage(world: World) -> None:
    """Fill the instance."""
    await world.instance.unit(lambda ctx: _stage(ctx, world))


def _stage(ctx: Context, world: World) -> None:
    people, cats = world.people, world.community
    mia, bob, eve = (people[name] for name in ("mia", "bob", "eve"))
    rita = _remote_person(ctx)
    ctx.conn.execute(update(actor).where(actor.c.id == bob.id).values(title="Bob <b>\"&'</b>"))
    first = _write(ctx, bob, cats, "Cats <i>sleep</i> & purr", url="https://www.news.example/a")
    _write(ctx, eve, cats, "Dogs", body=Body.of_markdown("Not *here*."))
    top = _reply(ctx, first, bob, "Sixteen **hours**, @nobody@gone.example")
    under = _reply(ctx, first, eve, "Twenty <script>", top)
    _reply(ctx, first, rita, "Far away ![a cat](https://pictures.example/c.png)", under)
    removed = _reply(ctx, first, eve, "Removed words")
    _reply(ctx, first, rita, "Below the removed ones", removed)
    deleted = _reply(ctx, first, bob, "Deleted words")
    _reply(ctx, first, mia, "Below the deleted ones", deleted)
    locked = _reply(ctx, first, mia, "Locked words")
    _reply(ctx, first, bob, "Also locked", locked)
    warned = _reply(ctx, first, eve, "Spoilt words")
    german = _reply(ctx, first, bob, "Deutsche Wörter")
    edited = _reply(ctx, first, eve, "Edited words")
    below: Comment | None = None
    for number in range(DEEP):
        below = _reply(ctx, first, (bob, eve)[number % 2], f"Level {number}", below)
    perform(ctx, RemoveContent(by=mia, target=removed, reason="Rude & <loud>"))
    perform(ctx, Delete(by=bob, target=deleted))
    perform(ctx, Lock(by=mia, target=locked, locked=True))
    _set(ctx, warned, content_warning="The <end>")
    _set(ctx, german, language="de")
    _set(ctx, edited, updated_at=ctx.now)
    ages = {top: 5000, under: 300, german: 3, edited: 60}
    for which, minutes in ages.items():
        _set(ctx, which, published_at=ctx.now - timedelta(minutes=minutes))
    _readers(ctx, world, first, top, under)
    _posts(ctx, world, rita)


def _readers(ctx: Context, world: World, first: Post, top: Comment, under: Comment) -> None:
    """What the members did with a thread and two of its comments."""
    bob, eve = world.people["bob"], world.people["eve"]
    rita = get_person(ctx.conn, _id_of(ctx, RITA))
    perform(ctx, Vote(by=eve, target=top, score=1))
    perform(ctx, Vote(by=bob, target=under, score=-1))
    perform(ctx, Vote(by=eve, target=first, score=-1))
    moment = {"person_id": eve.id, "saved_at": ctx.now}
    ctx.conn.execute(insert(saved_comment).values(comment_id=top.id, **moment))
    ctx.conn.execute(insert(saved_post).values(post_id=first.id, **moment))
    values = {"person_id": eve.id, "blocked_id": rita.id, "blocked_at": ctx.now}
    ctx.conn.execute(insert(actor_block).values(values))
    for boosted in (first.iri, top.iri):
        values = {"actor_iri": RITA, "subject_iri": boosted, "iri": f"{boosted}#b"}
        ctx.conn.execute(insert(boost).values(values))
    earlier = ctx.now - timedelta(hours=3)
    visit = {"post_id": first.id, "comments": 2, "visited_at": earlier, "new_after": None}
    ctx.conn.execute(insert(post_visit).values(person_id=bob.id, **visit))


def _posts(ctx: Context, world: World, rita: Person) -> None:
    people, cats = world.people, world.community
    ann, mia, bob, eve = (people[name] for name in ("ann", "mia", "bob", "eve"))
    dogs = perform(ctx, CreateCommunity(by=ann, name="dogs", key=KEY, title="Dogs <&>", nsfw=True))
    pinned = _write(ctx, mia, cats, "Pinned cats", url="https://www.news.example/a")
    veiled = _write(ctx, bob, cats, "Naked cats", nsfw=True, url="https://bare.example/")
    locked = _write(ctx, rita, cats, "Locked cats from afar")
    removed = _write(ctx, eve, cats, "Removed cats", url="https://spam.example/x")
    deleted = _write(ctx, bob, cats, "Deleted cats")
    hidden = _write(ctx, eve, cats, "Hidden cats")
    _write(ctx, bob, dogs, "Cats among dogs")
    shown = _write(ctx, eve, cats, "Pictured cats", url="https://pictures.example/c.png")
    perform(ctx, Pin(by=mia, post=pinned, pinned=True))
    perform(ctx, Lock(by=mia, target=locked, locked=True))
    perform(ctx, RemoveContent(by=mia, target=removed, reason="Spam"))
    perform(ctx, Delete(by=bob, target=deleted))
    _set(ctx, veiled, content_warning="Bare <cats>")
    _set(ctx, shown, image_url=shown.url, image_alt='A "cat"', language="fr")
    values = {"person_id": eve.id, "post_id": hidden.id, "hidden_at": ctx.now}
    ctx.conn.execute(insert(hidden_post).values(values))
    for number, which in enumerate((veiled, shown)):
        name = f"{number}" * 64
        picture = {"name": f"{name}.webp", "thumbnail": f"{name}-t.webp", "purpose": "preview"}
        sizes = {"width": 1, "height": 1, "bytes": 1}
        kept = ctx.conn.execute(
            insert(media).values(**picture, **sizes, media_type="image/webp", created_at=ctx.now)
        ).inserted_primary_key
        assert kept is not None
        found = {"media_id": kept[0], "state": "done", "title": "<A> page", "description": "About"}
        mine = link_preview.c.post_id == which.id
        ctx.conn.execute(update(link_preview).where(mine).values(found))


def _remote_person(ctx: Context) -> Person:
    values = {"iri": RITA, "kind": "Person", "local": False, "name": "rita", "host": "far.example"}
    values |= {"inbox": f"{RITA}/inbox", "title": "Rita", "published_at": ctx.now}
    ctx.conn.execute(insert(actor).values(values))
    return get_person(ctx.conn, _id_of(ctx, RITA))


def _id_of(ctx: Context, iri: str) -> int:
    return ctx.conn.execute(select(actor.c.id).where(actor.c.iri == iri)).scalar_one()


def _write(ctx: Context, by: Person, community: Community, title: str, **fields: Any) -> Post:
    fields.setdefault("body", Body.of_markdown(f"They *do*: {title}."))
    made: Post = perform(ctx, CreatePost(by=by, community=community, title=title, **fields))
    return made


def _reply(ctx: Context, to: Post, by: Person, text: str, parent: Comment | None = None) -> Comment:
    body = Body.of_markdown(text)
    made: Comment = perform(ctx, CreateComment(by=by, post=to, parent=parent, body=body))
    return made


def _set(ctx: Context, which: Post | Comment, **values: Any) -> None:
    table = post if isinstance(which, Post) else comment
    ctx.conn.execute(update(table).where(table.c.id == which.id).values(values))
