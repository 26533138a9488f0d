"""Rows for the tests of queries, inserted directly, bypassing every rule."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from database.inserts import add_up
from fedcom.background.search_words import keep, read_some
from fedcom.models.actor import actor, author_counts, community
from fedcom.models.comment import Comment, comment, comment_rank
from fedcom.models.follow import follow
from fedcom.models.message import message
from fedcom.models.post import post, post_rank
from fedcom.models.vote import comment_vote, post_vote
from fedcom.queries.comments import get_comment
from fedcom.rules.ranking import active_key, comment_hot, controversy, hot_key, scaled_key

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Rows:
    """Inserts rows; every method gives the id of the new one."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.made = 0

    def _next(self) -> int:
        self.made += 1
        return self.made

    def person(self, name: str = "bob", **more: Any) -> int:
        return self._actor("Person", "u", name, more)

    def community(self, name: str = "cats", **more: Any) -> int:
        own = {key: more.pop(key) for key in list(more) if key in community.c}
        claimed = own.get("claimed_followers") or 0
        own.setdefault("followers", max(own.get("subscribers", 0), claimed))
        number = self._actor("Group", "c", name, more)
        self.conn.execute(insert(community).values(actor_id=number, **own))
        return number

    def _actor(self, kind: str, path: str, name: str, more: dict[str, Any]) -> int:
        host = more.get("host", "forum.example")
        values = {
            "iri": f"https://{host}/{path}/{name}",
            "kind": kind,
            "local": host == "forum.example",
            "name": name,
            "host": host,
            "inbox": f"https://{host}/inbox",
            "published_at": NOON,
        }
        made = self.conn.execute(insert(actor).values({**values, **more}).returning(actor.c.id))
        return int(made.scalar_one())

    def read_words(self) -> None:
        """Let the search know the words of all texts, as a loop of the server does."""
        while (reading := read_some(self.conn)).entries:
            keep(self.conn, reading)

    def post(
        self,
        place: int,
        author: int,
        *,
        score: int = 0,
        ranked: bool = True,
        followers: int = 0,
        **more: Any,
    ) -> int:
        number = self._next()
        values = {
            "iri": f"https://forum.example/post/{number}",
            "local": True,
            "community_id": place,
            "author_id": author,
            "wire_type": "Page",
            "title": f"Post {number}",
            "published_at": NOON + timedelta(minutes=number),
            "upvotes": max(score, 0),
            "downvotes": max(-score, 0),
            **more,
        }
        made = self.conn.execute(insert(post).values(values).returning(post.c.id)).scalar_one()
        self._count(values, posts=1)
        if ranked:
            at, score = values["published_at"], values["upvotes"] - values["downvotes"]
            rank = {"post_id": made, "community_id": place, "published_at": at}
            self.conn.execute(
                insert(post_rank).values(
                    hot=hot_key(score, at),
                    active=active_key(score, at, values.get("last_comment_at")),
                    controversy=controversy(values["upvotes"], values["downvotes"]),
                    score=score,
                    scaled=scaled_key(score, at, followers),
                    comments=values.get("comments", 0),
                    commented_at=max(at, values.get("last_comment_at") or at),
                    **rank,
                )
            )
        return int(made)

    def comment(
        self,
        on: int,
        author: int,
        parent: Comment | None = None,
        *,
        ranked: bool = True,
        **more: Any,
    ) -> Comment:
        number = self._next()
        values = {
            "iri": f"https://forum.example/comment/{number}",
            "local": True,
            "post_id": on,
            "parent_id": parent.id if parent else None,
            "depth": parent.depth + 1 if parent else 0,
            "author_id": author,
            "body_source": f"text {number}",
            "body_html": f"<p>text {number}</p>",
            "published_at": NOON + timedelta(minutes=number),
            "upvotes": 0,
            "downvotes": 0,
            **more,
        }
        made = self.conn.execute(insert(comment).values(values).returning(comment.c.id))
        own = made.scalar_one()
        path = f"{parent.path}.{own:012d}" if parent else f"{own:012d}"
        self.conn.execute(comment.update().where(comment.c.id == own).values(path=path))
        if ranked:
            made_at, ups, downs = (
                values[name] for name in ("published_at", "upvotes", "downvotes")
            )
            place = select(post.c.community_id).where(post.c.id == on).scalar_subquery()
            self.insert(
                comment_rank,
                comment_id=own,
                community_id=place,
                hot=comment_hot(ups - downs, made_at),
                controversy=controversy(ups, downs),
                score=ups - downs,
                published_at=made_at,
            )
        self._count(values, comments=1)
        return get_comment(self.conn, own)

    def _count(self, values: dict[str, Any], **change: int) -> None:
        if values.get("deleted_at") is None and values.get("removed_at") is None:
            row = {"author_id": values["author_id"], "posts": 0, "comments": 0, **change}
            add_up(self.conn, author_counts, row, key=["author_id"])

    def message(self, author: int, recipient: int, **more: Any) -> None:
        values = {
            "iri": f"https://forum.example/message/{self._next()}",
            "local": True,
            "author_id": author,
            "recipient_id": recipient,
            "body_source": "Hello",
            "body_html": "<p>Hello</p>",
            "published_at": NOON,
        }
        self.insert(message, **(values | more))

    def insert(self, table: Table, **values: Any) -> None:
        """Inserts a row into a table that has no method of its own here."""
        self.conn.execute(insert(table).values(values))

    def follow(self, follower: int, target: int, state: str = "accepted") -> None:
        self.conn.execute(
            insert(follow).values(
                follower_id=follower,
                target_id=target,
                iri=f"https://forum.example/follow/{self._next()}",
                state=state,
                created_at=NOON,
            )
        )

    def vote(
        self, voter: int, score: int, *, post: int = 0, comment: int = 0, at: datetime = NOON
    ) -> None:
        table, key = (post_vote, "post_id") if post else (comment_vote, "comment_id")
        values = {key: post or comment, "voter_id": voter, "score": score}
        iri = f"https://forum.example/like/{self._next()}"
        self.conn.execute(insert(table).values(iri=iri, voted_at=at, **values))
