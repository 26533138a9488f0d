"""Every page with its viewer, in the order of `fedcom/web/routes.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.browser.servers import Servers
from tests.support.visitor import PASSWORD


@dataclass(frozen=True, slots=True)
class PageCase:
    """A page: `path` may name content of the servers in braces, `who` is "" for a guest.

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

    def address(self, servers: Servers) -> str:
        """The path, with the numbers of the content filled in."""
        return self.path.format_map(servers.paths)

    def open(self, page: Page, servers: Servers) -> None:
        """Open it in this tab; it must not be an error, or lead elsewhere."""
        if self.language:
            page.set_extra_http_headers({"Accept-Language": self.language})
        for _ in range(self.before):
            page.request.get(self.address(servers))
        answer = page.goto(self.address(servers))
        assert answer is not None
        assert answer.status == _STATUS.get(self.name, 200), self.name
        assert urlsplit(answer.url).path == urlsplit(self.address(servers)).path, "leads elsewhere"
        for name, text in self.typed.items():
            page.locator(f"main [name={name}]").first.fill(text)
        if self.press:
            page.get_by_role("main").get_by_role("button", name=self.press).first.click()
            # What is pressed leads to another page, or shows something on this one.
            page.wait_for_load_state("networkidle")

    def __str__(self) -> str:
        return self.name


# Pages that are errors when first opened; those with a form change when it is sent.
_STATUS = {
    "post-deleted": 410,
    "post-removed": 410,
    "reset-used": 404,
    "admin-test-mail-old": 404,
    "confirm-email-old": 404,
    "unsubscribe-old": 404,
    "error-404": 404,
    "error-404-community": 404,
    "error-403": 403,
    "error-405": 405,
    "error-410": 410,
    "error-429": 429,
}

PAGES = [
    PageCase("front-guest", "/"),
    PageCase("front-guest-german", "/", language="de"),
    PageCase("front", "/?list=local", "bob"),
    PageCase("front-compact", "/?list=all&view=compact", "bob"),
    PageCase("front-nothing-followed", "/?list=subscribed", "kim"),
    PageCase("front-arabic", "/?list=local", "bob", language="ar"),
    PageCase("communities", "/communities", "bob"),
    PageCase("communities-none", "/communities?q=zebra", "bob"),
    PageCase("community-new", "/communities/new", "bob"),
    PageCase("community-new-wrong", "/communities/new", "bob", {"name": "no!"}, "Create"),
    PageCase("submit", "/submit", "bob"),
    PageCase("submit-arabic", "/submit", "bob", language="ar"),
    PageCase("submit-german", "/submit", "bob", language="de"),
    PageCase("submit-draft", "/submit", "sue"),
    PageCase("submit-preview", "/submit", "kim", {"title": "A look", "body": "*So*"}, "Preview"),
    PageCase("submit-wrong", "/submit", "bob", {"community": "nowhere", "title": "A"}, "Post"),
    PageCase("help-markdown", "/help/markdown", "bob"),
    PageCase("help-limits", "/help/limits"),
    PageCase("api", "/api/docs"),
    *(PageCase(name, f"/{name}") for name in ("about", "privacy", "contact", "legal")),
    PageCase("offline", "/offline"),
    PageCase("drafts", "/drafts", "sue"),
    PageCase("drafts-none", "/drafts", "kim"),
    PageCase("community-guest", "/c/cats"),
    PageCase("community", "/c/cats", "bob"),
    PageCase("community-moderator", "/c/cats?sort=top", "mia"),
    PageCase("community-empty", "/c/quiet", "bob"),
    PageCase("community-elsewhere", "{dogs}", "bob"),
    PageCase("community-older", "/c/busy", "zoe"),
    PageCase("community-submit", "/c/cats/submit", "kim"),
    PageCase("community-edit", "/c/cats/edit", "mia"),
    PageCase("community-delete", "/c/cats/delete", "ann"),
    PageCase("community-modlog", "/c/cats/modlog", "bob"),
    PageCase("modlog", "/modlog"),
    PageCase("modlog-unknown", "/modlog?moderator=nobody"),
    PageCase("modlog-empty", "/c/quiet/modlog"),
    PageCase("community-ban", "/c/cats/ban", "mia"),
    PageCase("community-banned", "/c/cats/banned", "mia"),
    PageCase("community-banned-nobody", "/c/quiet/banned"),
    PageCase("person-ban", "/u/eve/ban", "ann"),
    PageCase("post-guest", "{post}"),
    PageCase("post", "{post}", "bob"),
    PageCase("post-arabic", "{post}", "mia", language="ar"),
    PageCase("post-german", "{post}", "mia", language="de"),
    PageCase("post-moderator", "{post}", "mia"),
    PageCase("post-reply", "{post}?reply=2", "kim"),
    PageCase("post-flat", "{post}?view=flat", "kim"),
    PageCase("post-picture", "{picture}", "bob"),
    PageCase("post-sensitive", "{sensitive}", "bob"),
    PageCase("post-link", "{link}", "bob"),
    PageCase("post-locked", "{locked}", "kim"),
    PageCase("post-pinned", "{pinned}", "kim"),
    PageCase("post-removed", "{removed}", "mia"),
    PageCase("post-deleted", "{deleted}", "sue"),
    PageCase("post-elsewhere", "{post from beta}", "kim"),
    PageCase("post-edit", "{post}/edit", "bob"),
    PageCase("comment", "{comment}", "bob"),
    PageCase("comment-edit", "{comment}/edit", "bob"),
    PageCase("share", "{post}/share?server=microblog.example"),
    PageCase("comment-share", "{comment}/share", "bob"),
    PageCase("post-remove", "{post}/remove", "mia"),
    PageCase("comment-remove", "{comment}/remove", "mia"),
    PageCase("post-voters", "{post}/voters", "mia"),
    PageCase("comment-voters", "{comment}/voters", "ann"),
    PageCase("post-purge", "{post}/purge", "ann"),
    PageCase("comment-purge", "{comment}/purge", "ann"),
    PageCase("person-purge", "/u/eve/purge", "ann"),
    PageCase("community-purge", "/c/quiet/purge", "ann"),
    PageCase("rules", "/rules"),
    PageCase("rules-community", "/c/cats/rules", "mia"),
    PageCase("rules-community-none", "/c/quiet/rules"),
    PageCase("rules-edit", "/c/cats/rules/edit", "mia"),
    PageCase("rules-edit-one", "{rule}", "mia"),
    PageCase("submit-rules", "/c/cats/submit", "kim"),
    PageCase("warn", "/c/cats/warn?person=bob", "mia"),
    PageCase("warn-site", "/u/bob/warn", "ann"),
    PageCase("appeal", "{appeal}", "mia"),
    PageCase("appeal-arabic", "{appeal}", "mia", language="ar"),
    PageCase("appeal-own", "{appeal}", "tom"),
    PageCase("settings-bans-appeals", "/settings/bans", "tom"),
    PageCase("post-history", "{post}/history"),
    PageCase("comment-history", "{comment}/history"),
    PageCase("saved", "/saved", "sue"),
    PageCase("saved-comments", "/saved?show=comments", "sue"),
    PageCase("saved-hidden", "/saved?show=hidden", "sue"),
    PageCase("saved-followed", "/saved?show=followed", "sue"),
    PageCase("saved-muted-none", "/saved?show=muted", "kim"),
    PageCase("saved-none", "/saved", "kim"),
    PageCase("settings-blocks", "/settings/blocks", "sue"),
    PageCase("settings-blocks-none", "/settings/blocks", "kim"),
    PageCase("post-report", "{post}/report", "kim"),
    PageCase("comment-report", "{comment}/report", "kim"),
    PageCase("message-report", "{message from zoe}/report", "sue"),
    PageCase("reports", "/reports", "mia"),
    PageCase("reports-arabic", "/reports", "mia", language="ar"),
    PageCase("reports-resolved", "/reports?show=resolved", "ann"),
    PageCase("reports-mine", "/reports?show=mine", "mia"),
    PageCase("moderation-history", "/u/bob/moderation", "ann"),
    PageCase("reports-elsewhere", "/reports", "zoe"),
    PageCase("reports-none", "/reports?show=resolved", "zoe"),
    PageCase("person", "/u/bob", "kim"),
    PageCase("person-pictures", "/u/sue"),
    PageCase("person-comments", "/u/bob?show=comments", "kim"),
    PageCase("person-own-empty", "/u/kim", "kim"),
    PageCase("person-banned", "/u/tom", "ann"),
    PageCase("person-elsewhere", "{zoe}", "ann"),
    PageCase("messages", "/messages", "sue"),
    PageCase("messages-none", "/messages", "kim"),
    PageCase("conversation", "{talk}", "sue"),
    PageCase("conversation-new", "/messages/bob", "kim"),
    PageCase("message-edit", "{message}/edit", "sue"),
    PageCase("welcome", "/welcome", "kim"),
    PageCase("welcome-hello", "/welcome?step=hello", "kim"),
    PageCase("notifications", "/notifications?show=all", "sue"),
    PageCase("notifications-none", "/notifications", "kim"),
    PageCase("settings", "/settings", "sue"),
    PageCase("settings-appearance", "/settings/appearance", "sue"),
    PageCase("settings-notifications", "/settings/notifications", "sue"),
    PageCase("settings-notifications-mail", "/settings/notifications", "zoe"),
    PageCase("settings-account", "/settings/account", "sue"),
    PageCase("settings-two-factor", "/settings/two-factor", "kim"),
    PageCase("settings-two-factor-set-up", "/settings/two-factor", "sue"),
    PageCase("settings-two-factor-on", "/settings/two-factor", "eve"),
    PageCase("settings-passkeys", "/settings/passkeys", "sue"),
    PageCase("settings-bans", "/settings/bans", "sue"),
    PageCase("settings-data", "/settings/data", "sue"),
    PageCase("settings-invitations", "/settings/invitations", "zoe"),
    PageCase("settings-invitations-off", "/settings/invitations", "kim"),
    PageCase("settings-import", "/settings/import", "bob"),
    PageCase("settings-delete", "/settings/delete", "sue"),
    PageCase("settings-delete-last-admin", "/settings/delete", "zoe"),
    PageCase("search", "/search", "kim"),
    PageCase("search-all", "/search?q=cats", "kim"),
    PageCase("search-people", "/search?q=sue&type=people", "kim"),
    PageCase("search-communities", "/search?q=cats&type=communities", "kim"),
    PageCase("search-none", "/search?q=zebra", "kim"),
    PageCase("search-address", "/search?q=!nowhere@nowhere.example", "kim"),
    PageCase("login", "/login"),
    PageCase("login-wrong", "/login", "", {"name": "bob", "password": "not his one"}, "Log in"),
    PageCase("login-code", "/login", "", {"name": "eve", "password": PASSWORD}, "Log in"),
    PageCase("register", "/register"),
    PageCase("register-wrong", "/register", "", {"name": "no!", "password": "x"}, "Sign up"),
    PageCase("register-invited", "{invitation}"),
    PageCase("register-application", "/register", "guest of beta"),
    PageCase("confirm-email-old", "/confirm-email?token=x"),
    PageCase("unsubscribe-old", "/unsubscribe?token=x"),
    PageCase("forgot-no-mail", "/forgot"),
    PageCase("forgot", "/forgot", "guest of beta"),
    PageCase("forgot-done", "/forgot", "guest of beta", {"name": "nobody"}, "Send link"),
    PageCase("reset", "{reset}"),
    PageCase("reset-used", "/reset?token=used"),
    PageCase("setup", "/setup", "first of gamma"),
    PageCase("admin", "/admin", "ann"),
    PageCase("admin-preview", "/admin", "ann", press="Preview colour"),
    PageCase("admin-rules", "/admin/rules", "ann"),
    PageCase("admin-rules-none", "/admin/rules", "zoe"),
    PageCase("admin-rules-edit", "{site rule}", "ann"),
    PageCase("admin-test-mail-old", "/admin/test-mail?token=x", "ann"),
    PageCase("admin-pages", "/admin/pages", "ann"),
    PageCase("admin-page-preview", "/admin/pages/about", "ann", press="Preview"),
    PageCase(
        "admin-announcement", "/admin/announcement", "ann", {"body": "*Soon*"}, press="Preview"
    ),
    PageCase("admin-statistics", "/admin/statistics?by=week", "ann"),
    PageCase("admin-content", "/admin/content", "ann"),
    PageCase("admin-taglines", "/admin/taglines", "ann"),
    PageCase("admin-emoji-none", "/admin/emoji", "zoe"),
    PageCase("admin-emoji", "/admin/emoji", "ann"),
    PageCase("admin-emoji-edit", "{emoji}", "ann"),
    PageCase("admin-access", "/admin/access", "ann"),
    PageCase("admin-defaults", "/admin/defaults", "ann"),
    PageCase("admin-registration", "/admin/registration", "zoe"),
    PageCase("admin-registration-none", "/admin/registration", "ann"),
    PageCase("admin-members", "/admin/members", "ann"),
    PageCase("admin-members-none", "/admin/members?q=nobody", "ann"),
    PageCase("admin-members-reset", "/admin/members", "ann", press="Create password reset link"),
    PageCase("admin-account-new", "/admin/members/new", "ann"),
    PageCase("admin-invitations", "/admin/invitations", "ann"),
    PageCase("admin-invitations-none", "/admin/invitations", "zoe"),
    PageCase("admin-communities", "/admin/communities", "ann"),
    PageCase("admin-instances", "/admin/instances", "ann"),
    PageCase("admin-instances-none", "/admin/instances", "zoe"),
    PageCase("admin-block-lists", "/admin/block-lists", "ann"),
    PageCase("admin-block-lists-none", "/admin/block-lists", "zoe"),
    PageCase("admin-block-list-import", "/admin/block-lists/import", "ann"),
    PageCase("admin-block-list", "{block list}", "ann"),
    PageCase("admin-federation", "/admin/federation", "ann"),
    PageCase("admin-health", "/admin/health", "ann"),
    PageCase("admin-uploads", "/admin/uploads", "ann"),
    PageCase("admin-uploads-none", "/admin/uploads", "zoe"),
    PageCase("upload", "/upload", "sue"),
    PageCase("settings-uploads", "/settings/uploads", "sue"),
    PageCase("settings-uploads-none", "/settings/uploads", "kim"),
    PageCase("settings-pictures", "/settings/pictures", "sue"),
    PageCase("community-pictures", "/c/cats/pictures", "mia"),
    PageCase("admin-logo", "/admin/logo", "ann"),
    PageCase("error-404", "/nothing/here"),
    PageCase("error-404-community", "/c/nobody@nowhere.example", "kim"),
    PageCase("error-403", "/admin", "bob"),
    PageCase("error-405", "/logout", "bob"),
    PageCase("error-410", "{deleted}/history"),
    PageCase("error-429", "/search?q=dogs", "guest of beta", before=30),
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
    "/submit/communities",
    "/post/{number:int}/news",
    "/complete",
    "/message/{number:int}",
    "/admin/blocks.csv",
    "/settings/export",
    "/settings/export/lemmy",
    "/.well-known/security.txt",
    "/service-worker.js",
    "/.well-known/change-password",
    "/sitemap.xml",
    "/robots.txt",
    "/manifest.webmanifest",
    "/icons/{name}",
    "/favicon.ico",
    "/apple-touch-icon.png",
    "/oembed",
    "/register/captcha.wav",
    "/static/{name}",
    "/media/{name}",
    "/media/remote",
    "/media/face/{number:int}/{signature}",
}
"""Routes that return a file, a feed, or a redirect."""
