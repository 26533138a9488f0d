"""What a new admin does next, as a list that ticks itself.

Most steps show in what is stored anyway; the test mail and the backup leave a mark.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select, update

from fedcom.models.account import account, invitation, invited_member
from fedcom.models.actor import actor, community
from fedcom.models.rule import rule
from fedcom.models.site import Site, site
from fedcom.queries.visibility import is_open

StepName = Literal[
    "logo", "description", "rules", "pages", "community", "mail", "backup", "invitation", "member"
]

Mark = Literal["mail_tested_at", "backed_up_at"]


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One step, and whether it is done."""

    name: StepName
    is_done: bool


def list_steps(conn: Connection, found: Site) -> list[FirstStep]:
    """All steps, in the order in which they are best taken."""
    own = actor.join(community, community.c.actor_id == actor.c.id)
    has_community = exists().select_from(own).where(actor.c.local, is_open(actor))
    members = select(func.count()).where(account.c.state == "active").scalar_subquery()
    has_invited = or_(exists(select(invitation.c.id)), exists(select(invited_member.c.by_id)))
    facts: dict[str, ColumnElement[bool]] = {
        "rules": exists(select(rule.c.id).where(rule.c.community_id.is_(None))),
        "community": has_community,
        "invitation": has_invited,
        "member": members > 1,
    }
    row = conn.execute(select(*(fact.label(name) for name, fact in facts.items()))).one()
    return [
        FirstStep("logo", found.logo is not None),
        FirstStep("description", found.description_source != ""),
        FirstStep("rules", bool(row.rules) or found.rules_source != ""),
        FirstStep("pages", found.legal_source != "" or found.pages != ""),
        FirstStep("community", bool(row.community)),
        FirstStep("mail", found.mail_tested_at is not None),
        FirstStep("backup", found.backed_up_at is not None),
        FirstStep("invitation", bool(row.invitation)),
        FirstStep("member", bool(row.member)),
    ]


def mark_step(conn: Connection, mark: Mark, now: datetime) -> None:
    """Note that a test mail has arrived (`mail_tested_at`) or that a backup was made
    (`backed_up_at`).
    """
    conn.execute(update(site).values({mark: now}))


def hide_steps(conn: Connection, *, hidden: bool) -> None:
    """Do not show the list to the admins, or show it again."""
    conn.execute(update(site).values(hides_first_steps=hidden))
