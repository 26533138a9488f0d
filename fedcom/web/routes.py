"""Every page and every form: which address, which handler. The federation's routes come first.

The addresses of communities, people, posts and comments are also the ids of the ActivityPub
documents; whoever asks for those is answered by `fedcom.federation` before these routes are tried.
"""

from starlette.routing import BaseRoute

from fedcom.web import (
    admin,
    admin_federation,
    admin_people,
    communities,
    content,
    feeds,
    media,
    people,
    posts,
    search,
    settings,
    setup,
    sign_in,
    static_files,
    threads,
)
from fedcom.web.routing import button_route, form_route, page_route


def routes() -> list[BaseRoute]:
    """For `Starlette(routes=…)`, after the routes of the federation."""
    return [
        page_route("/", feeds.show_front),
        page_route("/communities", communities.list_all),
        form_route("/communities/new", communities.create),
        form_route("/submit", posts.submit),
        page_route("/c/{slug}", communities.show),
        form_route("/c/{slug}/submit", posts.submit),
        button_route("/c/{slug}/follow", communities.follow),
        button_route("/c/{slug}/unfollow", communities.follow),
        form_route("/c/{slug}/edit", communities.edit),
        button_route("/c/{slug}/edit/moderators", communities.appoint),
        button_route("/c/{slug}/edit/moderators/remove", communities.dismiss),
        page_route("/c/{slug}/modlog", communities.show_modlog),
        page_route("/post/{number:int}", threads.show),
        form_route("/post/{number:int}/edit", posts.edit),
        button_route("/post/{number:int}/comment", threads.reply),
        page_route("/comment/{number:int}", threads.show_comment),
        form_route("/comment/{number:int}/edit", content.edit_comment),
        *content.buttons(),
        page_route("/u/{slug}", people.show),
        form_route("/settings", settings.edit_profile),
        form_route("/settings/appearance", settings.edit_appearance),
        page_route("/settings/account", settings.show_account),
        button_route("/settings/password", settings.change_password),
        button_route("/settings/email", settings.change_email),
        button_route("/settings/sessions", settings.end_session_elsewhere),
        form_route("/search", search.look_up),
        form_route("/login", sign_in.log_in),
        button_route("/logout", sign_in.log_out),
        form_route("/register", sign_in.sign_up),
        form_route("/setup", setup.set_up),
        form_route("/admin", admin.edit),
        form_route("/admin/registration", admin.edit_registration),
        button_route("/admin/applications", admin.decide),
        page_route("/admin/members", admin_people.show_members),
        button_route("/admin/members/role", admin_people.change_role),
        button_route("/admin/members/reset", admin_people.make_reset),
        form_route("/admin/invitations", admin_people.edit_invitations),
        button_route("/admin/invitations/remove", admin_people.remove),
        page_route("/admin/communities", admin_people.show_communities),
        button_route("/admin/communities/close", admin_people.close),
        button_route("/admin/communities/reopen", admin_people.reopen),
        page_route("/admin/instances", admin_federation.show_instances),
        button_route("/admin/blocks", admin_federation.block),
        button_route("/admin/blocks/remove", admin_federation.unblock),
        page_route("/admin/federation", admin_federation.show),
        button_route("/admin/federation/retry", admin_federation.retry),
        page_route("/static/{name}", static_files.show_file),
        page_route("/media/remote", media.show_remote),
        page_route("/media/{name}", media.show_file),
    ]
