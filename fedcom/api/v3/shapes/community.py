"""Communities, with their counts and what the viewer has to do with them."""

from datetime import datetime
from typing import Literal

from fedcom.api.endpoint import Shape
from fedcom.api.proxied import MarkdownText, PictureUrl
from fedcom.api.v3.shapes.person import Person
from fedcom.views.full import FullCommunity

SubscribedType = Literal["Subscribed", "NotSubscribed", "Pending"]
CommunityVisibility = Literal["Public", "LocalOnly"]


class Community(Shape):
    """A community."""

    id: int
    name: str
    title: str
    description: MarkdownText | None = None
    removed: bool
    published: datetime
    updated: datetime | None = None
    deleted: bool
    nsfw: bool
    actor_id: str
    local: bool
    icon: PictureUrl | None = None
    banner: PictureUrl | None = None
    hidden: bool
    posting_restricted_to_mods: bool
    instance_id: int
    visibility: CommunityVisibility


class CommunityAggregates(Shape):
    """The counts of a community."""

    community_id: int
    subscribers: int
    posts: int
    comments: int
    published: datetime
    users_active_day: int
    users_active_week: int
    users_active_month: int
    users_active_half_year: int
    subscribers_local: int


class CommunityView(Shape):
    """A community, its counts, and the viewer's relation to it."""

    community: Community
    subscribed: SubscribedType
    blocked: bool
    counts: CommunityAggregates
    banned_from_community: bool


class CommunityModeratorView(Shape):
    """A moderator of a community."""

    community: Community
    moderator: Person


def community(of: FullCommunity) -> Community:
    """A community."""
    return Community(
        id=of.id,
        name=of.name,
        title=of.display_name,
        description=of.summary_source or None,
        removed=of.removed_at is not None,
        published=of.published_at,
        updated=of.updated_at,
        deleted=of.is_deleted,
        nsfw=of.nsfw,
        actor_id=of.iri,
        local=of.local,
        icon=of.icon_url,
        banner=of.image_url,
        hidden=of.hidden_at is not None,
        posting_restricted_to_mods=of.posting_restricted,
        instance_id=of.instance_id,
        visibility="Public",
    )


def community_view(of: FullCommunity) -> CommunityView:
    """A community with its counts."""
    counts = CommunityAggregates(
        community_id=of.id,
        subscribers=max(of.subscribers, of.claimed_followers or 0),
        posts=of.posts,
        comments=of.comments,
        published=of.published_at,
        users_active_day=of.users_active_day,
        users_active_week=of.users_active_week,
        users_active_month=of.users_active_month,
        users_active_half_year=of.users_active_half_year,
        subscribers_local=of.local_subscribers,
    )
    return CommunityView(
        community=community(of),
        subscribed=subscribed(of),
        blocked=of.is_blocked,
        counts=counts,
        banned_from_community=of.is_viewer_banned,
    )


def subscribed(of: FullCommunity) -> SubscribedType:
    """The viewer's follow of the community."""
    if of.follow is None:
        return "NotSubscribed"
    return "Subscribed" if of.follow == "accepted" else "Pending"
