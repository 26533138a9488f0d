"""Purges: an admin erases a person, a community, a post or a comment from this server for good.

What is purged is hidden at once, and servers that have it are told as of a removal (Lemmy 0.19);
its rows and pictures are erased in the background (`erasure`). The modlog keeps the reason and does
not name what was purged. An id of another server is refused from then on.

A purged comment takes the replies below it along, and a person everything below what they wrote: a
reply quotes, and without its parent it has no place (docs/decisions/0047).
"""

from datetime import timedelta

from sqlalchemy import insert

from database.inserts import insert_ignoring
from fedcom.accounts.mail import drop_mail_to
from fedcom.accounts.members import delete_login, find_account
from fedcom.actions.ban import Ban
from fedcom.actions.close import CloseCommunity
from fedcom.actions.perform import perform
from fedcom.actions.purge_actor import PurgeActor
from fedcom.actions.remove import RemoveContent
from fedcom.actions.take_down import take_down
from fedcom.context import Context
from fedcom.effects.modlog import LogEntry, log_unnoticed
from fedcom.errors import Conflict, Denied, NotFound
from fedcom.models.actor import Community, Person
from fedcom.models.digest import digest_of
from fedcom.models.moderation import ModlogKind
from fedcom.models.post import Post
from fedcom.models.purge import PurgeKind, purge, purged
from fedcom.queries.actors import get_community, is_admin, standing
from fedcom.queries.content import Content, community_of, post_of
from fedcom.queries.purged import is_being_purged
from fedcom.rules.limits import MAX_REASON, check_body
from fedcom.rules.permissions import must_be_admin

KEYS_KEPT = timedelta(days=8)
"""How long a purged local actor can still sign its Delete, which is retried for a week."""


def purge_content(ctx: Context, by: Person, target: Content, reason: str = "") -> None:
    """Purge a post with its comments, or a comment with the replies below it.

    Servers that have it are told that it was removed, or that its author deleted it if that is a
    member in a community elsewhere. Raises Denied for everyone but admins, Invalid, and Conflict if
    it is being purged already.
    """
    why = _check(ctx, by, reason)
    is_post = isinstance(target, Post)
    _enqueue(ctx, "post" if is_post else "comment", target.id, None if target.local else target.iri)
    community = community_of(ctx.conn, target)
    if target.removed_at is None:
        if standing(ctx.conn, by, community).may_moderate:
            perform(ctx, RemoveContent(by=by, target=target, reason=why))
        else:
            perform(ctx, take_down(ctx, by, target, why))
    kind: ModlogKind = "purge_post" if is_post else "purge_comment"
    entry = LogEntry(by=by, kind=kind, community=community, reason=why)
    if is_post:
        log_unnoticed(ctx, entry, "")
    else:
        log_unnoticed(ctx, entry, post_of(ctx.conn, target).iri, "post")


def purge_person(ctx: Context, by: Person, person: Person, reason: str = "") -> None:
    """Purge a person with everything that they wrote and did, and all below it.

    A member's Delete is sent to all servers; a remote person is banned from our communities. Raises
    Denied for everyone but admins, and for admins as the person; Invalid, NotFound for the server's
    own actor, for Groups and for applicants, Conflict if they are being purged already.
    """
    why = _check(ctx, by, reason)
    if person.kind == "Group" or (person.local and person.kind == "Application"):
        raise NotFound("couldnt_find_person", "User not found.")
    _enqueue(ctx, "person", person.id, None if person.local else person.iri)
    if person.local:
        _end_member(ctx, by, person)
    else:
        ban = Ban(
            by=by,
            person=person,
            community=None,
            reason=why,
            removes_content=True,
            erases=True,
        )
        perform(ctx, ban)
    log_unnoticed(ctx, LogEntry(by=by, kind="purge_person", community=None, reason=why), "")


def purge_community(ctx: Context, by: Person, community: Community, reason: str = "") -> None:
    """Purge a community with everything in it.

    Followers of a local one are told that it was closed, and all servers that it was deleted. A
    remote one continues there. Raises Denied for everyone but admins, Invalid, and Conflict if it
    is being purged already.
    """
    why = _check(ctx, by, reason)
    _enqueue(ctx, "community", community.id, None if community.local else community.iri)
    if community.removed_at is None:
        perform(ctx, CloseCommunity(by=by, community=community, reason=why))
    if community.local:
        perform(ctx, PurgeActor(by=get_community(ctx.conn, community.id), admin=by))
    log_unnoticed(ctx, LogEntry(by=by, kind="purge_community", community=None, reason=why), "")


def _check(ctx: Context, by: Person, reason: str) -> str:
    """The reason as it is stored."""
    must_be_admin(by, is_admin(ctx.conn, by.id), ctx.now)
    return check_body(reason, MAX_REASON)


def _enqueue(ctx: Context, kind: PurgeKind, target_id: int, remote_iri: str | None) -> None:
    if is_being_purged(ctx.conn, kind, target_id):
        raise Conflict("already_purged", "It is already being purged.")
    values = {"kind": kind, "target_id": target_id, "created_at": ctx.now, "due_at": ctx.now}
    ctx.conn.execute(insert(purge).values(values))
    if remote_iri is not None:
        insert_ignoring(ctx.conn, purged, {"digest": digest_of(remote_iri)})


def _end_member(ctx: Context, by: Person, person: Person) -> None:
    login = find_account(ctx.conn, person.id)
    if login is not None:
        if login.is_admin:
            raise Denied(
                "cannot_purge_admin", "Admins cannot be purged. Remove them as admin first."
            )
        if login.state == "pending":
            raise NotFound("couldnt_find_person", "User not found.")
        if login.unconfirmed_email is not None:
            drop_mail_to(ctx.conn, login.unconfirmed_email)
        delete_login(ctx.conn, person.id)
    if person.deleted_at is None:
        perform(ctx, PurgeActor(by=person, admin=by))
