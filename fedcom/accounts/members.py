"""The accounts of this instance: find them, change role and password."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)

from fedcom.accounts.sessions import end_all_sessions
from fedcom.context import Context
from fedcom.effects.modlog import LogEntry, log_person
from fedcom.effects.wipe import wipe_login
from fedcom.errors import Conflict, NotFound
from fedcom.models.account import IS_ADMIN, Account, account, password_reset
from fedcom.models.actor import Person, actor
from fedcom.models.base import columns_of, first_row, to_row
from fedcom.models.mail import mail
from fedcom.models.moderation import ModlogKind


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with an account here: the public person and the private login."""

    person: Person
    account: Account

    @property
    def is_admin(self) -> bool:
        """Whether they may run the instance."""
        return self.account.is_admin


def find_account(conn: Connection, person_id: int) -> Account | None:
    """The login of a person; None when they have none, such as people on other servers."""
    found = select(*columns_of(Account, account)).where(account.c.actor_id == person_id)
    return first_row(Account, conn.execute(found))


def get_account(conn: Connection, person_id: int) -> Account:
    """As `find_account`. Raises NotFound."""
    found = find_account(conn, person_id)
    if found is None:
        raise _no_account()
    return found


def _no_account() -> NotFound:
    return NotFound("couldnt_find_that_username_or_email", "Account not found.")


def find_member(conn: Connection, name_or_email: str) -> Member | None:
    """The account with this name or confirmed e-mail address, whatever its state; None for deleted
    people."""
    # No database accepts a NUL or a lone surrogate, and no name contains one.
    wanted = name_or_email.replace("\0", "?").encode("utf-8", "replace").decode().strip().lower()
    column = account.c.email if "@" in wanted else actor.c.name
    member_id = conn.execute(
        select(actor.c.id)
        .join(account, account.c.actor_id == actor.c.id)
        .where(column == wanted, actor.c.local, actor.c.deleted_at.is_(None))
    ).scalar()
    return None if member_id is None else get_member(conn, member_id)


MEMBERS = select(*columns_of(Person, actor), *columns_of(Account, account, prefix="account_")).join(
    account, account.c.actor_id == actor.c.id
)
"""People with their logins, for `to_member`."""


def get_member(conn: Connection, person_id: int) -> Member:
    """Person and login by row id. Raises NotFound."""
    row = conn.execute(MEMBERS.where(actor.c.id == person_id)).mappings().first()
    if row is None:
        raise _no_account()
    return to_member(row)


def to_member(row: RowMapping) -> Member:
    """The person and login of a row of `MEMBERS`."""
    return Member(to_row(Person, row), to_row(Account, row, "account_"))


def list_members(conn: Connection, *, after: int = 0, limit: int = 50) -> list[Member]:
    """Active accounts, oldest first, with row ids above `after`."""
    return _list(conn, account.c.state == "active", after, limit)


def search_members(
    conn: Connection, text: str = "", *, after: int = 0, limit: int = 50
) -> list[Member]:
    """Active members whose name, display name or address contains `text`, oldest first, with row
    ids above `after`."""
    wanted = text.strip().replace("\0", "")
    fits = or_(
        *(
            func.lower(column).contains(wanted.lower(), autoescape=True)
            for column in (
                actor.c.name,
                actor.c.title,
                account.c.email,
                account.c.unconfirmed_email,
            )
        )
    )
    is_active = account.c.state == "active"
    return _list(conn, and_(is_active, fits) if wanted else is_active, after, limit)


def _list(conn: Connection, which: ColumnElement[bool], after: int, limit: int) -> list[Member]:
    rows = conn.execute(
        MEMBERS.where(which, actor.c.deleted_at.is_(None), actor.c.id > after)
        .order_by(actor.c.id)
        .limit(limit)
    ).mappings()
    return [to_member(row) for row in rows]


def set_role(conn: Connection, person_id: int, role: Literal["admin", "member"]) -> Account:
    """Promote or demote; all sessions of the account end, so that none gains or keeps powers.

    Raises NotFound, and Conflict("last_admin") for demoting the only admin.
    """
    login = get_account(conn, person_id)
    if login.role == role:
        return login
    if role == "member":
        lock_admins(conn)
        if is_last_admin(conn, person_id):
            raise Conflict("last_admin", "The only admin cannot be removed as admin.")
    conn.execute(update(account).where(account.c.actor_id == person_id).values(role=role))
    end_all_sessions(conn, person_id)
    return get_account(conn, person_id)


def change_role_of(
    ctx: Context, by: Person, person_id: int, role: Literal["admin", "member"]
) -> None:
    """As `set_role`, by an admin: with an entry in the modlog, of which the member is notified."""
    member = get_member(ctx.conn, person_id)
    if member.account.role == role:
        return
    set_role(ctx.conn, person_id, role)
    kind: ModlogKind = "add_admin" if role == "admin" else "remove_admin"
    log_person(ctx, LogEntry(by=by, kind=kind, community=None), member.person)


def set_password(
    conn: Connection, person_id: int, password_hash: str, *, keep_session: int | None = None
) -> None:
    """Set another password; end the account's sessions (all but the row id `keep_session`) and its
    links to reset the password.

    Raises NotFound.
    """
    get_account(conn, person_id)
    conn.execute(
        update(account).where(account.c.actor_id == person_id).values(password_hash=password_hash)
    )
    end_all_sessions(conn, person_id, but=keep_session)
    end_resets(conn, person_id)


def replace_hash(conn: Connection, person_id: int, verified: str, stronger: str) -> bool:
    """Store another hash of the same password in place of the one that was verified; sessions go
    on. False, and nothing stored, if the password was changed meanwhile.
    """
    same = (account.c.actor_id == person_id, account.c.password_hash == verified)
    return conn.execute(update(account).where(*same).values(password_hash=stronger)).rowcount == 1


def end_resets(conn: Connection, person_id: int) -> None:
    """Invalidate all links to reset the account's password."""
    conn.execute(delete(password_reset).where(password_reset.c.account_id == person_id))


def delete_login(conn: Connection, person_id: int) -> None:
    """Delete the account, its sessions, its links to reset the password, and mail queued for its
    confirmed address.
    """
    address = select(account.c.email).where(account.c.actor_id == person_id).scalar_subquery()
    conn.execute(delete(mail).where(mail.c.recipient == address))
    wipe_login(conn, person_id)


_ADMIN = IS_ADMIN & (account.c.state == "active")


def lock_admins(conn: Connection) -> None:
    """Until the transaction ends, no other can remove an admin: if two leave at the same time, the
    second sees that the first is gone.
    """
    conn.execute(
        select(account.c.actor_id).where(_ADMIN).order_by(account.c.actor_id).with_for_update()
    )


def is_last_admin(conn: Connection, person_id: int) -> bool:
    """Whether this person is the only admin."""
    others = select(account.c.actor_id).where(_ADMIN, account.c.actor_id != person_id).limit(1)
    return conn.execute(others).first() is None
