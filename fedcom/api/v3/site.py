"""The site: what an app reads first."""

from fedcom.api.caller import Caller
from fedcom.api.endpoint import NoParameters, Resource
from fedcom.api.v3.known import person_views, read_known
from fedcom.api.v3.shapes.community import CommunityModeratorView, community
from fedcom.api.v3.shapes.person import PersonAggregates, person
from fedcom.api.v3.shapes.site import (
    ALL_LANGUAGES,
    CommunityBlockView,
    CommunityFollowerView,
    GetSiteResponse,
    Instance,
    InstanceBlockView,
    MyUserInfo,
    PersonBlockView,
    local_user_view,
    site_view,
)
from fedcom.queries.actors import get_person, list_admins
from fedcom.queries.counts import count_site
from fedcom.rules.dialects import LEMMY_VERSION
from fedcom.views.mine import list_mine

resource = Resource()


@resource.reads("/site")
def get_site(caller: Caller, _wanted: NoParameters) -> GetSiteResponse:
    """The site with its settings and admins, and all that the caller has set up.

    PieFed 1.7 reads `admins` here, and ignores the actions of admins who are not listed.
    """
    actor = get_person(caller.conn, caller.site.actor_id)
    counts = count_site(caller.conn, caller.now)
    return GetSiteResponse(
        site_view=site_view(caller.site, actor, counts, caller.settings.origin),
        admins=person_views(caller, list_admins(caller.conn)),
        version=LEMMY_VERSION,
        my_user=None if caller.is_guest else my_user(caller),
        all_languages=ALL_LANGUAGES,
        discussion_languages=[one.id for one in ALL_LANGUAGES],
        taglines=[],
        custom_emojis=[],
        blocked_urls=[],
    )


def my_user(caller: Caller) -> MyUserInfo:
    """All that the member who calls has set up."""
    mine = list_mine(caller.conn, caller.viewer_id)
    known = read_known(
        caller,
        people=(caller.viewer_id, *mine.blocked_people),
        communities=(*mine.followed, *mine.moderated, *mine.blocked_communities),
    )
    own = known.people[caller.viewer_id]
    me = person(own, caller.now)
    groups = {number: community(one) for number, one in known.communities.items()}
    counts = PersonAggregates(person_id=own.id, post_count=own.posts, comment_count=own.comments)
    return MyUserInfo(
        local_user_view=local_user_view(caller.member.account, me, counts),
        follows=[
            CommunityFollowerView(community=groups[number], follower=me) for number in mine.followed
        ],
        moderates=[
            CommunityModeratorView(community=groups[number], moderator=me)
            for number in mine.moderated
        ],
        community_blocks=[
            CommunityBlockView(person=me, community=groups[number])
            for number in mine.blocked_communities
        ],
        instance_blocks=[
            InstanceBlockView(
                person=me,
                instance=Instance(id=one.instance_id, domain=one.host, published=one.first_seen_at),
            )
            for one in mine.blocked_hosts
        ],
        person_blocks=[
            PersonBlockView(person=me, target=person(known.people[number], caller.now))
            for number in mine.blocked_people
        ],
        discussion_languages=[one.id for one in ALL_LANGUAGES],
    )
