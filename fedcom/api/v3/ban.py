"""What bans from a community and from the whole site have in common."""

from fedcom.actions.ban import Ban
from fedcom.actions.unban import Unban
from fedcom.api.caller import Caller
from fedcom.api.endpoint import Parameters
from fedcom.api.v3.known import one_person
from fedcom.api.v3.params import Id, check_reason, to_moment
from fedcom.api.v3.shapes.person import PersonView
from fedcom.models.actor import Community
from fedcom.queries.actors import get_person


class Banning(Parameters):
    """Ban, until `expires` (seconds since 1970) or for ever; or end a ban."""

    person_id: Id
    ban: bool
    remove_data: bool = False
    reason: str | None = None
    expires: int | None = None


def set_ban(caller: Caller, wanted: Banning, community: Community | None) -> PersonView:
    """Ban a person from the community, None for the whole site, or end the ban; the person."""
    person, reason = get_person(caller.conn, wanted.person_id), check_reason(wanted.reason)
    if wanted.ban:
        caller.ensure(
            Ban(
                by=caller.person,
                person=person,
                community=community,
                reason=reason,
                expires_at=to_moment(wanted.expires),
                removes_content=wanted.remove_data,
            )
        )
    else:
        caller.ensure(
            Unban(
                by=caller.person,
                person=person,
                community=community,
                reason=reason,
                restores_content=wanted.remove_data,
            )
        )
    return one_person(caller, person.id)
