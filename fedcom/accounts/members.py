"""The accounts of this instance: found, promoted, given another password."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from fedcom.accounts.sessions import end_all_sessions
from fedcom.effects.wipe import wipe_login
from fedcom.errors import Conflict, NotFound
from fedcom.models.account import Account, account, password_reset
from fedcom.models.actor import Person, actor
from fedcom.models.base import columns_of, to_row
from fedcom.models.mail import mail


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with an account here: the person everybody sees, and the login."""

    person: Person
    account: Account

    @property
    def is_admin(self) -> bool:
        """May run the instance."""
        return self.account.is_admin


def find_account(conn: Connection, person_id: int) -> Account | None:
    """The login of a person; None when they have none (people of other servers, for one)."""
    row = (
        conn.execute(select(*columns_of(Account, account)).where(account.c.actor_id == person_id))
        .mappings()
        .first()
    )
    return None if row is None else to_row(Account, row)


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
    # No database takes a NUL or half a character, and neither is in any name.
    wanted = name_or_email.replace("\0", "?").encode("utf-8", "replace").decode().strip().lower()
    column = account.c.email if "@" in wanted else actor.c.name
    number = conn.execute(
        select(actor.c.id)
        .join(account, account.c.actor_id == actor.c.id)
        .where(column == wanted, actor.c.local, actor.c.deleted_at.is_(None))
    ).scalar()
    return None if number is None else get_member(conn, number)


_PEOPLE, _LOGINS = columns_of(Person, actor), columns_of(Account, account)
_MEMBERS = select(*_PEOPLE, *_LOGINS).join(account, account.c.actor_id == actor.c.id)


def get_member(conn: Connection, person_id: int) -> Member:
    """Person and login by row id. Raises NotFound."""
    row = conn.execute(_MEMBERS.where(actor.c.id == person_id)).first()
    if row is None:
        raise _no_account()
    return _to_member(row)


def _to_member(row: Sequence[Any]) -> Member:
    return Member(Person(*row[: len(_PEOPLE)]), Account(*row[len(_PEOPLE) :]))


def list_members(
    conn: Connection, state: Literal["active", "pending"], *, after: int = 0, limit: int = 50
) -> list[Member]:
    """Accounts in this state, the oldest first, beginning behind row id `after`."""
    return _list(conn, account.c.state == state, after, limit)


def search_members(
    conn: Connection, text: str = "", *, after: int = 0, limit: int = 50
) -> list[Member]:
    """Active members whose name, chosen name or address has `text`, the oldest first, behind
    row id `after`."""
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
        _MEMBERS.where(which, actor.c.deleted_at.is_(None), actor.c.id > after)
        .order_by(actor.c.id)
        .limit(limit)
    )
    return [_to_member(row) for row in rows]


def set_role(conn: Connection, person_id: int, role: Literal["admin", "member"]) -> Account:
    """Promote or demote; all sessions of the account end, so that no old one has new powers.

    Raises NotFound, and Conflict("last_admin") for demoting the only admin.
    """
    login = get_account(conn, person_id)
    if login.role == role:
        return login
    if role == "member":
        lock_admins(conn)
        if is_last_admin(conn, person_id):
            raise Conflict("last_admin", "The only admin cannot be demoted.")
    conn.execute(update(account).where(account.c.actor_id == person_id).values(role=role))
    end_all_sessions(conn, person_id)
    return get_account(conn, person_id)


def set_password(
    conn: Connection, person_id: int, password_hash: str, *, keep_session: int | None = None
) -> None:
    """Give the account another password and end its sessions (all but `keep_session`, a row id)
    and the links to choose one.

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
    on. False, and nothing, when the password was changed meanwhile.
    """
    same = (account.c.actor_id == person_id, account.c.password_hash == verified)
    return conn.execute(update(account).where(*same).values(password_hash=stronger)).rowcount == 1


def end_resets(conn: Connection, person_id: int) -> None:
    """Let no link to choose another password be good any more."""
    conn.execute(delete(password_reset).where(password_reset.c.account_id == person_id))


def delete_login(conn: Connection, person_id: int) -> None:
    """Delete the account, its sessions, its links to reset the password, and mail queued for it."""
    for address in (account.c.email, account.c.unconfirmed_email):
        own = select(address).where(account.c.actor_id == person_id).scalar_subquery()
        conn.execute(delete(mail).where(mail.c.recipient == own))
    wipe_login(conn, person_id)


_ADMIN = (account.c.role == "admin") & (account.c.state == "active")


def lock_admins(conn: Connection) -> None:
    """Until the transaction ends nobody else makes an admin less: of two who go at once, the second
    sees that the first has gone.
    """
    conn.execute(
        select(account.c.actor_id).where(_ADMIN).order_by(account.c.actor_id).with_for_update()
    )


def is_last_admin(conn: Connection, person_id: int) -> bool:
    """Whether nobody would run this instance without this person."""
    others = select(account.c.actor_id).where(_ADMIN, account.c.actor_id != person_id).limit(1)
    return conn.execute(others).first() is None
