"""The site with its settings, and what the member who asks has set up."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, get_args

from fedcom.accounts import rate_limits as limits
from fedcom.accounts.throttle import SEARCH_BY_ADDRESS, SIGN_UP_BY_ADDRESS
from fedcom.api.endpoint import Shape
from fedcom.api.proxied import MarkdownText
from fedcom.api.v3.shapes.community import Community, CommunityModeratorView
from fedcom.api.v3.shapes.person import Person, PersonAggregates, PersonView
from fedcom.media.records import media_url
from fedcom.models.account import Account
from fedcom.models.actor import Actor
from fedcom.models.decoration import CustomEmoji as EmojiRow, Tagline as TaglineRow
from fedcom.models.site import Registration, Site as Row
from fedcom.personal.app_preferences import app_preferences_of
from fedcom.queries.counts import SiteCounts
from fedcom.rules.lemmy_languages import NAMES, number_of_language
from fedcom.views.feed import Sort, Span

ListingType = Literal["All", "Local", "Subscribed", "ModeratorView"]
PostListingMode = Literal["List", "Card", "SmallCard"]
ListScope = Literal["all", "local", "subscribed", "moderated"]
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
    sidebar: MarkdownText | None = None
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
    last_donation_notification: str


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
    Language(id=number, code=code, name=name) for number, (code, name) in enumerate(NAMES.items())
]

_REGISTRATION: Mapping[Registration, RegistrationMode] = {
    "closed": "Closed",
    "approval": "RequireApplication",
    "open": "Open",
}
REGISTRATIONS = {mode: registration for registration, mode in _REGISTRATION.items()}
SORTS: Mapping[SortType, tuple[Sort, Span]] = {
    "Active": ("active", "all"),
    "Hot": ("hot", "all"),
    "Scaled": ("scaled", "all"),
    "New": ("new", "all"),
    "Old": ("old", "all"),
    "MostComments": ("most_comments", "all"),
    "NewComments": ("new_comments", "all"),
    "Controversial": ("controversial", "all"),
    "TopHour": ("top", "hour"),
    "TopSixHour": ("top", "six_hours"),
    "TopTwelveHour": ("top", "twelve_hours"),
    "TopDay": ("top", "day"),
    "TopWeek": ("top", "week"),
    "TopMonth": ("top", "month"),
    "TopThreeMonths": ("top", "three_months"),
    "TopSixMonths": ("top", "six_months"),
    "TopNineMonths": ("top", "nine_months"),
    "TopYear": ("top", "year"),
    "TopAll": ("top", "all"),
}
"""What Lemmy's orders are in our lists."""

SCOPES: Mapping[ListingType, ListScope] = {
    "All": "all",
    "Local": "local",
    "Subscribed": "subscribed",
    "ModeratorView": "moderated",
}
"""What Lemmy's lists are in ours: of posts, comments and communities, and in searches."""


def sort_type(front_sort: str) -> SortType:
    """Lemmy's name for an order of the front page; controversial has no span there."""
    sort, _, span = front_sort.partition("-")
    for name, (known, its_span) in SORTS.items():
        if known == sort and (known == "controversial" or its_span == (span or "all")):
            return name
    return "Active"


def front_sort(sort: SortType) -> str:
    """The order of the front page that Lemmy calls so."""
    known, span = SORTS[sort]
    return f"{known}-{span}" if known in ("top", "controversial") else known


def listing_type(scope: str) -> ListingType:
    """Lemmy's name for what the front page shows."""
    return next((name for name, known in SCOPES.items() if known == scope), "All")


def language_numbers(codes: str) -> list[int]:
    """The numbers of languages, codes separated by spaces; none for all languages."""
    return sorted({number_of_language(code) for code in codes.split()})


def site_view(of: Row, actor: Actor, counts: SiteCounts, origin: str) -> SiteView:
    """The site with its settings and counts."""
    return SiteView(
        site=Site(
            id=1,
            name=of.name,
            sidebar=of.description_source or None,
            published=of.created_at,
            icon=of.logo and media_url(origin, of.logo),
            banner=of.banner and media_url(origin, of.banner),
            description=of.short_description or None,
            actor_id=actor.iri,
            last_refreshed_at=of.created_at,
            inbox_url=actor.inbox,
            public_key=actor.public_key_pem or "",
            instance_id=1,
            content_warning=of.content_warning or None,
        ),
        local_site=_local_site(of),
        local_site_rate_limit=_rate_limits(of),
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


def _local_site(of: Row) -> LocalSite:
    return LocalSite(
        id=1,
        site_id=1,
        site_setup=of.set_up_at is not None,
        enable_downvotes=of.downvotes,
        enable_nsfw=of.nsfw,
        community_creation_admin_only=of.only_admins_create_communities,
        require_email_verification=of.requires_confirmed_email,
        application_question=of.application_question or None,
        private_instance=of.private,
        default_theme=of.app_theme,
        default_post_listing_type=listing_type(of.default_scope),
        legal_information=of.legal_source or None,
        hide_modlog_mod_names=of.hides_moderators,
        application_email_admins=of.mails_applications,
        slur_filter_regex=of.slur_filter or None,
        actor_name_max_length=of.name_limit,
        federation_enabled=of.federated,
        captcha_enabled=of.captcha_enabled,
        captcha_difficulty=of.captcha_difficulty,
        published=of.created_at,
        registration_mode=_REGISTRATION[of.registration],
        reports_email_admins=of.mails_reports,
        federation_signed_fetch=True,
        default_post_listing_mode=_listing_mode(of.app_listing_mode),
        default_sort_type=sort_type(of.default_sort),
    )


def _rate_limits(of: Row) -> LocalSiteRateLimit:
    """Ours are per member; only those of sign-ups and searches are per address, as Lemmy's."""
    message, post, image, comment = (
        pace.allowances[0]
        for pace in (limits.MESSAGES, limits.POSTS, limits.UPLOADS, limits.COMMENTS)
    )
    return LocalSiteRateLimit(
        local_site_id=1,
        message=message.usual,
        message_per_second=_seconds(message.window),
        post=post.usual,
        post_per_second=_seconds(post.window),
        register=SIGN_UP_BY_ADDRESS.tries,
        register_per_second=_seconds(SIGN_UP_BY_ADDRESS.window),
        image=image.usual,
        image_per_second=_seconds(image.window),
        comment=comment.usual,
        comment_per_second=_seconds(comment.window),
        search=SEARCH_BY_ADDRESS.tries,
        search_per_second=_seconds(SEARCH_BY_ADDRESS.window),
        published=of.created_at,
        import_user_settings=1,
        import_user_settings_per_second=1,
    )


def _seconds(window: timedelta) -> int:
    return int(window.total_seconds())


def _listing_mode(mode: str) -> PostListingMode:
    modes: tuple[PostListingMode, ...] = get_args(PostListingMode)
    return next((one for one in modes if one == mode), "List")


def tagline(of: TaglineRow) -> Tagline:
    """A tagline."""
    return Tagline(id=of.id, local_site_id=1, content=of.source, published=of.created_at)


def custom_emoji_view(of: EmojiRow) -> CustomEmojiView:
    """An emoji with its keywords."""
    emoji = CustomEmoji(
        id=of.id,
        local_site_id=1,
        shortcode=of.shortcode,
        image_url=of.image_url,
        alt_text=of.alt,
        category=of.category,
        published=of.created_at,
        updated=of.updated_at,
    )
    keywords = [
        CustomEmojiKeyword(custom_emoji_id=of.id, keyword=word) for word in of.keywords.split()
    ]
    return CustomEmojiView(custom_emoji=emoji, keywords=keywords)


def blocked_urls(addresses: Sequence[str], of: Row) -> list[LocalSiteUrlBlocklist]:
    """The links that posts must not have."""
    return [
        LocalSiteUrlBlocklist(id=number, url=address, published=of.created_at)
        for number, address in enumerate(addresses, start=1)
    ]


def local_user_view(
    of: Account, person: Person, counts: PersonAggregates, *, has_two_factor: bool
) -> LocalUserView:
    """The account of a member; its number is the person's."""
    apps = app_preferences_of(of)
    user = LocalUser(
        id=of.actor_id,
        person_id=of.actor_id,
        email=of.contact,
        show_nsfw=of.show_nsfw,
        theme=apps.theme,
        default_sort_type=sort_type(of.front_sort),
        default_listing_type=listing_type(of.front_scope),
        interface_language=of.interface_language or "browser",
        show_avatars=apps.show_avatars,
        send_notifications_to_email=of.mail_notifications,
        show_scores=apps.show_scores,
        show_bot_accounts=of.show_bot_accounts,
        show_read_posts=of.show_read_posts,
        email_verified=of.email is not None,
        accepted_application=of.state == "active",
        open_links_in_new_tab=apps.open_links_in_new_tab,
        blur_nsfw=apps.blur_nsfw,
        auto_expand=apps.auto_expand,
        infinite_scroll_enabled=apps.infinite_scroll_enabled,
        admin=of.is_admin,
        post_listing_mode=_listing_mode(apps.post_listing_mode),
        totp_2fa_enabled=has_two_factor,
        enable_keyboard_navigation=apps.enable_keyboard_navigation,
        enable_animated_images=apps.enable_animated_images,
        collapse_bot_comments=apps.collapse_bot_comments,
        last_donation_notification=apps.last_donation_notification
        or of.created_at.isoformat().replace("+00:00", "Z"),
    )
    shown = LocalUserVoteDisplayMode(
        local_user_id=of.actor_id,
        score=apps.show_scores,
        upvotes=apps.show_upvotes,
        downvotes=apps.show_downvotes,
        upvote_percentage=apps.show_upvote_percentage,
    )
    return LocalUserView(
        local_user=user, local_user_vote_display_mode=shown, person=person, counts=counts
    )


EVERY_LANGUAGE = [one.id for one in ALL_LANGUAGES]
"""What no choice of languages means, for apps that only offer what is listed."""
