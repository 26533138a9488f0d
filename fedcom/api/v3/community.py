"""Communities: reading, founding, following, and what their moderators and admins do."""

from fedcom.actions.close import CloseCommunity, ReopenCommunity
from fedcom.actions.community import CreateCommunity as Create, EditCommunity as Edit
from fedcom.actions.delete_community import (
    DeleteCommunity as Delete,
    UndeleteCommunity as Undelete,
)
from fedcom.actions.follow import Follow, Unfollow
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.actions.pictures import ChangePictures
from fedcom.actions.transfer import TransferCommunity as Transfer
from fedcom.api.caller import Call, Caller, unless_unchanged
from fedcom.api.endpoint import Parameters, Resource, Shape
from fedcom.api.v3.ban import Banning, set_ban
from fedcom.api.v3.known import community_views, moderator_views, one_community
from fedcom.api.v3.params import (
    Id,
    Limit,
    PageAt,
    check_reason,
    codes_of,
    community_of,
    no_id,
    page_of,
    shows_nsfw,
)
from fedcom.api.v3.shapes.community import (
    CommunityModeratorView,
    CommunityView,
    CommunityVisibility,
)
from fedcom.api.v3.shapes.person import PersonView
from fedcom.api.v3.shapes.responses import (
    SUCCESS,
    CommunityResponse,
    GetCommunityResponse,
    SuccessResponse,
)
from fedcom.api.v3.shapes.site import (
    EVERY_LANGUAGE,
    SCOPES,
    SORTS,
    ListingType,
    SortType,
    language_numbers,
)
from fedcom.personal.blocks import block, unblock
from fedcom.queries.actors import get_community, get_person
from fedcom.rules.limits import check_body
from fedcom.site.front_page import hide_community
from fedcom.views.community import CommunityQuery, list_communities
from fedcom.views.feed import communities_beside
from fedcom.wire.body import Body

resource = Resource()


class GetCommunity(Parameters):
    """One of the two; `name` may be that of another server's: `name@host`."""

    id: Id | None = None
    name: str | None = None


@resource.reads("/community")
def read_community(caller: Caller, wanted: GetCommunity) -> GetCommunityResponse:
    """A community with its moderators."""
    if wanted.id is None and wanted.name is None:
        no_id()
    found = community_of(caller, wanted.id, wanted.name)
    return _whole(caller, found.id)


class ListCommunities(Parameters):
    """A list of communities, without those that the caller blocks."""

    type_: ListingType = "All"
    sort: SortType = "Active"
    show_nsfw: bool | None = None
    page: PageAt | None = None
    limit: Limit = 10


class ListCommunitiesResponse(Shape):
    """A page of communities."""

    communities: list[CommunityView]


@resource.reads("/community/list")
def list_all(caller: Caller, wanted: ListCommunities) -> ListCommunitiesResponse:
    """A page of open communities."""
    query = CommunityQuery(
        SCOPES[wanted.type_],
        communities_beside(*SORTS[wanted.sort]),
        after=page_of(wanted.page),
        limit=wanted.limit,
        nsfw=shows_nsfw(caller, wanted.show_nsfw),
        blocked=False,
    )
    found = list_communities(caller.conn, query, viewer_id=caller.viewer_id)
    return ListCommunitiesResponse(
        communities=community_views(caller, [one.id for one in found.items])
    )


class CreateCommunity(Parameters):
    """A new community."""

    name: str
    title: str
    description: str | None = None
    icon: str | None = None
    banner: str | None = None
    nsfw: bool = False
    posting_restricted_to_mods: bool = False
    discussion_languages: list[int] | None = None
    visibility: CommunityVisibility = "Public"


@resource.serves("POST", "/community")
async def create_community(call: Call, wanted: CreateCommunity) -> CommunityResponse:
    """Found a community; who does is its first moderator and follows it."""
    by = (await call.member()).person
    description = await call.parse_markdown(by, check_body(wanted.description or ""))
    key = await call.instance.new_key()

    def work(caller: Caller) -> CommunityResponse:
        made = caller.act(
            Create(
                by=caller.person,
                name=wanted.name,
                key=key,
                title=wanted.title,
                description=description,
                nsfw=wanted.nsfw,
                posting_restricted=wanted.posting_restricted_to_mods,
                languages=tuple(codes_of(wanted.discussion_languages or ())),
            )
        )
        if wanted.icon or wanted.banner:
            caller.act(
                ChangePictures(
                    by=caller.person,
                    subject=made,
                    icon_url=caller.own_address(wanted.icon or ""),
                    image_url=caller.own_address(wanted.banner or ""),
                )
            )
        return _answer(caller, made.id)

    return await call.unit(work)


class EditCommunity(Parameters):
    """What is not given stays as it is; "" takes a picture away."""

    community_id: Id
    title: str | None = None
    description: str | None = None
    icon: str | None = None
    banner: str | None = None
    nsfw: bool | None = None
    posting_restricted_to_mods: bool | None = None
    discussion_languages: list[int] | None = None
    visibility: CommunityVisibility | None = None


@resource.serves("PUT", "/community")
async def edit_community(call: Call, wanted: EditCommunity) -> CommunityResponse:
    """Change a community as its moderator."""
    by = (await call.member()).person
    text: Body | None = None
    if wanted.description is not None:
        text = await call.parse_markdown(by, check_body(wanted.description))

    def work(caller: Caller) -> CommunityResponse:
        now = get_community(caller.conn, wanted.community_id)
        languages = wanted.discussion_languages
        caller.act(
            Edit(
                by=caller.person,
                community=now,
                title=now.title if wanted.title is None else wanted.title,
                description=text or Body(now.summary_source, now.summary_html),
                nsfw=now.nsfw if wanted.nsfw is None else wanted.nsfw,
                posting_restricted=(
                    now.posting_restricted
                    if wanted.posting_restricted_to_mods is None
                    else wanted.posting_restricted_to_mods
                ),
                languages=None if languages is None else tuple(codes_of(languages)),
            )
        )
        icon = now.icon_url if wanted.icon is None else caller.own_address(wanted.icon)
        banner = now.image_url if wanted.banner is None else caller.own_address(wanted.banner)
        if (icon, banner) != (now.icon_url, now.image_url):
            caller.act(
                ChangePictures(by=caller.person, subject=now, icon_url=icon, image_url=banner)
            )
        return _answer(caller, now.id)

    return await call.unit(work)


class FollowCommunity(Parameters):
    """Follow, or follow no longer."""

    community_id: Id
    follow: bool


@resource.writes("POST", "/community/follow")
def follow_community(caller: Caller, wanted: FollowCommunity) -> CommunityResponse:
    """Follow a community; the follow of another server's is pending until it answers."""
    community = get_community(caller.conn, wanted.community_id)
    action = Follow if wanted.follow else Unfollow
    caller.ensure(action(by=caller.person, target=community))
    return _answer(caller, wanted.community_id)


class BlockCommunity(Parameters):
    """Block, or block no longer."""

    community_id: Id
    block: bool


class BlockCommunityResponse(Shape):
    """The community, and whether it is blocked now."""

    community_view: CommunityView
    blocked: bool


@resource.writes("POST", "/community/block")
def block_community(caller: Caller, wanted: BlockCommunity) -> BlockCommunityResponse:
    """Leave a community out of one's lists; a follow ends with that, as in Lemmy."""
    community = get_community(caller.conn, wanted.community_id)
    if wanted.block:
        caller.ensure(Unfollow(by=caller.person, target=community))
        block(caller.ctx, caller.person, community)
    else:
        unblock(caller.conn, caller.person, community.id)
    return BlockCommunityResponse(
        community_view=one_community(caller, community.id), blocked=wanted.block
    )


class HideCommunity(Parameters):
    """Hide, or show again."""

    community_id: Id
    hidden: bool
    reason: str | None = None


@resource.writes("PUT", "/community/hide")
def hide(caller: Caller, wanted: HideCommunity) -> SuccessResponse:
    """Keep a community out of the lists of everyone who does not follow it, as an admin."""
    community = get_community(caller.conn, wanted.community_id)
    with unless_unchanged():
        hide_community(
            caller.ctx,
            caller.person,
            community,
            hidden=wanted.hidden,
            reason=check_reason(wanted.reason),
        )
    return SUCCESS


class RemoveCommunity(Parameters):
    """Close, or reopen."""

    community_id: Id
    removed: bool
    reason: str | None = None


@resource.writes("POST", "/community/remove")
def remove_community(caller: Caller, wanted: RemoveCommunity) -> CommunityResponse:
    """Close a community as an admin, or reopen it."""
    community = get_community(caller.conn, wanted.community_id)
    by, reason = caller.person, check_reason(wanted.reason)
    if wanted.removed:
        caller.ensure(CloseCommunity(by=by, community=community, reason=reason))
    else:
        caller.ensure(ReopenCommunity(by=by, community=community))
    return _answer(caller, community.id)


class DeleteCommunity(Parameters):
    """Delete, or restore what was deleted."""

    community_id: Id
    deleted: bool


@resource.writes("POST", "/community/delete")
def delete_community(caller: Caller, wanted: DeleteCommunity) -> CommunityResponse:
    """Delete a community as its first moderator, or restore it."""
    community = get_community(caller.conn, wanted.community_id)
    action = Delete if wanted.deleted else Undelete
    caller.ensure(action(by=caller.person, community=community))
    return _answer(caller, community.id)


class TransferCommunity(Parameters):
    """Who is to be the first moderator."""

    community_id: Id
    person_id: Id


@resource.writes("POST", "/community/transfer")
def transfer_community(caller: Caller, wanted: TransferCommunity) -> GetCommunityResponse:
    """Make another moderator the first one."""
    community = get_community(caller.conn, wanted.community_id)
    person = get_person(caller.conn, wanted.person_id)
    caller.ensure(Transfer(by=caller.person, community=community, person=person))
    return _whole(caller, community.id)


class BanFromCommunity(Banning):
    """From a community."""

    community_id: Id


class BanFromCommunityResponse(Shape):
    """The person, and whether they are banned now."""

    person_view: PersonView
    banned: bool


@resource.writes("POST", "/community/ban_user")
def ban_from_community(caller: Caller, wanted: BanFromCommunity) -> BanFromCommunityResponse:
    """Ban a person from a community as its moderator, or end the ban."""
    community = get_community(caller.conn, wanted.community_id)
    person = set_ban(caller, wanted, community)
    return BanFromCommunityResponse(person_view=person, banned=wanted.ban)


class AddModToCommunity(Parameters):
    """Appoint, or dismiss."""

    community_id: Id
    person_id: Id
    added: bool


class AddModToCommunityResponse(Shape):
    """The moderators now."""

    moderators: list[CommunityModeratorView]


@resource.writes("POST", "/community/mod")
def add_moderator(caller: Caller, wanted: AddModToCommunity) -> AddModToCommunityResponse:
    """Appoint a moderator, or dismiss one."""
    community = get_community(caller.conn, wanted.community_id)
    person = get_person(caller.conn, wanted.person_id)
    action = AddModerator if wanted.added else RemoveModerator
    caller.ensure(action(by=caller.person, community=community, person=person))
    return AddModToCommunityResponse(moderators=moderator_views(caller, community.id))


def _answer(caller: Caller, community_id: int) -> CommunityResponse:
    return CommunityResponse(
        community_view=one_community(caller, community_id),
        discussion_languages=_languages(caller, community_id),
    )


def _whole(caller: Caller, community_id: int) -> GetCommunityResponse:
    return GetCommunityResponse(
        community_view=one_community(caller, community_id),
        moderators=moderator_views(caller, community_id),
        discussion_languages=_languages(caller, community_id),
    )


def _languages(caller: Caller, community_id: int) -> list[int]:
    return language_numbers(get_community(caller.conn, community_id).languages) or EVERY_LANGUAGE
