"""Every page and every form: which address, which handler. The federation's routes come first.

The addresses of communities, people, posts and comments are also the ids of the ActivityPub
documents; whoever asks for those is answered by `fedcom.federation` before these routes are tried.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fedcom.web import (
    admin,
    communities,
    content,
    feeds,
    people,
    posts,
    search,
    setup,
    sign_in,
    static_files,
)

Handler = Callable[[Request], Awaitable[Response]]


def _page(path: str, handler: Handler) -> Route:
    return Route(path, handler, methods=["GET"])


def _form(path: str, handler: Handler) -> Route:
    """A page with a form that is sent to the page's own address."""
    return Route(path, handler, methods=["GET", "POST"])


def _button(path: str, handler: Handler) -> Route:
    return Route(path, handler, methods=["POST"])


def routes() -> list[BaseRoute]:
    """For `Starlette(routes=…)`, after the routes of the federation."""
    return [
        _page("/", feeds.show_front),
        _page("/communities", communities.list_all),
        _form("/communities/new", communities.create),
        _form("/submit", posts.submit),
        _page("/c/{slug}", communities.show),
        _form("/c/{slug}/submit", posts.submit),
        _button("/c/{slug}/follow", communities.follow),
        _button("/c/{slug}/unfollow", communities.follow),
        _form("/c/{slug}/edit", communities.edit),
        _button("/c/{slug}/edit/moderators", communities.appoint),
        _button("/c/{slug}/edit/moderators/remove", communities.dismiss),
        _page("/c/{slug}/modlog", communities.show_modlog),
        _page("/post/{number:int}", posts.show),
        _form("/post/{number:int}/edit", posts.edit),
        _button("/post/{number:int}/comment", posts.reply),
        _page("/comment/{number:int}", posts.show_comment),
        _form("/comment/{number:int}/edit", content.edit_comment),
        *content.buttons(),
        _page("/u/{slug}", people.show),
        _form("/settings", people.edit_profile),
        _form("/search", search.look_up),
        _form("/login", sign_in.log_in),
        _button("/logout", sign_in.log_out),
        _form("/register", sign_in.sign_up),
        _form("/setup", setup.set_up),
        _page("/admin", admin.show),
        _button("/admin/site", admin.save_site),
        _button("/admin/applications", admin.decide),
        _button("/admin/blocks", admin.block),
        _button("/admin/blocks/remove", admin.unblock),
        _page("/static/{name}", static_files.show_file),
    ]
