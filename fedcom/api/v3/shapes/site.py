"""The site with its settings, and what the member who asks has set up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from fedcom.api.endpoint import Shape
from fedcom.api.v3.shapes.community import Community, CommunityModeratorView
from fedcom.api.v3.shapes.person import Person, PersonAggregates, PersonView
from fedcom.media.records import media_url
from fedcom.models.account import Account
from fedcom.models.actor import Actor
from fedcom.models.site import Registration, Site as Row
from fedcom.queries.counts import SiteCounts
from fedcom.rules.lemmy_languages import CODES, name_of_language
from fedcom.rules.names import MAX_NAME

ListingType = Literal["All", "Local", "Subscribed", "ModeratorView"]
PostListingMode = Literal["List", "Card", "SmallCard"]
RegistrationMode = Literal["Closed", "RequireApplication", "Open"]
SortType = Literal[
    "Active", "Hot", "New", "Old", "TopDay", "TopWeek", "TopMonth", "TopYear", "TopAll",
    "MostComments", "NewComments", "TopHour", "TopSixHour", "TopTwelveHour", "TopThreeMonths",
    "TopSixMonths", "TopNineMonths", "Controversial", "Scaled",
]  # fmt: skip


class Site(Shape):
    """The site as an actor."""

    id: int
    name: str
    sidebar: str | None = None
    published: datetime
    updated: datetime | None = None
    icon: str | None = None
    banner: str | None = None
    description: str | None = None
    actor_id: str
    last_refreshed_at: datetime
    inbox_url: str
    public_key: str
    instance_id: int
    content_warning: str | None = None


class LocalSite(Shape):
    """The settings of the site."""

    id: int
    site_id: int
    site_setup: bool
    enable_downvotes: bool
    enable_nsfw: bool
    community_creation_admin_only: bool
    require_email_verification: bool
    application_question: str | None = None
    private_instance: bool
    default_theme: str
    default_post_listing_type: ListingType
    legal_information: str | None = None
    hide_modlog_mod_names: bool
    application_email_admins: bool
    slur_filter_regex: str | None = None
    actor_name_max_length: int
    federation_enabled: bool
    captcha_enabled: bool
    captcha_difficulty: str
    published: datetime
    updated: datetime | None = None
    registration_mode: RegistrationMode
    reports_email_admins: bool
    federation_signed_fetch: bool
    default_post_listing_mode: PostListingMode
    default_sort_type: SortType


class LocalSiteRateLimit(Shape):
    """How many requests of each kind one address may send in so many seconds."""

    local_site_id: int
    message: int
    message_per_second: int
    post: int
    post_per_second: int
    register: int
    register_per_second: int
    image: int
    image_per_second: int
    comment: int
    comment_per_second: int
    search: int
    search_per_second: int
    published: datetime
    updated: datetime | None = None
    import_user_settings: int
    import_user_settings_per_second: int


class SiteAggregates(Shape):
    """The counts of the site."""

    site_id: int
    users: int
    posts: int
    comments: int
    communities: int
    users_active_day: int
    users_active_week: int
    users_active_month: int
    users_active_half_year: int


class SiteView(Shape):
    """The site, its settings and its counts."""

    site: Site
    local_site: LocalSite
    local_site_rate_limit: LocalSiteRateLimit
    counts: SiteAggregates


class Language(Shape):
    """A language with its number."""

    id: int
    code: str
    name: str


class Tagline(Shape):
    """A line that the front page shows now and then."""

    id: int
    local_site_id: int
    content: str
    published: datetime
    updated: datetime | None = None


class CustomEmoji(Shape):
    """A picture for a word between colons."""

    id: int
    local_site_id: int
    shortcode: str
    image_url: str
    alt_text: str
    category: str
    published: datetime
    updated: datetime | None = None


class CustomEmojiKeyword(Shape):
    """A word that finds an emoji."""

    custom_emoji_id: int
    keyword: str


class CustomEmojiView(Shape):
    """An emoji with its keywords."""

    custom_emoji: CustomEmoji
    keywords: list[CustomEmojiKeyword]


class LocalSiteUrlBlocklist(Shape):
    """A link that no post may have."""

    id: int
    url: str
    published: datetime
    updated: datetime | None = None


class LocalUser(Shape):
    """The account of a member with its settings."""

    id: int
    person_id: int
    email: str | None = None
    show_nsfw: bool
    theme: str
    default_sort_type: SortType
    default_listing_type: ListingType
    interface_language: str
    show_avatars: bool
    send_notifications_to_email: bool
    show_scores: bool
    show_bot_accounts: bool
    show_read_posts: bool
    email_verified: bool
    accepted_application: bool
    open_links_in_new_tab: bool
    blur_nsfw: bool
    auto_expand: bool
    infinite_scroll_enabled: bool
    admin: bool
    post_listing_mode: PostListingMode
    totp_2fa_enabled: bool
    enable_keyboard_navigation: bool
    enable_animated_images: bool
    collapse_bot_comments: bool
    last_donation_notification: datetime


class LocalUserVoteDisplayMode(Shape):
    """Which of the votes the member wants to see."""

    local_user_id: int
    score: bool
    upvotes: bool
    downvotes: bool
    upvote_percentage: bool


class LocalUserView(Shape):
    """The account of a member, with the person."""

    local_user: LocalUser
    local_user_vote_display_mode: LocalUserVoteDisplayMode
    person: Person
    counts: PersonAggregates


class CommunityFollowerView(Shape):
    """A community that the member follows."""

    community: Community
    follower: Person


class CommunityBlockView(Shape):
    """A community that the member blocks."""

    person: Person
    community: Community


class PersonBlockView(Shape):
    """A person that the member blocks."""

    person: Person
    target: Person


class Instance(Shape):
    """A server."""

    id: int
    domain: str
    published: datetime
    updated: datetime | None = None
    software: str | None = None
    version: str | None = None


class InstanceBlockView(Shape):
    """A server that the member blocks."""

    person: Person
    instance: Instance
    site: Site | None = None


class MyUserInfo(Shape):
    """All that the member who asks has set up."""

    local_user_view: LocalUserView
    follows: list[CommunityFollowerView]
    moderates: list[CommunityModeratorView]
    community_blocks: list[CommunityBlockView]
    instance_blocks: list[InstanceBlockView]
    person_blocks: list[PersonBlockView]
    discussion_languages: list[int]


class GetSiteResponse(Shape):
    """What an app reads first."""

    site_view: SiteView
    admins: list[PersonView]
    version: str
    my_user: MyUserInfo | None = None
    all_languages: list[Language]
    discussion_languages: list[int]
    taglines: list[Tagline]
    custom_emojis: list[CustomEmojiView]
    blocked_urls: list[LocalSiteUrlBlocklist]


ALL_LANGUAGES = [
    Language(id=number, code=code, name=name_of_language(code)) for number, code in enumerate(CODES)
]

_REGISTRATION: Mapping[Registration, RegistrationMode] = {
    "closed": "Closed",
    "approval": "RequireApplication",
    "open": "Open",
}
_SORTS: Mapping[str, SortType] = {
    "active": "Active",
    "hot": "Hot",
    "new": "New",
    "top-day": "TopDay",
    "top-week": "TopWeek",
    "top-month": "TopMonth",
    "top-year": "TopYear",
    "top-all": "TopAll",
}
_SCOPES: Mapping[str, ListingType] = {"subscribed": "Subscribed", "local": "Local", "all": "All"}


def site_view(of: Row, actor: Actor, counts: SiteCounts, origin: str) -> SiteView:
    """The site; everything that has a number has 1."""
    return SiteView(
        site=Site(
            id=1,
            name=of.name,
            sidebar=of.description_source or None,
            published=of.created_at,
            icon=of.logo and media_url(origin, of.logo),
            actor_id=actor.iri,
            last_refreshed_at=of.created_at,
            inbox_url=actor.inbox,
            public_key=actor.public_key_pem or "",
            instance_id=1,
        ),
        local_site=LocalSite(
            id=1,
            site_id=1,
            site_setup=of.set_up_at is not None,
            enable_downvotes=True,
            enable_nsfw=True,
            community_creation_admin_only=False,
            require_email_verification=False,
            application_question=of.application_question or None,
            private_instance=False,
            default_theme="browser",
            default_post_listing_type="All",
            hide_modlog_mod_names=False,
            application_email_admins=False,
            actor_name_max_length=MAX_NAME,
            federation_enabled=True,
            captcha_enabled=False,
            captcha_difficulty="medium",
            published=of.created_at,
            registration_mode=_REGISTRATION[of.registration],
            reports_email_admins=False,
            federation_signed_fetch=True,
            default_post_listing_mode="List",
            default_sort_type="Active",
        ),
        local_site_rate_limit=LocalSiteRateLimit(
            local_site_id=1,
            message=180,
            message_per_second=60,
            post=6,
            post_per_second=600,
            register=10,
            register_per_second=3600,
            image=6,
            image_per_second=3600,
            comment=6,
            comment_per_second=600,
            search=60,
            search_per_second=600,
            published=of.created_at,
            import_user_settings=1,
            import_user_settings_per_second=86400,
        ),
        counts=SiteAggregates(
            site_id=1,
            users=counts.users,
            posts=counts.posts,
            comments=counts.comments,
            communities=counts.communities,
            users_active_day=counts.active_day,
            users_active_week=counts.active_week,
            users_active_month=counts.active_month,
            users_active_half_year=counts.active_half_year,
        ),
    )


def local_user_view(of: Account, person: Person, counts: PersonAggregates) -> LocalUserView:
    """The account of a member; its number is the person's."""
    user = LocalUser(
        id=of.actor_id,
        person_id=of.actor_id,
        email=of.contact,
        show_nsfw=of.show_nsfw,
        theme="browser",
        default_sort_type=_SORTS.get(of.front_sort, "Active"),
        default_listing_type=_SCOPES[of.front_scope],
        interface_language=of.interface_language or "browser",
        show_avatars=True,
        send_notifications_to_email=of.mail_notifications,
        show_scores=True,
        show_bot_accounts=True,
        show_read_posts=True,
        email_verified=of.email is not None,
        accepted_application=of.state == "active",
        open_links_in_new_tab=False,
        blur_nsfw=True,
        auto_expand=False,
        infinite_scroll_enabled=False,
        admin=of.is_admin,
        post_listing_mode="List",
        totp_2fa_enabled=False,
        enable_keyboard_navigation=False,
        enable_animated_images=True,
        collapse_bot_comments=False,
        last_donation_notification=of.created_at,
    )
    shown = LocalUserVoteDisplayMode(
        local_user_id=of.actor_id,
        score=True,
        upvotes=True,
        downvotes=True,
        upvote_percentage=False,
    )
    return LocalUserView(
        local_user=user, local_user_vote_display_mode=shown, person=person, counts=counts
    )
