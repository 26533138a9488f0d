"""BlockPerson: a remote person blocks a member, or ends the block.

It arrives as a Block without a target (Mastodon, GoToSocial, Misskey), and is private: only the
member is told, and only when they write to the person who blocked them. A member's own block is no
action: no server is told of it (`fedcom.personal.blocks`).
"""

from dataclasses import dataclass

from sqlalchemy import delete

from database.inserts import insert_ignoring
from fedcom.actions.base import Action
from fedcom.context import Context
from fedcom.models.actor import Person
from fedcom.models.personal import actor_block


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPerson(Action[None]):
    """`by` blocks a local member, or ends the block."""

    by: Person
    person: Person
    blocked: bool

    def check(self, ctx: Context) -> None:
        """Anyone may."""

    def apply(self, ctx: Context) -> None:
        """Insert or delete the row."""
        if self.blocked:
            row = {"person_id": self.by.id, "blocked_id": self.person.id, "blocked_at": ctx.now}
            insert_ignoring(ctx.conn, actor_block, row)
            return
        mine = actor_block.c.person_id == self.by.id
        ctx.conn.execute(
            delete(actor_block).where(mine, actor_block.c.blocked_id == self.person.id)
        )
