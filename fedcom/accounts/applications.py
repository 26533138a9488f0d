"""Applications of people who want to join: the list, and what an admin decides.

A denied applicant can still log in, only to read the reason, and an admin may approve them after
all. After `DENIED_KEPT` the login is deleted and the person marked as such; the name cannot be used
again, because others may have seen it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, exists, func, or_, select, update

from database.inserts import upsert
from database.pruning import Outdated
from fedcom.accounts.mail import write_decision
from fedcom.accounts.members import MEMBERS, Member, delete_login, end_resets, to_member
from fedcom.context import Context
from fedcom.errors import Denied, NotFound
from fedcom.models.account import Decision, account, application_decision, two_factor
from fedcom.models.actor import Person, actor
from fedcom.models.base import columns_of, to_row
from fedcom.models.site import Site
from fedcom.rules.limits import MAX_REASON, check_body
from fedcom.views.paging import Page, Start, is_past, one_page, page_values, to_page

DENIED_KEPT = timedelta(days=30)
"""How long a denied applicant can read the reason."""


@dataclass(frozen=True, slots=True)
class Application:
    """An applicant, or somebody who was one, and the decision, if there is one."""

    applicant: Member
    # Once they have been approved, they may have set it up.
    has_two_factor: bool
    decision: Decision | None

    @property
    def id(self) -> int:
        """Its number, which is the applicant's row id."""
        return self.applicant.person.id


@dataclass(frozen=True, slots=True)
class NewDecision:
    """Whether an application is approved, and if not, why; whether this server can send mail."""

    approved: bool
    reason: str
    sends_mail: bool


_IS_WAITING = account.c.state == "pending"
_IS_UNDECIDED = application_decision.c.account_id.is_(None)
_HAS_TWO_FACTOR = exists().where(
    two_factor.c.account_id == account.c.actor_id, two_factor.c.confirmed_at.is_not(None)
)
_APPLICATIONS = (
    MEMBERS.add_columns(
        *columns_of(Decision, application_decision, prefix="decision_"),
        _HAS_TWO_FACTOR.label("has_two_factor"),
    )
    .outerjoin(application_decision, application_decision.c.account_id == account.c.actor_id)
    .where(actor.c.deleted_at.is_(None), or_(_IS_WAITING, ~_IS_UNDECIDED))
)
_WAITING = one_page(
    _APPLICATIONS.where(_IS_WAITING, _IS_UNDECIDED).order_by(account.c.created_at, actor.c.id)
)
_ALL = one_page(_APPLICATIONS.where(is_past(actor.c.id)).order_by(actor.c.id.desc()))
_DENIED = one_page(
    _APPLICATIONS.where(_IS_WAITING, ~_IS_UNDECIDED).order_by(
        application_decision.c.decided_at.desc(), actor.c.id.desc()
    )
)


def list_waiting(conn: Connection, *, after: Start = None, limit: int = 50) -> Page[Application]:
    """Applications without a decision, the longest-waiting first."""
    return _list(conn, _WAITING, after, limit)


def list_denied(conn: Connection, *, after: Start = None, limit: int = 50) -> Page[Application]:
    """The applications denied in the last `DENIED_KEPT`, the last denied first."""
    return _list(conn, _DENIED, after, limit)


def list_applications(
    conn: Connection, *, after: Start = None, limit: int = 50
) -> Page[Application]:
    """All applications, with and without a decision, newest first."""
    return _list(conn, _ALL, after, limit)


def _list(conn: Connection, which: Select[Any], after: Start, limit: int) -> Page[Application]:
    rows = conn.execute(which, page_values(after, limit)).mappings().all()
    return to_page(rows, limit, _to_application, "id")


def _to_application(row: RowMapping) -> Application:
    is_decided = row["decision_account_id"] is not None
    decision = to_row(Decision, row, "decision_") if is_decided else None
    return Application(to_member(row), bool(row["has_two_factor"]), decision)


def count_waiting(conn: Connection) -> int:
    """How many applications wait for a decision."""
    return conn.execute(
        select(func.count())
        .select_from(
            account.join(actor, actor.c.id == account.c.actor_id).outerjoin(
                application_decision, application_decision.c.account_id == account.c.actor_id
            )
        )
        .where(_IS_WAITING, _IS_UNDECIDED, actor.c.deleted_at.is_(None))
    ).scalar_one()


def get_application(conn: Connection, person_id: int) -> Application:
    """The application of this person. Raises NotFound."""
    row = conn.execute(_APPLICATIONS.where(actor.c.id == person_id)).mappings().first()
    if row is None:
        raise NotFound("couldnt_find_registration_application", "No application with this id.")
    return _to_application(row)


def approve(ctx: Context, person_id: int, by: Person | None = None) -> Member:
    """Activate a pending account, also one that was denied. Raises NotFound for any other id."""
    _get_pending(ctx.conn, person_id)
    ctx.conn.execute(update(account).where(account.c.actor_id == person_id).values(state="active"))
    _decide(ctx, person_id, by, approved=True)
    return get_application(ctx.conn, person_id).applicant


def deny(ctx: Context, person_id: int, by: Person | None = None, reason: str = "") -> None:
    """Reject a pending account, for a reason that the applicant can read.

    Raises NotFound for any other id, and Invalid for a reason that is too long.
    """
    why = check_body(reason, MAX_REASON)
    _get_pending(ctx.conn, person_id)
    end_resets(ctx.conn, person_id)
    _decide(ctx, person_id, by, approved=False, reason=why)


def decide(
    ctx: Context, site: Site, by: Person, application: Application, verdict: NewDecision
) -> Application:
    """Approve or deny as an admin, and write to the applicant if `verdict.sends_mail`.

    Raises what `approve` and `deny` raise.
    """
    if verdict.approved:
        approve(ctx, application.id, by)
    else:
        deny(ctx, application.id, by, verdict.reason)
    address = application.applicant.account.contact
    if verdict.sends_mail and address is not None:
        write_decision(
            ctx,
            site,
            application.applicant,
            address,
            approved=verdict.approved,
            reason="" if verdict.approved else verdict.reason.strip(),
        )
    return get_application(ctx.conn, application.id)


def refuse_applicant(conn: Connection, person_id: int) -> None:
    """Raise Denied to a pending account that logs in: `registration_denied` with the reason, else
    `registration_application_is_pending`.
    """
    decision = get_application(conn, person_id).decision
    if decision is None or decision.approved:
        raise Denied(
            "registration_application_is_pending", "Your application is still waiting for approval."
        )
    if decision.deny_reason:
        raise Denied(
            "registration_denied",
            "Your application was denied. The reason given: %(reason)s",
            reason=decision.deny_reason,
        )
    raise Denied("registration_denied", "Your application was denied.")


def old_denials(now: datetime) -> Outdated:
    """The accounts of applicants denied more than `DENIED_KEPT` ago."""
    old = application_decision.c.decided_at < now - DENIED_KEPT
    found = (
        select(account.c.actor_id)
        .join(application_decision, application_decision.c.account_id == account.c.actor_id)
        .where(_IS_WAITING, old)
    )

    def find(conn: Connection, most: int) -> Sequence[int]:
        return conn.execute(found.limit(most)).scalars().all()

    def drop(conn: Connection, ids: Sequence[int]) -> int:
        # One may have been approved meanwhile.
        gone = conn.execute(found.where(account.c.actor_id.in_(ids))).scalars().all()
        for person_id in gone:
            delete_login(conn, person_id)
            conn.execute(update(actor).where(actor.c.id == person_id).values(deleted_at=now))
        return len(gone)

    return Outdated(find, drop)


def _get_pending(conn: Connection, person_id: int) -> None:
    if get_application(conn, person_id).applicant.account.state != "pending":
        raise NotFound(
            "couldnt_find_registration_application", "No pending application with this id."
        )


def _decide(
    ctx: Context, person_id: int, by: Person | None, *, approved: bool, reason: str = ""
) -> None:
    row = {
        "account_id": person_id,
        "admin_id": by.id if by else None,
        "approved": approved,
        "deny_reason": reason,
        "decided_at": ctx.now,
    }
    upsert(ctx.conn, application_decision, row, key=("account_id",))
