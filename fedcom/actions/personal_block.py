"""BlockPerson: somebody elsewhere wants to hear no more of a member, or does again.

On the wire it is a Block without a target (Mastodon, GoToSocial, Misskey), and private: nobody but
the member is told, and only when they write to whoever blocked them. What members block is no
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
    """`by` blocks a member here, or ends that."""

    by: Person
    person: Person
    blocked: bool

    def check(self, ctx: Context) -> None:
        """Anybody may."""

    def apply(self, ctx: Context) -> None:
        """Write or delete the row."""
        if self.blocked:
            row = {"person_id": self.by.id, "blocked_id": self.person.id, "blocked_at": ctx.now}
            insert_ignoring(ctx.conn, actor_block, row)
            return
        mine = actor_block.c.person_id == self.by.id
        ctx.conn.execute(
            delete(actor_block).where(mine, actor_block.c.blocked_id == self.person.id)
        )
