"""The one row with the identity and settings of this instance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Integer, Table, Text, false

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
    Column("description_source", Text, nullable=False, default=""),
    Column("description_html", Text, nullable=False, default=""),
    Column("rules_source", Text, nullable=False, server_default=EMPTY),
    Column("rules_html", Text, nullable=False, server_default=EMPTY),
    # Names of files of `media`; null: none.
    Column("logo", Text, nullable=True),
    # Hue of links and buttons in degrees, 0 to 359; null: ours.
    Column("hue", Integer, nullable=True),
    Column("registration", Text, nullable=False, default="closed"),
    # The question for applicants.
    Column("application_question", Text, nullable=False, server_default=EMPTY),
    # Before a member can log in; without effect while no mail is sent.
    Column("requires_confirmed_email", Boolean, nullable=False, server_default=false()),
    Column("captcha_enabled", Boolean, nullable=False, server_default=false()),
    Column("captcha_difficulty", Text, nullable=False, server_default="medium"),
    # NodeInfo tells browsers and apps that only know Lemmy "lemmy"; servers get the real name.
    Column("answers_apps_as_lemmy", Boolean, nullable=False, default=True),
    # Signs the tokens of apps (`accounts.tokens`); null until the first one. Not a field of `Site`.
    Column("token_secret", Text, nullable=True),
    # Null until the first admin and the first community exist.
    Column("set_up_at", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("id = 1", name="only_one"),
    CheckConstraint("captcha_difficulty IN ('easy', 'medium', 'hard')", name="captcha_difficulty"),
    CheckConstraint("registration IN ('closed', 'approval', 'open')", name="registration"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """This instance with its settings."""

    origin: str
    actor_id: int
    name: str
    description_source: str
    description_html: str
    rules_source: str
    rules_html: str
    logo: str | None
    hue: int | None
    registration: Registration
    application_question: str
    requires_confirmed_email: bool
    captcha_enabled: bool
    captcha_difficulty: CaptchaDifficulty
    answers_apps_as_lemmy: bool
    set_up_at: datetime | None
    created_at: datetime
