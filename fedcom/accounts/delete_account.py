"""The end of an account: the person leaves, and what was only theirs is wiped."""

from sqlalchemy import delete

from fedcom.accounts.members import delete_login, get_member, is_last_admin, lock_admins
from fedcom.actions.delete_actor import DeleteActor, forget_followers
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.errors import Conflict
from fedcom.models.notification import notification
from fedcom.models.personal import (
    actor_block,
    draft,
    hidden_post,
    host_block,
    post_visit,
    saved_comment,
    saved_post,
    sent_form,
)

_SHELVES = (
    *(saved_post, saved_comment, hidden_post, actor_block, host_block, post_visit, draft),
    sent_form,
)


def delete_account(ctx: Context, person_id: int, *, removes_content: bool) -> None:
    """Let the member leave for ever; other servers are told.

    With `removes_content` all they wrote is blanked, here and there; else it stays, under the name,
    which nobody can take again. Raises NotFound, and Conflict("last_admin").
    """
    member = get_member(ctx.conn, person_id)
    if member.is_admin:
        lock_admins(ctx.conn)
        if is_last_admin(ctx.conn, person_id):
            raise Conflict(
                "last_admin", "You are the only admin. Make somebody else an admin first."
            )
    perform(ctx, DeleteActor(by=member.person, removes_content=removes_content))
    forget_followers(ctx, member.person)
    for shelf in _SHELVES:
        ctx.conn.execute(delete(shelf).where(shelf.c.person_id == person_id))
    ctx.conn.execute(delete(notification).where(notification.c.recipient_id == person_id))
    delete_login(ctx.conn, person_id)
