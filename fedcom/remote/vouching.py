"""Who is authoritative for events in a community: the community itself, by an Announce.

`activitypub.authority` decides who may send an activity at all; this module adds the rules that
depend on the community.
"""

from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.models.actor import Community
from inbox.ports import ReceivedActivity


def check_vouched(
    ctx: Context, received: ReceivedActivity, community: Community, *, direct: bool = False
) -> None:
    """Raises Denied unless this may count in `community`, given how it arrived.

    Announced activities count in the announcer's community only. An actor's own delivery counts in
    local communities; in a remote one it waits for that community's Announce, unless it is `direct`
    business between the actor and one of our members, which the community may never receive.
    """
    if received.via is not None and received.via != community.iri:
        raise Denied(
            "wrong_community",
            "This is in %(community)s, not in %(via)s.",
            community=community.handle,
            via=received.via,
        )
    if received.via is None and not (community.local or direct or ctx.wanted):
        raise Denied(
            "waits_for_announce",
            "Activities in %(community)s are accepted once the community has announced them.",
            community=community.handle,
        )
