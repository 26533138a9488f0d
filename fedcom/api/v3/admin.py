"""What admins do: purging, bans from the whole site, admins, and applications."""

from collections.abc import Sequence

from fedcom.accounts.applications import (
    Application,
    NewDecision,
    count_waiting,
    decide,
    get_application,
    list_applications,
    list_waiting,
)
from fedcom.accounts.members import change_role_of
from fedcom.api.caller import Caller, unless_unchanged
from fedcom.api.endpoint import NoParameters, Parameters, Resource, Shape
from fedcom.api.v3.ban import Banning, set_ban
from fedcom.api.v3.known import person_views
from fedcom.api.v3.params import Id, Limit, PageAt, check_reason, page_of
from fedcom.api.v3.shapes.application import RegistrationApplicationView, application_view
from fedcom.api.v3.shapes.person import PersonView
from fedcom.api.v3.shapes.responses import SUCCESS, SuccessResponse
from fedcom.queries.actors import get_community, get_person, list_admins
from fedcom.queries.bans import list_banned_people
from fedcom.queries.comments import get_comment
from fedcom.queries.posts import get_post
from fedcom.site.purge import purge_community, purge_content, purge_person
from fedcom.views.full import find_people

resource = Resource()


class PurgePerson(Parameters):
    """Whom to purge, and why."""

    person_id: Id
    reason: str | None = None


@resource.writes("POST", "/admin/purge/person")
def purge_a_person(caller: Caller, wanted: PurgePerson) -> SuccessResponse:
    """Erase a person with everything that they wrote and did."""
    target = get_person(caller.conn, wanted.person_id)
    with unless_unchanged():
        purge_person(caller.ctx, caller.person, target, check_reason(wanted.reason))
    return SUCCESS


class PurgeCommunity(Parameters):
    """What to purge, and why."""

    community_id: Id
    reason: str | None = None


@resource.writes("POST", "/admin/purge/community")
def purge_a_community(caller: Caller, wanted: PurgeCommunity) -> SuccessResponse:
    """Erase a community with everything in it."""
    target = get_community(caller.conn, wanted.community_id)
    with unless_unchanged():
        purge_community(caller.ctx, caller.person, target, check_reason(wanted.reason))
    return SUCCESS


class PurgePost(Parameters):
    """What to purge, and why."""

    post_id: Id
    reason: str | None = None


@resource.writes("POST", "/admin/purge/post")
def purge_a_post(caller: Caller, wanted: PurgePost) -> SuccessResponse:
    """Erase a post with the comments on it."""
    target = get_post(caller.conn, wanted.post_id)
    with unless_unchanged():
        purge_content(caller.ctx, caller.person, target, check_reason(wanted.reason))
    return SUCCESS


class PurgeComment(Parameters):
    """What to purge, and why."""

    comment_id: Id
    reason: str | None = None


@resource.writes("POST", "/admin/purge/comment")
def purge_a_comment(caller: Caller, wanted: PurgeComment) -> SuccessResponse:
    """Erase a comment with the replies below it."""
    target = get_comment(caller.conn, wanted.comment_id)
    with unless_unchanged():
        purge_content(caller.ctx, caller.person, target, check_reason(wanted.reason))
    return SUCCESS


class AddAdmin(Parameters):
    """Appoint, or dismiss."""

    person_id: Id
    added: bool


class AddAdminResponse(Shape):
    """The admins now."""

    admins: list[PersonView]


@resource.writes("POST", "/admin/add")
def add_admin(caller: Caller, wanted: AddAdmin) -> AddAdminResponse:
    """Make a member an admin, or an admin a member; either has to log in again."""
    caller.check_admin()
    change_role_of(
        caller.ctx, caller.person, wanted.person_id, "admin" if wanted.added else "member"
    )
    return AddAdminResponse(admins=person_views(caller, list_admins(caller.conn)))


class BanPerson(Banning):
    """From the whole site."""


class BanPersonResponse(Shape):
    """The person, and whether they are banned now."""

    person_view: PersonView
    banned: bool


@resource.writes("POST", "/user/ban")
def ban_person(caller: Caller, wanted: BanPerson) -> BanPersonResponse:
    """Ban a person from the whole site as an admin, or end the ban."""
    return BanPersonResponse(person_view=set_ban(caller, wanted, None), banned=wanted.ban)


class BannedPersonsResponse(Shape):
    """Everybody who is banned from the whole site."""

    banned: list[PersonView]


@resource.reads("/user/banned")
def list_banned(caller: Caller, _wanted: NoParameters) -> BannedPersonsResponse:
    """Who is banned from the whole site, for admins, the last banned first."""
    caller.check_admin()
    return BannedPersonsResponse(
        banned=person_views(caller, list_banned_people(caller.conn, caller.now))
    )


class GetUnreadRegistrationApplicationCountResponse(Shape):
    """How many applications wait."""

    registration_applications: int


@resource.reads("/admin/registration_application/count")
def count_applications(
    caller: Caller, _wanted: NoParameters
) -> GetUnreadRegistrationApplicationCountResponse:
    """How many applications wait for an admin."""
    caller.check_admin()
    return GetUnreadRegistrationApplicationCountResponse(
        registration_applications=count_waiting(caller.conn)
    )


class ListRegistrationApplications(Parameters):
    """All applications, or those that wait."""

    unread_only: bool = False
    page: PageAt | None = None
    limit: Limit = 10


class ListRegistrationApplicationsResponse(Shape):
    """A page of applications."""

    registration_applications: list[RegistrationApplicationView]


@resource.reads("/admin/registration_application/list")
def list_all_applications(
    caller: Caller, wanted: ListRegistrationApplications
) -> ListRegistrationApplicationsResponse:
    """Applications for admins, newest first; the waiting ones alone oldest first."""
    caller.check_admin()
    read = list_waiting if wanted.unread_only else list_applications
    found = read(caller.conn, after=page_of(wanted.page), limit=wanted.limit)
    return ListRegistrationApplicationsResponse(
        registration_applications=_views(caller, found.items)
    )


class GetRegistrationApplication(Parameters):
    """Whose application."""

    person_id: Id


class RegistrationApplicationResponse(Shape):
    """An application."""

    registration_application: RegistrationApplicationView


@resource.reads("/admin/registration_application")
def read_application(
    caller: Caller, wanted: GetRegistrationApplication
) -> RegistrationApplicationResponse:
    """The application of a person, for admins."""
    caller.check_admin()
    return _answer(caller, get_application(caller.conn, wanted.person_id))


class ApproveRegistrationApplication(Parameters):
    """Approve, or deny for a reason."""

    id: Id
    approve: bool
    deny_reason: str | None = None


@resource.writes("PUT", "/admin/registration_application/approve")
def approve_application(
    caller: Caller, wanted: ApproveRegistrationApplication
) -> RegistrationApplicationResponse:
    """Decide on an application as an admin. A denied one can be approved later; members who were
    approved are banned instead.
    """
    caller.check_admin()
    found = get_application(caller.conn, wanted.id)
    verdict = NewDecision(
        approved=wanted.approve,
        reason=check_reason(wanted.deny_reason),
        sends_mail=caller.settings.sends_mail,
    )
    return _answer(caller, decide(caller.ctx, caller.site, caller.person, found, verdict))


def _answer(caller: Caller, found: Application) -> RegistrationApplicationResponse:
    return RegistrationApplicationResponse(registration_application=_views(caller, [found])[0])


def _views(caller: Caller, found: Sequence[Application]) -> list[RegistrationApplicationView]:
    admins = {one.decision.admin_id for one in found if one.decision and one.decision.admin_id}
    people = find_people(caller.conn, {*(one.id for one in found), *admins})
    return [application_view(one, people, caller.now) for one in found]
