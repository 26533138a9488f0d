"""The site: what an app reads first, and its settings."""

from collections.abc import Callable
from dataclasses import replace

from fedcom.accounts.members import change_role_of
from fedcom.accounts.two_factor import has_two_factor
from fedcom.api.caller import Call, Caller
from fedcom.api.endpoint import NoParameters, Parameters, Resource, Shape
from fedcom.api.v3.known import person_views, read_known
from fedcom.api.v3.params import codes_of
from fedcom.api.v3.shapes.community import CommunityModeratorView, community
from fedcom.api.v3.shapes.person import PersonAggregates, person
from fedcom.api.v3.shapes.site import (
    ALL_LANGUAGES,
    EVERY_LANGUAGE,
    REGISTRATIONS,
    SCOPES,
    CommunityBlockView,
    CommunityFollowerView,
    GetSiteResponse,
    Instance,
    InstanceBlockView,
    ListingType,
    MyUserInfo,
    PersonBlockView,
    PostListingMode,
    RegistrationMode,
    SiteView,
    SortType,
    Tagline,
    blocked_urls,
    custom_emoji_view,
    front_sort,
    language_numbers,
    local_user_view,
    site_view,
    tagline,
)
from fedcom.errors import Invalid
from fedcom.media.records import media_url, name_in
from fedcom.queries.actors import get_person, list_admins
from fedcom.queries.counts import count_site
from fedcom.queries.decoration import list_emoji, list_taglines
from fedcom.rules.dialects import LEMMY_VERSION
from fedcom.site.decoration import set_taglines
from fedcom.site.instances import replace_blocks
from fedcom.site.settings import (
    edit_sign_up,
    edit_site,
    edit_welcome,
    get_site as read_site,
    list_blocked_urls,
    set_banner,
    set_logo,
)
from fedcom.site.setup import finish_setup
from fedcom.views.mine import list_mine
from fedcom.wire.body import Body

resource = Resource()


@resource.reads("/site")
def get_site(caller: Caller, _wanted: NoParameters) -> GetSiteResponse:
    """The site with its settings and admins, and all that the caller has set up.

    PieFed 1.7 reads `admins` here, and ignores the actions of admins who are not listed.
    """
    conn, site = caller.conn, caller.site
    return GetSiteResponse(
        site_view=_site_view(caller),
        admins=person_views(caller, list_admins(conn)),
        version=LEMMY_VERSION,
        my_user=None if caller.is_guest else my_user(caller),
        all_languages=ALL_LANGUAGES,
        discussion_languages=language_numbers(site.languages) or EVERY_LANGUAGE,
        taglines=[tagline(one) for one in list_taglines(conn)],
        custom_emojis=[custom_emoji_view(one) for one in list_emoji(conn)],
        blocked_urls=blocked_urls(list_blocked_urls(conn), site),
    )


@resource.writes("POST", "/user/leave_admin")
def leave_admin(caller: Caller, _wanted: NoParameters) -> GetSiteResponse:
    """Be an admin no longer. That ends the login, as every change of role does."""
    caller.check_admin()
    change_role_of(caller.ctx, caller.person, caller.person.id, "member")
    signed_out = replace(caller, identity=replace(caller.identity, member=None))
    return get_site(signed_out, NoParameters())


def _site_view(caller: Caller) -> SiteView:
    site = read_site(caller.conn)
    actor = get_person(caller.conn, site.actor_id)
    counts = count_site(caller.conn, caller.now)
    return site_view(site, actor, counts, caller.settings.origin)


class EditSite(Parameters):
    """Settings of the site; what is not given stays as it is.

    Limits of requests are not settings here, and federation has no debug mode.
    """

    name: str | None = None
    sidebar: str | None = None
    description: str | None = None
    icon: str | None = None
    banner: str | None = None
    enable_downvotes: bool | None = None
    enable_nsfw: bool | None = None
    community_creation_admin_only: bool | None = None
    require_email_verification: bool | None = None
    application_question: str | None = None
    private_instance: bool | None = None
    default_theme: str | None = None
    default_post_listing_type: ListingType | None = None
    default_sort_type: SortType | None = None
    legal_information: str | None = None
    application_email_admins: bool | None = None
    hide_modlog_mod_names: bool | None = None
    discussion_languages: list[int] | None = None
    slur_filter_regex: str | None = None
    actor_name_max_length: int | None = None
    federation_enabled: bool | None = None
    captcha_enabled: bool | None = None
    captcha_difficulty: str | None = None
    allowed_instances: list[str] | None = None
    blocked_instances: list[str] | None = None
    blocked_urls: list[str] | None = None
    taglines: list[str] | None = None
    registration_mode: RegistrationMode | None = None
    reports_email_admins: bool | None = None
    content_warning: str | None = None
    default_post_listing_mode: PostListingMode | None = None


class SiteResponse(Shape):
    """The site after a change."""

    site_view: SiteView
    taglines: list[Tagline]


@resource.serves("PUT", "/site")
async def edit(call: Call, wanted: EditSite) -> SiteResponse:
    """Change the settings of the site, as an admin."""
    return await _change(call, wanted)


@resource.serves("POST", "/site")
async def create(call: Call, wanted: EditSite) -> SiteResponse:
    """Finish the set-up, as an admin whom the command line made: the set-up page makes both."""

    def finish(caller: Caller) -> None:
        mode = REGISTRATIONS[wanted.registration_mode or "Closed"]
        finish_setup(caller.conn, name=wanted.name or "", registration=mode, now=caller.now)

    return await _change(call, wanted, finish)


async def _change(
    call: Call, wanted: EditSite, before: Callable[[Caller], None] = lambda _: None
) -> SiteResponse:
    await call.read(lambda caller: caller.check_admin())
    sidebar, legal = await call.render(wanted.sidebar), await call.render(wanted.legal_information)
    lines = [await call.render(text) for text in wanted.taglines or ()]

    def work(caller: Caller) -> SiteResponse:
        caller.check_admin()
        before(caller)
        _edit(caller, wanted, sidebar, legal)
        if wanted.taglines is not None:
            set_taglines(caller.ctx, [line for line in lines if line is not None])
        found = [tagline(one) for one in list_taglines(caller.conn)]
        return SiteResponse(site_view=_site_view(caller), taglines=found)

    return await call.unit(work)


def _edit(caller: Caller, wanted: EditSite, sidebar: Body | None, legal: Body | None) -> None:
    ctx, listing, sort = caller.ctx, wanted.default_post_listing_type, wanted.default_sort_type
    languages = wanted.discussion_languages
    edit_site(
        ctx,
        name=wanted.name,
        short_description=wanted.description,
        description=sidebar,
        legal=legal,
        content_warning=wanted.content_warning,
        registration=wanted.registration_mode and REGISTRATIONS[wanted.registration_mode],
        downvotes=wanted.enable_downvotes,
        nsfw=wanted.enable_nsfw,
        only_admins_create_communities=wanted.community_creation_admin_only,
        private=wanted.private_instance,
        federated=wanted.federation_enabled,
        slur_filter=wanted.slur_filter_regex,
        name_limit=wanted.actor_name_max_length,
        mails_applications=wanted.application_email_admins,
        mails_reports=wanted.reports_email_admins,
        hides_moderators=wanted.hide_modlog_mod_names,
        default_scope=listing and SCOPES[listing],
        default_sort=sort and front_sort(sort),
        languages=None if languages is None else codes_of(languages),
        app_listing_mode=wanted.default_post_listing_mode,
        app_theme=wanted.default_theme,
        allowed_instances=wanted.allowed_instances,
        blocked_urls=wanted.blocked_urls,
    )
    edit_welcome(ctx.conn, question=wanted.application_question)
    edit_sign_up(
        ctx.conn,
        requires_confirmed_email=wanted.require_email_verification,
        captcha_enabled=wanted.captcha_enabled,
        captcha_difficulty=wanted.captcha_difficulty,
    )
    for url, change in ((wanted.icon, set_logo), (wanted.banner, set_banner)):
        if url is not None:
            change(ctx.conn, *_own_picture(caller, url))
    if wanted.blocked_instances is not None:
        replace_blocks(ctx, wanted.blocked_instances, caller.person)


def _own_picture(caller: Caller, url: str) -> tuple[str | None, str | None]:
    """The name and the address of a picture that was uploaded here; None twice for ""."""
    origin = caller.settings.origin
    name = name_in(origin, caller.own_address(url))
    if url and name is None:
        raise Invalid("invalid_url", "Upload the picture here first.")
    return name, name and media_url(origin, name)


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
        local_user_view=local_user_view(
            caller.member.account,
            me,
            counts,
            has_two_factor=has_two_factor(caller.conn, caller.viewer_id),
        ),
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
        discussion_languages=language_numbers(caller.member.account.languages) or EVERY_LANGUAGE,
    )
