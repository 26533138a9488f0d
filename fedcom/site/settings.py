"""The settings that the admin changes while the server runs: one row."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypedDict, TypeVar, Unpack, cast, get_args
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, insert, select, update

from fedcom.context import Context
from fedcom.errors import Checks, Invalid, NotFound
from fedcom.models.actor import actor
from fedcom.models.base import columns_of, first_row
from fedcom.models.post import post
from fedcom.models.site import (
    CaptchaDifficulty,
    Registration,
    Site,
    allowed_instance,
    blocked_url,
    site,
)
from fedcom.queries.visibility import is_shown
from fedcom.remote.peers import blocked_among, normalise_host, number_host
from fedcom.rules.front_lists import FRONT_SCOPES, FRONT_SORTS
from fedcom.rules.languages import check_languages
from fedcom.rules.limits import (
    MAX_URL,
    check_body,
    check_content_warning,
    check_display_name,
    check_hue,
)
from fedcom.rules.names import LONGEST_NAME, MIN_NAME
from fedcom.rules.slurs import check_slurs
from fedcom.text.plain import cut
from fedcom.text.slurs import BadPattern, MatchesNothing, check_pattern
from fedcom.wire.body import Body
from outbox.maintenance import call_off

T = TypeVar("T")

MAX_DESCRIPTION = 10_000
MAX_RULES = 10_000
MAX_LEGAL = 50_000
MAX_QUESTION = 500
MAX_SHORT_DESCRIPTION = 150
"""As in Lemmy 0.19 (`site.description`)."""

MAX_INVITATIONS = 100
"""Open ones of each member."""

MAX_QUOTA = 1_000_000
"""Megabytes."""

MAX_LISTED = 10_000
"""Allowed servers, and blocked links."""

LISTING_MODES = ("List", "Card", "SmallCard")
"""Lemmy 0.19's `PostListingMode`."""

MAX_THEME = 50
"""Of the name of a theme of an app."""

ACTOR_NAME = 20
"""Characters of the instance actor's name. Lemmy 0.19 does not store an instance with a longer one,
and then refuses its bans and sends it no reports (`site.name`).
"""


def find_site(conn: Connection) -> Site | None:
    """This instance; None before its first start."""
    return first_row(Site, conn.execute(select(*columns_of(Site, site))))


def get_site(conn: Connection) -> Site:
    """This instance. Raises NotFound before its first start."""
    found = find_site(conn)
    if found is None:
        raise NotFound("site_not_set_up", "This server has never been started.")
    return found


class SiteChanges(TypedDict, total=False):
    """The settings that `edit_site` changes; one that is absent or None stays as it is.

    `slur_filter` is a regular expression of RE2, "" for none; `name_limit` is in characters,
    `member_invitations` the number of open ones that each member may have, `upload_quota` in
    megabytes; 0 for none of these two.
    `allowed_instances` (hosts) and `blocked_urls` (addresses, with or without a scheme) replace the
    whole list.
    """

    name: str | None
    short_description: str | None
    description: Body | None
    legal: Body | None
    content_warning: str | None
    registration: str | None
    downvotes: bool | None
    nsfw: bool | None
    only_admins_create_communities: bool | None
    private: bool | None
    federated: bool | None
    search_engines: bool | None
    ai_crawlers: bool | None
    slur_filter: str | None
    name_limit: int | None
    member_invitations: int | None
    upload_quota: int | None
    mails_applications: bool | None
    mails_reports: bool | None
    hides_moderators: bool | None
    default_scope: str | None
    default_sort: str | None
    languages: Iterable[str] | None
    app_listing_mode: str | None
    app_theme: str | None
    answers_apps_as_lemmy: bool | None
    allowed_instances: Iterable[str] | None
    blocked_urls: Iterable[str] | None


_FLAGS = (
    *("downvotes", "nsfw", "only_admins_create_communities", "private", "federated"),
    *("search_engines", "ai_crawlers"),
    *("mails_applications", "mails_reports", "hides_moderators", "answers_apps_as_lemmy"),
)


def edit_site(ctx: Context, **changes: Unpack[SiteChanges]) -> Site:
    """Change the given settings and leave the others.

    Raises Invalid: `site_name_required`, `short_description_too_long`, `display_name_…`, `body_…`,
    `content_warning_…`, `registration_unknown`, `invalid_regex`, `permissive_regex`,
    `name_limit_invalid`, `member_invitations_number`, `upload_quota_number`,
    `default_scope_unknown`, `default_sort_unknown`, `language_unknown`,
    `app_listing_mode_unknown`, `app_theme_too_long`, `slurs`, `host_invalid`,
    `blocked_urls_invalid`, `too_many_items`, and
    `cant_enable_private_instance_and_federation_together`.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    values: dict[str, object] = {name: given[name] for name in _FLAGS if name in given}
    checks = Checks()
    for name, check in _CHECKS.items():
        if name in given:
            with checks:
                values[name] = check(given[name])
    with checks:
        values |= _texts(changes)
    found = get_site(ctx.conn)
    with checks:
        private = values.get("private", found.private)
        federated = values.get("federated", found.federated)
        if private and federated:
            raise Invalid(
                "cant_enable_private_instance_and_federation_together",
                "A private server cannot federate: turn one of the two off.",
            )
    with checks:
        slurs = str(values.get("slur_filter", found.slur_filter))
        check_slurs(slurs, *(str(values.get(name, "")) for name in ("name", "short_description")))
    with checks:
        hosts, links = _lists(changes)
    checks.finish()
    if values:
        ctx.conn.execute(update(site).values(**values))
    _replace_lists(ctx, hosts, links)
    if "name" in values:
        name_instance_actor(ctx.conn)
    if "federated" in values or changes.get("allowed_instances") is not None:
        conn = ctx.conn
        call_off(conn, lambda peer: bool(blocked_among(conn, [peer])), ctx.now.timestamp())
    return get_site(ctx.conn)


def _texts(changes: SiteChanges) -> dict[str, object]:
    """The columns of the texts in Markdown."""
    values: dict[str, object] = {}
    texts = (("description", MAX_DESCRIPTION), ("legal", MAX_LEGAL))
    for name, limit in texts:
        text = cast("Body | None", changes.get(name))
        if text is not None:
            check_body(text.source, limit)
            values |= {f"{name}_source": text.source, f"{name}_html": text.html}
    return values


def _lists(changes: SiteChanges) -> tuple[list[str] | None, list[tuple[str, str]] | None]:
    """The allowed hosts and the blocked links as they are stored; None for an unchanged list."""
    allowed, blocked = changes.get("allowed_instances"), changes.get("blocked_urls")
    hosts = links = None
    if allowed is not None:
        hosts = _few({normalise_host(host) for host in allowed if host.strip()})
    if blocked is not None:
        links = _few({_link(link) for link in blocked if link.strip()})
    return hosts, links


def _replace_lists(
    ctx: Context, hosts: list[str] | None, links: list[tuple[str, str]] | None
) -> None:
    if hosts is not None:
        ctx.conn.execute(delete(allowed_instance))
        if hosts:
            ctx.conn.execute(insert(allowed_instance), [{"host": host} for host in hosts])
        for host in hosts:
            number_host(ctx.conn, host, ctx.now)
    if links is not None:
        ctx.conn.execute(delete(blocked_url))
        if links:
            rows = [{"host": host, "path": path} for host, path in links]
            ctx.conn.execute(insert(blocked_url), rows)


def list_allowed_instances(conn: Connection) -> list[str]:
    """The only hosts that this server federates with, by name; none: there is no such list."""
    hosts = select(allowed_instance.c.host).order_by(allowed_instance.c.host)
    return list(conn.execute(hosts).scalars())


def list_blocked_urls(conn: Connection) -> list[str]:
    """The addresses to which posts must not link, without a scheme, by name."""
    links = select(blocked_url.c.host, blocked_url.c.path)
    rows = conn.execute(links.order_by(blocked_url.c.host, blocked_url.c.path))
    return [f"{row.host}/{row.path}".rstrip("/") for row in rows]


def _few(items: set[T]) -> list[T]:
    if len(items) > MAX_LISTED:
        raise Invalid(
            "too_many_items", "The list may have at most %(maximum)s entries.", maximum=MAX_LISTED
        )
    return sorted(items, key=str)


def _link(text: str) -> tuple[str, str]:
    """The host and the path of an address, in lower case, without a scheme and a query."""
    address = text.strip().rpartition("://")[2].lower()
    try:
        parts = urlsplit(f"https://{address[:MAX_URL]}")
        host = normalise_host(parts.hostname or "")
    except (ValueError, Invalid) as error:
        raise Invalid(
            "blocked_urls_invalid", "%(link)s is not the address of a page.", link=text[:100]
        ) from error
    return host, parts.path.strip("/")


def check_short_description(text: str) -> str:
    """The sentence about the instance as it is stored: one line. Raises Invalid."""
    line = " ".join(check_body(text).split())
    if len(line) > MAX_SHORT_DESCRIPTION:
        raise Invalid(
            "short_description_too_long",
            "This may have at most %(maximum)s characters.",
            maximum=MAX_SHORT_DESCRIPTION,
        )
    return line


def _slur_filter(pattern: str) -> str:
    try:
        return check_pattern(check_body(pattern))
    except BadPattern as error:
        raise Invalid(
            "invalid_regex",
            "This is not a regular expression that can be used: %(why)s",
            why=str(error)[:200],
        ) from error
    except MatchesNothing as error:
        raise Invalid(
            "permissive_regex",
            "This regular expression would match every text, even an empty one.",
        ) from error


def _name_limit(limit: int) -> int:
    if not MIN_NAME <= limit <= LONGEST_NAME:
        raise Invalid(
            "name_limit_invalid",
            "Choose a number from %(minimum)s to %(maximum)s.",
            minimum=MIN_NAME,
            maximum=LONGEST_NAME,
        )
    return limit


def _count(name: str, most: int, number: int) -> int:
    if not 0 <= number <= most:
        raise Invalid(
            f"{name}_number", "Enter a whole number from %(least)s to %(most)s.", least=0, most=most
        )
    return number


def _theme(name: str) -> str:
    name = check_display_name(name)
    if len(name) > MAX_THEME:
        raise Invalid(
            "app_theme_too_long", "This may have at most %(maximum)s characters.", maximum=MAX_THEME
        )
    return name


def _one_of(name: str, known: tuple[str, ...], value: str) -> str:
    if value not in known:
        raise Invalid(f"{name}_unknown", "Choose one of: %(choices)s.", choices=", ".join(known))
    return value


def name_instance_actor(conn: Connection) -> None:
    """Give the instance actor the name of the site, cut to the length that peers accept."""
    found = get_site(conn)
    title = cut(found.name, ACTOR_NAME)
    conn.execute(update(actor).where(actor.c.id == found.actor_id).values(title=title))


def edit_welcome(
    conn: Connection, *, rules: Body | None = None, question: str | None = None
) -> Site:
    """Change the rules, and the question that applicants are asked.

    Raises Invalid: `body_…`.
    """
    changes: dict[str, object] = {}
    if rules is not None:
        check_body(rules.source, MAX_RULES)
        changes |= {"rules_source": rules.source, "rules_html": rules.html}
    if question is not None:
        changes["application_question"] = check_body(question, MAX_QUESTION)
    if changes:
        conn.execute(update(site).values(**changes))
    return get_site(conn)


def edit_sign_up(
    conn: Connection,
    *,
    requires_confirmed_email: bool | None = None,
    captcha_enabled: bool | None = None,
    captcha_difficulty: str | None = None,
) -> Site:
    """Change what is asked of those who sign up; None leaves it as it is.

    Raises Invalid("captcha_difficulty_unknown").
    """
    changes: dict[str, object] = {}
    if requires_confirmed_email is not None:
        changes["requires_confirmed_email"] = requires_confirmed_email
    if captcha_enabled is not None:
        changes["captcha_enabled"] = captcha_enabled
    if captcha_difficulty is not None:
        if captcha_difficulty not in get_args(CaptchaDifficulty):
            raise Invalid("captcha_difficulty_unknown", "The captcha must be easy, medium or hard.")
        changes["captcha_difficulty"] = captcha_difficulty
    if changes:
        conn.execute(update(site).values(**changes))
    return get_site(conn)


def set_hue(conn: Connection, hue: int | None) -> Site:
    """Set the hue of links and buttons, in degrees; None for the default. Raises Invalid."""
    check_hue(hue)
    conn.execute(update(site).values(hue=hue))
    return get_site(conn)


def set_introductions(conn: Connection, post_id: int | None) -> Site:
    """Set the post in which new members may say hello; None for none.

    Raises Invalid("introductions_unknown") unless the post is shown here and takes comments.
    """
    if post_id is not None:
        wanted = select(post.c.id).where(
            post.c.id == post_id, is_shown(post), post.c.locked_at.is_(None)
        )
        if conn.execute(wanted).first() is None:
            raise Invalid(
                "introductions_unknown", "Enter the address of a post here that takes comments."
            )
    conn.execute(update(site).values(introductions_id=post_id))
    return get_site(conn)


def set_logo(conn: Connection, name: str | None, address: str | None) -> Site:
    """Set the picture of the instance (its file's name and its address); None removes it."""
    conn.execute(update(site).values(logo=name))
    found = get_site(conn)
    conn.execute(update(actor).where(actor.c.id == found.actor_id).values(icon_url=address))
    return found


def set_banner(conn: Connection, name: str | None, address: str | None) -> Site:
    """Set the wide picture of the instance, as `set_logo`; None removes it."""
    conn.execute(update(site).values(banner=name))
    found = get_site(conn)
    conn.execute(update(actor).where(actor.c.id == found.actor_id).values(image_url=address))
    return found


def check_site_name(name: str) -> str:
    """The name of the instance as it is stored. Raises Invalid."""
    name = check_display_name(name)
    if not name:
        raise Invalid("site_name_required", "The server needs a name.")
    return name


def check_registration(mode: str) -> Registration:
    """`mode`, if it is one of the three registration modes. Raises Invalid."""
    if mode not in get_args(Registration):
        raise Invalid(
            "registration_unknown", "The registration mode must be closed, approval or open."
        )
    return cast("Registration", mode)


_CHECKS: dict[str, Callable[[Any], object]] = {
    "name": check_site_name,
    "short_description": check_short_description,
    "content_warning": check_content_warning,
    "registration": check_registration,
    "slur_filter": _slur_filter,
    "name_limit": _name_limit,
    "member_invitations": partial(_count, "member_invitations", MAX_INVITATIONS),
    "upload_quota": partial(_count, "upload_quota", MAX_QUOTA),
    "default_scope": partial(_one_of, "default_scope", FRONT_SCOPES),
    "default_sort": partial(_one_of, "default_sort", FRONT_SORTS),
    "languages": check_languages,
    "app_listing_mode": partial(_one_of, "app_listing_mode", LISTING_MODES),
    "app_theme": _theme,
}
"""What the columns of one value store of what is given."""
