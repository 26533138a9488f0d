"""Account deletion: the person is deleted, and everything that only they could see is wiped."""

from fedcom.accounts.mail import drop_mail_to
from fedcom.accounts.members import delete_login, get_member, is_last_admin, lock_admins
from fedcom.actions.delete_actor import DeleteActor, forget_followers
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.effects.wipe import wipe_personal
from fedcom.errors import Conflict


def delete_account(ctx: Context, person_id: int, *, removes_content: bool) -> None:
    """Delete the member and their account, and tell other servers.

    With `removes_content` everything they wrote is blanked, here and elsewhere; without, it stays
    under their name, which can never be taken again. `fedcom.effects.wipe` lists what is deleted
    and what is kept. Raises NotFound, and Conflict("last_admin").
    """
    member = get_member(ctx.conn, person_id)
    if member.is_admin:
        lock_admins(ctx.conn)
        if is_last_admin(ctx.conn, person_id):
            raise Conflict(
                "last_admin", "You are the only admin. Make someone else an admin first."
            )
    perform(ctx, DeleteActor(by=member.person, removes_content=removes_content))
    forget_followers(ctx, member.person)
    wipe_personal(ctx.conn, person_id)
    if member.account.unconfirmed_email is not None:
        drop_mail_to(ctx.conn, member.account.unconfirmed_email)
    delete_login(ctx.conn, person_id)
