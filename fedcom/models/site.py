"""The one row with the identity and settings of this instance."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    Table,
    Text,
    false,
    text,
    true,
)

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import EMPTY, metadata

Registration = Literal["closed", "approval", "open"]
CaptchaDifficulty = Literal["easy", "medium", "hard"]

site = Table(
    "site",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # Stored at first start and never changed: every id we ever sent begins with it.
    Column("origin", Text, nullable=False),
    Column("actor_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("name", Text, nullable=False),
    # One line, for lists of servers and for apps.
    Column("short_description", Text, nullable=False, server_default=EMPTY),
    Column("description_source", Text, nullable=False, default=""),
    Column("description_html", Text, nullable=False, default=""),
    Column("rules_source", Text, nullable=False, server_default=EMPTY),
    Column("rules_html", Text, nullable=False, server_default=EMPTY),
    # The names of the rules in the list, one per line, for pages that show just these.
    Column("rule_names", Text, nullable=False, server_default=EMPTY),
    Column("legal_source", Text, nullable=False, server_default=EMPTY),
    Column("legal_html", Text, nullable=False, server_default=EMPTY),
    # Guests are asked to note it, and then see sensitive posts by default, as with Lemmy.
    Column("content_warning", Text, nullable=False, server_default=EMPTY),
    # Names of files of `media`; null: none.
    Column("logo", Text, nullable=True),
    Column("banner", Text, nullable=True),
    # Hue of links and buttons in degrees, 0 to 359; null: ours.
    Column("hue", Integer, nullable=True),
    Column("registration", Text, nullable=False, default="closed"),
    # The question for applicants.
    Column("application_question", Text, nullable=False, server_default=EMPTY),
    # Before a member can log in; without effect while no mail is sent.
    Column("requires_confirmed_email", Boolean, nullable=False, server_default=false()),
    Column("captcha_enabled", Boolean, nullable=False, server_default=false()),
    Column("captcha_difficulty", Text, nullable=False, server_default="medium"),
    Column("downvotes", Boolean, nullable=False, server_default=true()),
    Column("nsfw", Boolean, nullable=False, server_default=true()),
    Column("only_admins_create_communities", Boolean, nullable=False, server_default=false()),
    # Guests see nothing of members and communities.
    Column("private", Boolean, nullable=False, server_default=false()),
    Column("federated", Boolean, nullable=False, server_default=true()),
    # Whether search engines may list its pages, and whether AI companies may collect them.
    Column("search_engines", Boolean, nullable=False, server_default=true()),
    Column("ai_crawlers", Boolean, nullable=False, server_default=true()),
    # A regular expression of RE2; "" for none.
    Column("slur_filter", Text, nullable=False, server_default=EMPTY),
    # The maximum length of new names of people and communities, in characters.
    Column("name_limit", Integer, nullable=False, server_default=text("20")),
    # Mail to the admins about new applications and reports.
    Column("mails_applications", Boolean, nullable=False, server_default=false()),
    Column("mails_reports", Boolean, nullable=False, server_default=false()),
    # The modlog does not say who did it, except to moderators and admins.
    Column("hides_moderators", Boolean, nullable=False, server_default=false()),
    # The front page of guests and of new members.
    Column("default_scope", Text, nullable=False, server_default="subscribed"),
    Column("default_sort", Text, nullable=False, server_default="active"),
    # Of the posts in the lists of guests, and of members who chose none: codes separated by spaces.
    Column("languages", Text, nullable=False, server_default=EMPTY),
    # The post in which new members may say hello; no foreign key, so that it can be purged.
    Column("introductions_id", BigId, nullable=True),
    # Only stored, for apps.
    Column("app_listing_mode", Text, nullable=False, server_default="List"),
    Column("app_theme", Text, nullable=False, server_default="browser"),
    # NodeInfo tells browsers and apps that only know Lemmy "lemmy"; servers get the real name.
    Column("answers_apps_as_lemmy", Boolean, nullable=False, default=True),
    # The names of the `site_page` rows with a text, separated by spaces: every page links to them.
    Column("pages", Text, nullable=False, server_default=EMPTY),
    # A line or two at the top of every page; "" for none.
    Column("announcement_source", Text, nullable=False, server_default=EMPTY),
    Column("announcement_html", Text, nullable=False, server_default=EMPTY),
    # Null: until an admin removes it.
    Column("announcement_until", UtcDateTime, nullable=True),
    # Of the current text. Who dismissed an earlier one sees the next.
    Column("announcement_number", Integer, nullable=False, server_default=text("0")),
    # The admin's list of next steps, and those that nothing else in the database shows.
    Column("hides_first_steps", Boolean, nullable=False, server_default=false()),
    Column("mail_tested_at", UtcDateTime, nullable=True),
    Column("backed_up_at", UtcDateTime, nullable=True),
    # How many open invitations each member may have; 0: only admins invite.
    Column("member_invitations", Integer, nullable=False, server_default=text("0")),
    # Of each member's uploads, in megabytes; 0 for no limit.
    Column("upload_quota", Integer, nullable=False, server_default=text("0")),
    # Signs the tokens of apps (`accounts.tokens`); null until the first one. Not a field of `Site`.
    Column("token_secret", Text, nullable=True),
    # Signs requests to push services (P-256, base64url); null until the first browser. As above.
    Column("vapid_key", Text, nullable=True),
    # Null until the first admin and the first community exist.
    Column("set_up_at", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("id = 1", name="only_one"),
    CheckConstraint("captcha_difficulty IN ('easy', 'medium', 'hard')", name="captcha_difficulty"),
    CheckConstraint("registration IN ('closed', 'approval', 'open')", name="registration"),
)

PageName = Literal["about", "privacy", "contact"]

# Texts of the admins with a page of their own. The legal information is a column of `site`, since
# apps ask for it.
site_page = Table(
    "site_page",
    metadata,
    Column("name", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("html", Text, nullable=False),
    CheckConstraint("name IN ('about', 'privacy', 'contact')", name="name"),
)

# What happened here on each day (UTC), by local people; kept for the plots of the admins.
daily_count = Table(
    "daily_count",
    metadata,
    # Such as 2026-11-30.
    Column("day", Text, primary_key=True),
    # At its end.
    Column("members", Integer, nullable=False),
    # Those who posted, commented or voted.
    Column("active", Integer, nullable=False),
    Column("posts", Integer, nullable=False),
    Column("comments", Integer, nullable=False),
    Column("votes", Integer, nullable=False),
    # The most servers at a time that deliveries failed to; null for a day that was counted later.
    Column("failing", Integer, nullable=True),
)

# The only servers that this one federates with; without a row, there is no such restriction.
allowed_instance = Table(
    "allowed_instance",
    metadata,
    Column("host", Text, primary_key=True),
)

# Links that posts must not have: to this host and its subdomains, below this path.
blocked_url = Table(
    "blocked_url",
    metadata,
    Column("host", Text, primary_key=True),
    # Without the slash at its beginning; "" for the whole host.
    Column("path", Text, primary_key=True),
)


@dataclass(frozen=True, slots=True)
class SitePolicy:
    """The settings that actions of people have to respect; the defaults are those of a new site."""

    downvotes: bool = True
    nsfw: bool = True
    only_admins_create_communities: bool = False
    slur_filter: str = ""
    name_limit: int = 20


@dataclass(frozen=True, slots=True)
class Site:
    """This instance with its settings."""

    origin: str
    actor_id: int
    name: str
    short_description: str
    description_source: str
    description_html: str
    rules_source: str
    rules_html: str
    rule_names: str
    legal_source: str
    legal_html: str
    content_warning: str
    logo: str | None
    banner: str | None
    hue: int | None
    registration: Registration
    application_question: str
    requires_confirmed_email: bool
    captcha_enabled: bool
    captcha_difficulty: CaptchaDifficulty
    downvotes: bool
    nsfw: bool
    only_admins_create_communities: bool
    private: bool
    federated: bool
    search_engines: bool
    ai_crawlers: bool
    slur_filter: str
    name_limit: int
    mails_applications: bool
    mails_reports: bool
    hides_moderators: bool
    default_scope: str
    default_sort: str
    languages: str
    introductions_id: int | None
    app_listing_mode: str
    app_theme: str
    answers_apps_as_lemmy: bool
    pages: str
    announcement_source: str
    announcement_html: str
    announcement_until: datetime | None
    announcement_number: int
    hides_first_steps: bool
    mail_tested_at: datetime | None
    backed_up_at: datetime | None
    member_invitations: int
    upload_quota: int
    set_up_at: datetime | None
    created_at: datetime

    def find_announcement(self, now: datetime) -> str:
        """The HTML of the announcement; "" if there is none or its time is over."""
        is_over = self.announcement_until is not None and self.announcement_until <= now
        return "" if is_over else self.announcement_html


@dataclass(frozen=True, slots=True)
class DailyCount:
    """One row of `daily_count`."""

    day: date
    members: int
    active: int
    posts: int
    comments: int
    votes: int
    failing: int | None
