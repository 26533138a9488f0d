"""Applications of people who want to join."""

from collections.abc import Mapping
from datetime import datetime

from fedcom.accounts.applications import Application
from fedcom.api.endpoint import Shape
from fedcom.api.v3.shapes.person import Person, PersonAggregates, person
from fedcom.api.v3.shapes.site import LocalUser, local_user_view
from fedcom.views.full import FullPerson


class RegistrationApplication(Shape):
    """An application; its number is that of the person. `admin_id` is set once it is decided."""

    id: int
    local_user_id: int
    answer: str
    admin_id: int | None = None
    deny_reason: str | None = None
    published: datetime


class RegistrationApplicationView(Shape):
    """An application with the applicant, and with the admin who decided."""

    registration_application: RegistrationApplication
    creator_local_user: LocalUser
    creator: Person
    admin: Person | None = None


def application_view(
    of: Application, people: Mapping[int, FullPerson], now: datetime
) -> RegistrationApplicationView:
    """An application with its people."""
    decision = of.decision
    admin = people.get(decision.admin_id) if decision and decision.admin_id else None
    full = people[of.id]
    creator = person(full, now)
    counts = PersonAggregates(person_id=full.id, post_count=full.posts, comment_count=full.comments)
    user = local_user_view(of.applicant.account, creator, counts, has_two_factor=of.has_two_factor)
    return RegistrationApplicationView(
        registration_application=RegistrationApplication(
            id=of.id,
            local_user_id=of.id,
            answer=of.applicant.account.application,
            admin_id=admin.id if admin else None,
            deny_reason=(decision.deny_reason or None) if decision else None,
            published=of.applicant.account.created_at,
        ),
        creator_local_user=user.local_user,
        creator=creator,
        admin=person(admin, now) if admin else None,
    )
