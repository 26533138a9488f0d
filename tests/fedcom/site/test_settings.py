import pytest
from sqlalchemy import select

from fedcom.errors import Invalid
from fedcom.models.actor import actor
from fedcom.site.settings import edit_sign_up, edit_site, get_site
from fedcom.wire.body import Body


def test_only_given_settings_are_changed(rig):
    before = rig(lambda ctx: get_site(ctx.conn))
    assert rig(edit_site) == before
    after = rig(lambda ctx: edit_site(ctx, registration="approval"))
    assert (after.registration, after.name) == ("approval", before.name)
    described = Body.of_markdown("*cats*")
    after = rig(lambda ctx: edit_site(ctx, name="  Cats  here", description=described))
    assert (after.name, after.registration) == ("Cats here", "approval")
    assert after.description_source == "*cats*"
    assert after.description_html == "<p><em>cats</em></p>"
    assert after.answers_apps_as_lemmy
    after = rig(lambda ctx: edit_site(ctx, answers_apps_as_lemmy=False))
    assert not after.answers_apps_as_lemmy


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Cats here", "Cats here"),
        ("twenty characters do", "twenty characters do"),
        ("Everything about cats in the north", "Everything about…"),
        ("x" * 64, "x" * 19 + "…"),
    ],
)
def test_the_instance_actor_has_the_sites_name_cut_for_lemmy(rig, name, shown):
    site = rig(lambda ctx: edit_site(ctx, name=name))
    titles = select(actor.c.title).where(actor.c.id == site.actor_id)
    assert rig(lambda ctx: ctx.conn.execute(titles).scalar()) == shown


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": ""}, "site_name_required"),
        ({"name": "x" * 65}, "display_name_too_long"),
        ({"registration": "maybe"}, "registration_unknown"),
        ({"description": Body("x" * 10_001, "")}, "body_too_long"),
    ],
)
def test_invalid_settings_are_refused(rig, change, code):
    with pytest.raises(Invalid) as caught:
        rig(lambda ctx: edit_site(ctx, **change))
    assert caught.value.code == code


def test_what_sign_up_requires_is_changed_alone(rig):
    before = rig(lambda ctx: edit_sign_up(ctx.conn))
    assert not before.requires_confirmed_email
    after = rig(lambda ctx: edit_sign_up(ctx.conn, requires_confirmed_email=True))
    assert after.requires_confirmed_email
    assert (after.captcha_enabled, after.captcha_difficulty) == (False, "medium")
    after = rig(lambda ctx: edit_sign_up(ctx.conn, captcha_enabled=True, captcha_difficulty="hard"))
    assert (after.captcha_enabled, after.captcha_difficulty) == (True, "hard")
    assert rig(lambda ctx: edit_sign_up(ctx.conn)) == after
    with pytest.raises(Invalid) as caught:
        rig(lambda ctx: edit_sign_up(ctx.conn, captcha_difficulty="no"))
    assert caught.value.code == "captcha_difficulty_unknown"
