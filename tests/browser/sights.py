"""Every page with its viewer, in the order of `fedcom/web/routes.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from playwright.sync_api import Page

from tests.browser.town import Town


@dataclass(frozen=True, slots=True)
class Sight:
    """A page: `path` may name objects of the town in braces, `who` is "" for a guest.

    `typed` (by field) is filled into its form, which is then sent with the button `press`: some
    pages only exist as a response. `language` is the browser's, where it matters, and `before` the
    number of requests for the page just before.
    """

    name: str
    path: str
    who: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    press: str = ""
    language: str = ""
    before: int = 0

    def address(self, town: Town) -> str:
        """The path in this town."""
        return self.path.format_map(town.paths)

    def open(self, page: Page, town: Town) -> None:
        """Open it in this tab."""
        if self.language:
            page.set_extra_http_headers({"Accept-Language": self.language})
        for _ in range(self.before):
            page.request.get(self.address(town))
        page.goto(self.address(town))
        for name, text in self.typed.items():
            page.locator(f"main [name={name}]").first.fill(text)
        if self.press:
            page.get_by_role("main").get_by_role("button", name=self.press).first.click()
            page.wait_for_load_state()

    def __str__(self) -> str:
        return self.name


SIGHTS = [
    Sight("front-guest", "/"),
    Sight("front", "/?list=local", "bob"),
    Sight("front-compact", "/?list=all&view=compact", "bob"),
    Sight("front-nothing-followed", "/?list=subscribed", "kim"),
    Sight("front-arabic", "/?list=local", "bob", language="ar"),
    Sight("communities", "/communities", "bob"),
    Sight("communities-none", "/communities?q=zebra", "bob"),
    Sight("community-new", "/communities/new", "bob"),
    Sight("community-new-wrong", "/communities/new", "bob", {"name": "no!"}, "Create"),
    Sight("submit", "/submit", "bob"),
    Sight("submit-arabic", "/submit", "bob", language="ar"),
    Sight("submit-german", "/submit", "bob", language="de"),
    Sight("submit-draft", "/submit", "sue"),
    Sight("submit-preview", "/submit", "kim", {"title": "A look", "body": "*So*"}, "Preview"),
    Sight("submit-wrong", "/submit", "bob", {"community": "nowhere", "title": "A"}, "Post"),
    Sight("help-markdown", "/help/markdown", "bob"),
    Sight("help-limits", "/help/limits"),
    Sight("drafts", "/drafts", "sue"),
    Sight("drafts-none", "/drafts", "kim"),
    Sight("community-guest", "/c/cats"),
    Sight("community", "/c/cats", "bob"),
    Sight("community-moderator", "/c/cats?sort=top", "mia"),
    Sight("community-empty", "/c/quiet", "bob"),
    Sight("community-elsewhere", "{dogs}", "bob"),
    Sight("community-older", "/c/busy", "zoe"),
    Sight("community-submit", "/c/cats/submit", "kim"),
    Sight("community-edit", "/c/cats/edit", "mia"),
    Sight("community-modlog", "/c/cats/modlog", "bob"),
    Sight("modlog", "/modlog"),
    Sight("modlog-unknown", "/modlog?moderator=nobody"),
    Sight("modlog-empty", "/c/quiet/modlog"),
    Sight("community-ban", "/c/cats/ban", "mia"),
    Sight("community-banned", "/c/cats/banned", "mia"),
    Sight("community-banned-nobody", "/c/quiet/banned"),
    Sight("person-ban", "/u/eve/ban", "ann"),
    Sight("post-guest", "{post}"),
    Sight("post", "{post}", "bob"),
    Sight("post-arabic", "{post}", "mia", language="ar"),
    Sight("post-german", "{post}", "mia", language="de"),
    Sight("post-moderator", "{post}", "mia"),
    Sight("post-reply", "{post}?reply=2", "kim"),
    Sight("post-picture", "{picture}", "bob"),
    Sight("post-sensitive", "{sensitive}", "bob"),
    Sight("post-link", "{link}", "bob"),
    Sight("post-locked", "{locked}", "kim"),
    Sight("post-pinned", "{pinned}", "kim"),
    Sight("post-removed", "{removed}", "mia"),
    Sight("post-deleted", "{deleted}", "sue"),
    Sight("post-elsewhere", "{post from beta}", "kim"),
    Sight("post-edit", "{post}/edit", "bob"),
    Sight("comment", "{comment}", "bob"),
    Sight("comment-edit", "{comment}/edit", "bob"),
    Sight("post-remove", "{post}/remove", "mia"),
    Sight("comment-remove", "{comment}/remove", "mia"),
    Sight("post-history", "{post}/history"),
    Sight("comment-history", "{comment}/history"),
    Sight("saved", "/saved", "sue"),
    Sight("saved-comments", "/saved?show=comments", "sue"),
    Sight("saved-hidden", "/saved?show=hidden", "sue"),
    Sight("saved-none", "/saved", "kim"),
    Sight("settings-blocks", "/settings/blocks", "sue"),
    Sight("settings-blocks-none", "/settings/blocks", "kim"),
    Sight("post-report", "{post}/report", "kim"),
    Sight("comment-report", "{comment}/report", "kim"),
    Sight("message-report", "{message from zoe}/report", "sue"),
    Sight("reports", "/reports", "mia"),
    Sight("reports-arabic", "/reports", "mia", language="ar"),
    Sight("reports-resolved", "/reports?show=resolved", "ann"),
    Sight("reports-elsewhere", "/reports", "zoe"),
    Sight("reports-none", "/reports?show=resolved", "zoe"),
    Sight("person", "/u/bob", "kim"),
    Sight("person-pictures", "/u/sue"),
    Sight("person-comments", "/u/bob?show=comments", "kim"),
    Sight("person-own-empty", "/u/kim", "kim"),
    Sight("person-banned", "/u/tom", "ann"),
    Sight("person-elsewhere", "{zoe}", "ann"),
    Sight("messages", "/messages", "sue"),
    Sight("messages-none", "/messages", "kim"),
    Sight("conversation", "{talk}", "sue"),
    Sight("conversation-new", "/messages/bob", "kim"),
    Sight("message-edit", "{message}/edit", "sue"),
    Sight("notifications", "/notifications?show=all", "sue"),
    Sight("notifications-none", "/notifications", "kim"),
    Sight("settings", "/settings", "sue"),
    Sight("settings-appearance", "/settings/appearance", "sue"),
    Sight("settings-account", "/settings/account", "sue"),
    Sight("settings-bans", "/settings/bans", "sue"),
    Sight("settings-data", "/settings/data", "sue"),
    Sight("settings-delete", "/settings/delete", "sue"),
    Sight("settings-delete-last-admin", "/settings/delete", "zoe"),
    Sight("search", "/search", "kim"),
    Sight("search-posts", "/search?q=cats", "kim"),
    Sight("search-people", "/search?q=sue&type=people", "kim"),
    Sight("search-communities", "/search?q=cats&type=communities", "kim"),
    Sight("search-none", "/search?q=zebra", "kim"),
    Sight("search-address", "/search?q=!nowhere@nowhere.example", "kim"),
    Sight("login", "/login"),
    Sight("login-wrong", "/login", "", {"name": "bob", "password": "not his one"}, "Log in"),
    Sight("register", "/register"),
    Sight("register-wrong", "/register", "", {"name": "no!", "password": "x"}, "Sign up"),
    Sight("register-invited", "{invitation}"),
    Sight("register-application", "/register", "guest of beta"),
    Sight("confirm-email-old", "/confirm-email?token=x"),
    Sight("forgot-no-mail", "/forgot"),
    Sight("forgot", "/forgot", "guest of beta"),
    Sight("forgot-done", "/forgot", "guest of beta", {"name": "nobody"}, "Send link"),
    Sight("reset", "{reset}"),
    Sight("reset-used", "/reset?token=used"),
    Sight("setup", "/setup", "first of gamma"),
    Sight("admin", "/admin", "ann"),
    Sight("admin-preview", "/admin", "ann", press="Preview colour"),
    Sight("admin-registration", "/admin/registration", "zoe"),
    Sight("admin-registration-none", "/admin/registration", "ann"),
    Sight("admin-members", "/admin/members", "ann"),
    Sight("admin-members-none", "/admin/members?q=nobody", "ann"),
    Sight("admin-members-reset", "/admin/members", "ann", press="Create password reset link"),
    Sight("admin-invitations", "/admin/invitations", "ann"),
    Sight("admin-invitations-none", "/admin/invitations", "zoe"),
    Sight("admin-communities", "/admin/communities", "ann"),
    Sight("admin-instances", "/admin/instances", "ann"),
    Sight("admin-instances-none", "/admin/instances", "zoe"),
    Sight("admin-federation", "/admin/federation", "ann"),
    Sight("upload", "/upload", "sue"),
    Sight("settings-uploads", "/settings/uploads", "sue"),
    Sight("settings-uploads-none", "/settings/uploads", "kim"),
    Sight("settings-pictures", "/settings/pictures", "sue"),
    Sight("community-pictures", "/c/cats/pictures", "mia"),
    Sight("admin-logo", "/admin/logo", "ann"),
    Sight("error-404", "/nothing/here"),
    Sight("error-404-community", "/c/nobody@nowhere.example", "kim"),
    Sight("error-403", "/admin", "bob"),
    Sight("error-405", "/logout", "bob"),
    Sight("error-410", "{deleted}/history"),
    Sight("error-429", "/search?q=dogs", "guest of beta", before=30),
]

NO_PAGES = {
    *(
        f"/feeds/{name}.{ending}"
        for name in (
            *("all", "local", "c/{slug}", "u/{slug}", "post/{number:int}"),
            *("modlog", "c/{slug}/modlog", "subscribed", "notifications"),
        )
        for ending in ("xml", "atom")
    ),
    "/message/{number:int}",
    "/settings/export",
    "/settings/export/lemmy",
    "/.well-known/security.txt",
    "/static/{name}",
    "/media/{name}",
    "/media/remote",
}
"""Routes that return a file, a feed, or a redirect."""
