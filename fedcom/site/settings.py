"""The settings that the admin changes while the server runs: one row."""

from typing import cast, get_args

from sqlalchemy import Connection, select, update

from fedcom.errors import Invalid, NotFound
from fedcom.models.actor import actor
from fedcom.models.base import columns_of, first_row
from fedcom.models.site import CaptchaDifficulty, Registration, Site, site
from fedcom.rules.limits import check_body, check_display_name
from fedcom.text.plain import cut
from fedcom.wire.body import Body

MAX_DESCRIPTION = 10_000
MAX_RULES = 10_000
MAX_QUESTION = 500

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


def edit_site(
    conn: Connection,
    *,
    name: str | None = None,
    description: Body | None = None,
    registration: str | None = None,
    answers_apps_as_lemmy: bool | None = None,
) -> Site:
    """Change the given settings and leave the others.

    Raises Invalid: `site_name_required`, `display_name_…`, `body_…`, `registration_unknown`.
    """
    changes: dict[str, object] = {}
    if name is not None:
        changes["name"] = check_site_name(name)
    if description is not None:
        check_body(description.source, MAX_DESCRIPTION)
        changes["description_source"] = description.source
        changes["description_html"] = description.html
    if registration is not None:
        changes["registration"] = check_registration(registration)
    if answers_apps_as_lemmy is not None:
        changes["answers_apps_as_lemmy"] = answers_apps_as_lemmy
    if changes:
        conn.execute(update(site).values(**changes))
    if name is not None:
        name_instance_actor(conn)
    return get_site(conn)


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
    if hue is not None and not 0 <= hue < 360:
        raise Invalid("hue_unknown", "The hue must be a number of degrees from 0 to 359.")
    conn.execute(update(site).values(hue=hue))
    return get_site(conn)


def set_logo(conn: Connection, name: str | None, address: str | None) -> Site:
    """Set the picture of the instance (its file's name and its address); None removes it."""
    conn.execute(update(site).values(logo=name))
    found = get_site(conn)
    conn.execute(update(actor).where(actor.c.id == found.actor_id).values(icon_url=address))
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
