"""Whose word counts for what happens in a community: the community's own, told by an Announce.

Who may say a thing at all is `activitypub.authority`'s; here is only what needs to know the place.
"""

from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.models.actor import Community
from inbox.ports import ReceivedActivity


def check_vouched(
    ctx: Context, received: ReceivedActivity, community: Community, *, direct: bool = False
) -> None:
    """Raises Denied unless this may count in `community`, given how it reached us.

    Announced things count in the announcer's community only. What comes straight from its actor
    counts in our communities; in a peer's it waits for the peer's Announce, unless it is `direct`
    business between the actor and one of our members, which the peer may never hear of.
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
