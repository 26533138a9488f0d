"""Settings of the member who calls: changing, exporting and importing them."""

from dataclasses import fields
from typing import Any

from fedcom.accounts.email import propose_email
from fedcom.accounts.members import get_account, get_member
from fedcom.accounts.register import check_email
from fedcom.actions.pictures import ChangePictures
from fedcom.actions.profile import EditProfile
from fedcom.api.caller import Call, Caller
from fedcom.api.endpoint import NoParameters, Parameters, Resource
from fedcom.api.v3.params import codes_of
from fedcom.api.v3.shapes.responses import SUCCESS, SuccessResponse
from fedcom.api.v3.shapes.site import SCOPES, ListingType, PostListingMode, SortType, front_sort
from fedcom.http.email_links import ask_to_confirm
from fedcom.personal.app_preferences import (
    AppPreferences,
    set_app_preferences,
    usable_preferences,
)
from fedcom.personal.export import lemmy_settings
from fedcom.personal.imports import begin_import, settings_in
from fedcom.personal.preferences import Preferences, set_preferences
from fedcom.rules.limits import MAX_SUMMARY
from fedcom.wire.body import Body

resource = Resource()


class SaveUserSettings(Parameters):
    """What is not given stays as it is; "" takes a picture or a text away."""

    show_nsfw: bool | None = None
    blur_nsfw: bool | None = None
    auto_expand: bool | None = None
    theme: str | None = None
    default_sort_type: SortType | None = None
    default_listing_type: ListingType | None = None
    interface_language: str | None = None
    avatar: str | None = None
    banner: str | None = None
    display_name: str | None = None
    email: str | None = None
    bio: str | None = None
    matrix_user_id: str | None = None
    show_avatars: bool | None = None
    send_notifications_to_email: bool | None = None
    bot_account: bool | None = None
    show_bot_accounts: bool | None = None
    show_read_posts: bool | None = None
    discussion_languages: list[int] | None = None
    open_links_in_new_tab: bool | None = None
    infinite_scroll_enabled: bool | None = None
    post_listing_mode: PostListingMode | None = None
    enable_keyboard_navigation: bool | None = None
    enable_animated_images: bool | None = None
    collapse_bot_comments: bool | None = None
    show_scores: bool | None = None
    show_upvotes: bool | None = None
    show_downvotes: bool | None = None
    show_upvote_percentage: bool | None = None


@resource.serves("PUT", "/user/save_user_settings")
async def save_user_settings(call: Call, wanted: SaveUserSettings) -> SuccessResponse:
    """Change one's profile and preferences."""
    bio = await call.render(wanted.bio, MAX_SUMMARY)
    site, instance = await call.site(), call.instance

    def work(caller: Caller) -> SuccessResponse:
        _save_profile(caller, wanted, bio)
        _save_pictures(caller, wanted)
        _save_preferences(caller, wanted)
        if wanted.email is not None and wanted.email != caller.member.account.contact:
            address, mine = check_email(wanted.email), caller.person.id
            sends_mail = instance.settings.sends_mail
            if propose_email(caller.conn, mine, address, sends_mail=sends_mail):
                ask_to_confirm(instance, caller.ctx, site, get_member(caller.conn, mine))
        return SUCCESS

    return await call.unit(work)


def _save_profile(caller: Caller, wanted: SaveUserSettings, bio: Body | None) -> None:
    me = caller.person
    given = (wanted.display_name, bio, wanted.matrix_user_id, wanted.bot_account)
    if all(one is None for one in given):
        return
    caller.act(
        EditProfile(
            by=me,
            title=me.title if wanted.display_name is None else wanted.display_name,
            summary=Body(me.summary_source, me.summary_html) if bio is None else bio,
            matrix_user_id=wanted.matrix_user_id,
            is_bot=wanted.bot_account,
        )
    )


def _save_pictures(caller: Caller, wanted: SaveUserSettings) -> None:
    me = caller.person
    icon = me.icon_url if wanted.avatar is None else caller.own_address(wanted.avatar)
    banner = me.image_url if wanted.banner is None else caller.own_address(wanted.banner)
    if (icon, banner) != (me.icon_url, me.image_url):
        caller.act(ChangePictures(by=me, subject=me, icon_url=icon, image_url=banner))


def _save_preferences(caller: Caller, wanted: SaveUserSettings) -> None:
    conn, mine = caller.conn, caller.person.id
    now = get_account(conn, mine)
    columns = {field.name: getattr(now, field.name) for field in fields(Preferences)}
    sort, listing, languages = (
        wanted.default_sort_type,
        wanted.default_listing_type,
        wanted.discussion_languages,
    )
    changes: dict[str, Any] = {
        "interface_language": _interface_language(wanted.interface_language),
        "front_sort": sort and front_sort(sort),
        # The front page has no list of what one moderates.
        "front_scope": listing and SCOPES[listing] if listing != "ModeratorView" else None,
        "show_nsfw": wanted.show_nsfw,
        "show_read_posts": wanted.show_read_posts,
        "show_bot_accounts": wanted.show_bot_accounts,
        "languages": None if languages is None else " ".join(codes_of(languages)),
        "mail_notifications": wanted.send_notifications_to_email,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    if given:
        set_preferences(conn, mine, Preferences(**(columns | given)))
    apps = {field.name: getattr(wanted, field.name, None) for field in fields(AppPreferences)}
    set_app_preferences(conn, mine, apps)


def _interface_language(tag: str | None) -> str | None:
    return "" if tag == "browser" else tag


@resource.reads("/user/export_settings")
def export_settings(caller: Caller, _wanted: NoParameters) -> dict[str, Any]:
    """What Lemmy and its apps import: profile, follows, saved things and blocks."""
    return lemmy_settings(caller.conn, get_member(caller.conn, caller.person.id))


class ImportSettings(Parameters):
    """What `export_settings` gives, of Lemmy or of ours."""

    display_name: str | None = None
    bio: str | None = None
    avatar: str | None = None
    banner: str | None = None
    matrix_id: str | None = None
    bot_account: bool | None = None
    settings: dict[str, Any] | None = None
    followed_communities: list[str] = []  # noqa: RUF012 - msgspec copies it
    saved_posts: list[str] = []  # noqa: RUF012
    saved_comments: list[str] = []  # noqa: RUF012
    blocked_communities: list[str] = []  # noqa: RUF012
    blocked_users: list[str] = []  # noqa: RUF012
    blocked_instances: list[str] = []  # noqa: RUF012


@resource.serves("POST", "/user/import_settings")
async def import_settings(call: Call, wanted: ImportSettings) -> SuccessResponse:
    """Take over exported settings; follows, saved things and blocks in the background."""
    document = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    imported = settings_in(document)
    bio = await call.render(imported.bio, MAX_SUMMARY)

    def work(caller: Caller) -> SuccessResponse:
        begin_import(caller.ctx, caller.person, imported, bio)
        usable = usable_preferences(imported.settings)
        set_app_preferences(caller.conn, caller.person.id, usable)
        return SUCCESS

    return await call.unit(work)


@resource.writes("POST", "/user/donation_dialog_shown")
def note_donation_dialog(caller: Caller, _wanted: NoParameters) -> SuccessResponse:
    """Store that the app has asked for a donation, so that it does not ask again soon."""
    now = caller.now.isoformat().replace("+00:00", "Z")
    changes = {"last_donation_notification": now}
    set_app_preferences(caller.conn, caller.person.id, changes)
    return SUCCESS
