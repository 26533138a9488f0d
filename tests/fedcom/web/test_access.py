"""Access control: every route, for every kind of visitor."""

import re

import pytest
from sqlalchemy import func, select
from starlette.routing import Route

from fedcom.actions.comment import CreateComment
from fedcom.actions.delete import Delete
from fedcom.actions.message import DeleteMessage, SendMessage
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.actions.remove import RemoveContent
from fedcom.actions.report import Report
from fedcom.context import Context
from fedcom.models.comment import Comment
from fedcom.models.message import Message
from fedcom.models.moderation import modlog
from fedcom.models.post import Post
from fedcom.site.appeals import write
from fedcom.web.routes import routes
from fedcom.wire.body import Body
from tests.fedcom.web.browser import Page
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

# A guest is sent to the log-in (303), others are refused (403), or it works (200, or 303
# elsewhere).
LOGIN, NO, OK, INVALID = "log in", "refused", "works", "422"
# The log-in, which keeps the typed text.
ASK = "401"
# Exactly this status, where it matters: a message exists only for its two people.
ABSENT, SHOWN, DONE = "404", "200", "303"

#            path, fields for a POST (None: GET),           guest, eve,  bob, mia, ann
MATRIX = [
    ("/", None, OK, OK, OK, OK, OK),
    ("/communities", None, OK, OK, OK, OK, OK),
    ("/communities/new", None, LOGIN, OK, OK, OK, OK),
    ("/communities/new", {"name": "{who}_dogs"}, LOGIN, OK, OK, OK, OK),
    ("/submit", None, LOGIN, OK, OK, OK, OK),
    ("/submit", {"community": "cats", "title": "Hello"}, ASK, OK, OK, OK, OK),
    ("/submit/communities", None, LOGIN, OK, OK, OK, OK),
    ("/complete", None, LOGIN, OK, OK, OK, OK),
    ("/c/cats", None, OK, OK, OK, OK, OK),
    ("/c/cats/submit", None, LOGIN, OK, OK, OK, OK),
    ("/c/cats/follow", {}, LOGIN, OK, OK, OK, OK),
    ("/c/cats/unfollow", {}, LOGIN, OK, OK, OK, OK),
    ("/c/cats/edit", None, LOGIN, NO, NO, OK, OK),
    ("/c/cats/edit", {"display_name": "Felines"}, LOGIN, NO, NO, OK, OK),
    ("/c/cats/edit/moderators", {"person": "eve"}, LOGIN, NO, NO, OK, OK),
    ("/c/cats/edit/moderators/remove", {"person": "{mia}"}, LOGIN, NO, NO, OK, OK),
    ("/c/cats/edit/moderators/transfer", {"person": "{ann}"}, LOGIN, NO, NO, NO, OK),
    ("/c/cats/rules", None, OK, OK, OK, OK, OK),
    ("/rules", None, OK, OK, OK, OK, OK),
    *(
        (f"/c/cats/rules/edit{rest}", fields, LOGIN, NO, NO, *others)
        for rest, fields, others in (
            ("", None, (OK, OK)),
            ("", {"name": "Be kind"}, (OK, OK)),
            ("/{eve}", None, (ABSENT, ABSENT)),
            ("/{eve}", {"name": "Be kind"}, (ABSENT, ABSENT)),
            ("/move", {"up": "0"}, (OK, OK)),
            ("/remove", {"rule": "0"}, (OK, OK)),
        )
    ),
    *(
        (f"/admin/rules{rest}", fields, LOGIN, NO, NO, NO, expected)
        for rest, fields, expected in (
            ("", None, OK),
            ("", {"name": "Be kind"}, OK),
            ("/{eve}", None, ABSENT),
            ("/{eve}", {"name": "Be kind"}, ABSENT),
            ("/move", {"down": "0"}, OK),
            ("/remove", {"rule": "0"}, OK),
        )
    ),
    ("/c/cats/delete", None, LOGIN, NO, NO, NO, OK),
    ("/c/cats/delete", {}, LOGIN, NO, NO, NO, OK),
    ("/c/cats/modlog", None, OK, OK, OK, OK, OK),
    ("/modlog", None, OK, OK, OK, OK, OK),
    ("/c/cats/banned", None, OK, OK, OK, OK, OK),
    ("/c/cats/ban", None, LOGIN, NO, NO, OK, OK),
    ("/c/cats/ban", {"person": "eve"}, LOGIN, NO, NO, OK, OK),
    ("/c/cats/warn", None, LOGIN, NO, NO, OK, OK),
    ("/c/cats/warn", {"person": "bob", "reason": "Rude"}, LOGIN, NO, NO, OK, OK),
    ("/u/bob/warn", None, LOGIN, NO, NO, NO, OK),
    ("/u/bob/warn", {"reason": "Rude"}, LOGIN, NO, NO, NO, OK),
    ("/appeal/{decision}", None, LOGIN, NO, SHOWN, SHOWN, SHOWN),
    ("/appeal/{decision}", {"body": "Why?"}, LOGIN, NO, DONE, DONE, DONE),
    ("/appeal/{decision}/uphold", {}, LOGIN, NO, NO, DONE, DONE),
    ("/appeal/{decision}/undo", {}, LOGIN, NO, NO, DONE, DONE),
    ("/u/kim@peer.example/ban", None, LOGIN, NO, NO, NO, OK),
    ("/u/kim@peer.example/ban", {"reason": "spam"}, LOGIN, NO, NO, NO, OK),
    ("/c/cats/unban", {"person": "{eve}"}, LOGIN, NO, NO, OK, OK),
    ("/u/kim@peer.example/unban", {}, LOGIN, NO, NO, NO, OK),
    ("/post/{post}/lock", {}, LOGIN, NO, NO, OK, OK),
    ("/post/{post}/unlock", {}, LOGIN, NO, NO, OK, OK),
    ("/comment/{comment}/lock", {}, LOGIN, NO, NO, OK, OK),
    ("/comment/{comment}/unlock", {}, LOGIN, NO, NO, OK, OK),
    ("/post/{post}/unpin", {}, LOGIN, NO, NO, OK, OK),
    ("/post/{post}/pin", {}, LOGIN, NO, NO, OK, OK),
    ("/post/{post}/pin-on-site", {}, LOGIN, NO, NO, NO, OK),
    ("/post/{post}/unpin-from-site", {}, LOGIN, NO, NO, NO, OK),
    ("/comment/{comment}/distinguish", {}, LOGIN, NO, NO, NO, NO),
    ("/comment/{comment}/undistinguish", {}, LOGIN, NO, OK, NO, NO),
    ("/post/{post}/voters", None, LOGIN, NO, NO, OK, OK),
    ("/comment/{comment}/voters", None, LOGIN, NO, NO, OK, OK),
    *(
        (f"{place}/purge", fields, LOGIN, NO, NO, NO, OK)
        for place in ("/comment/{comment}", "/post/{post}", "/u/kim@peer.example", "/c/cats")
        for fields in (None, {"reason": "spam"})
    ),
    ("/post/{post}", None, OK, OK, OK, OK, OK),
    ("/post/{post}/comment", {"body": "Hello"}, ASK, OK, OK, OK, OK),
    ("/post/{post}/edit", None, LOGIN, NO, OK, NO, NO),
    ("/post/{post}/edit", {"title": "Better"}, LOGIN, NO, OK, NO, NO),
    ("/post/{post}/vote", {"score": "1"}, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/delete", {}, LOGIN, NO, OK, NO, NO),
    ("/post/{deleted}/undelete", {}, LOGIN, NO, OK, NO, NO),
    ("/post/{post}/remove", None, LOGIN, NO, NO, OK, OK),
    ("/post/{post}/remove", {"reason": "spam"}, LOGIN, NO, NO, OK, OK),
    ("/post/{removed}/restore", {}, LOGIN, NO, NO, OK, OK),
    ("/comment/{comment}", None, OK, OK, OK, OK, OK),
    ("/help/markdown", None, OK, OK, OK, OK, OK),
    ("/help/limits", None, OK, OK, OK, OK, OK),
    ("/api/docs", None, OK, OK, OK, OK, OK),
    # Only where the admins wrote one.
    *(
        (f"/{name}", None, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT)
        for name in ("about", "privacy", "contact", "legal")
    ),
    ("/announcement/dismiss", {"number": "1"}, OK, OK, OK, OK, OK),
    ("/drafts", None, LOGIN, OK, OK, OK, OK),
    ("/drafts/remove", {"place": "submit"}, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/report", None, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/report", {"reason": "Rude."}, LOGIN, OK, INVALID, OK, OK),
    ("/comment/{comment}/report", None, LOGIN, OK, OK, OK, OK),
    ("/comment/{comment}/report", {"reason": "Rude."}, LOGIN, OK, INVALID, OK, OK),
    ("/message/{message}/report", None, LOGIN, ABSENT, SHOWN, SHOWN, ABSENT),
    ("/message/{message}/report", {"reason": "Rude."}, LOGIN, ABSENT, DONE, ABSENT, ABSENT),
    ("/reports", None, LOGIN, NO, NO, OK, OK),
    ("/reports/{report}/remove", {}, LOGIN, NO, NO, OK, OK),
    ("/reports/{report}/lock", {}, LOGIN, NO, NO, OK, OK),
    ("/reports/{report}/unlock", {}, LOGIN, NO, NO, OK, OK),
    ("/reports/{report}/resolve", {}, LOGIN, NO, NO, OK, OK),
    ("/reports/{report}/reopen", {}, LOGIN, NO, NO, OK, OK),
    ("/reports/{report}/note", {"note": "Again."}, LOGIN, NO, NO, OK, OK),
    ("/reports/{report}/give", {"assignee": "admins"}, LOGIN, NO, NO, OK, OK),
    *(
        (f"/reports/selected/{deed}", {"all": "on", "shown": "{report}"}, LOGIN, NO, NO, OK, OK)
        for deed in ("resolve", "remove")
    ),
    ("/reports/selected/ban", {"days": "soon"}, LOGIN, NO, NO, INVALID, INVALID),
    ("/u/eve/moderation", None, LOGIN, NO, NO, OK, OK),
    ("/u/eve/moderation", {"note": "Hm."}, LOGIN, NO, NO, NO, OK),
    ("/notes/{eve}/delete", {}, LOGIN, ABSENT, ABSENT, ABSENT, ABSENT),
    ("/saved", None, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/save", {}, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/unsave", {}, LOGIN, OK, OK, OK, OK),
    ("/comment/{comment}/save", {}, LOGIN, OK, OK, OK, OK),
    ("/comment/{comment}/unsave", {}, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/hide", {}, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/unhide", {}, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/news", None, OK, OK, OK, OK, OK),
    ("/post/{post}/follow", {}, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/unfollow", {}, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/mute", {}, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/unmute", {}, LOGIN, OK, OK, OK, OK),
    ("/u/kim@peer.example/block", {}, LOGIN, OK, OK, OK, OK),
    ("/u/kim@peer.example/unblock", {}, LOGIN, OK, OK, OK, OK),
    ("/c/cats/block", {}, LOGIN, OK, OK, OK, OK),
    ("/c/cats/unblock", {}, LOGIN, OK, OK, OK, OK),
    ("/settings/blocks", None, LOGIN, OK, OK, OK, OK),
    ("/settings/blocks", {"who": "spam.example"}, LOGIN, OK, OK, OK, OK),
    ("/settings/blocks/remove", {"host": "spam.example"}, LOGIN, OK, OK, OK, OK),
    ("/post/{post}/history", None, OK, OK, OK, OK, OK),
    ("/comment/{comment}/history", None, OK, OK, OK, OK, OK),
    ("/comment/{comment}/edit", None, LOGIN, NO, OK, NO, NO),
    ("/comment/{comment}/edit", {"body": "Better"}, LOGIN, NO, OK, NO, NO),
    ("/comment/{comment}/vote", {"score": "-1"}, LOGIN, OK, OK, OK, OK),
    ("/comment/{comment}/delete", {}, LOGIN, NO, OK, NO, NO),
    ("/comment/{gone}/undelete", {}, LOGIN, NO, OK, NO, NO),
    ("/comment/{comment}/remove", None, LOGIN, NO, NO, OK, OK),
    ("/comment/{comment}/remove", {"reason": "spam"}, LOGIN, NO, NO, OK, OK),
    ("/comment/{hidden}/restore", {}, LOGIN, NO, NO, OK, OK),
    ("/u/bob", None, OK, OK, OK, OK, OK),
    ("/settings", None, LOGIN, OK, OK, OK, OK),
    ("/settings", {"display_name": "Bob"}, LOGIN, OK, OK, OK, OK),
    ("/settings/appearance", None, LOGIN, OK, OK, OK, OK),
    ("/settings/appearance", {"theme": "dark"}, LOGIN, INVALID, INVALID, INVALID, INVALID),
    ("/settings/notifications", None, LOGIN, OK, OK, OK, OK),
    ("/settings/notifications", {"mail_pace": "x"}, LOGIN, OK, OK, OK, OK),
    ("/settings/notifications/communities", {}, LOGIN, INVALID, INVALID, INVALID, INVALID),
    ("/settings/notifications/devices", {}, LOGIN, INVALID, INVALID, INVALID, INVALID),
    ("/settings/notifications/devices/remove", {"number": "0"}, LOGIN, OK, OK, OK, OK),
    ("/service-worker.js", None, OK, OK, OK, OK, OK),
    ("/c/cats/notifications", {"level": "muted"}, LOGIN, OK, OK, OK, OK),
    ("/settings/account", None, LOGIN, OK, OK, OK, OK),
    ("/settings/password", {"password": "x"}, LOGIN, INVALID, INVALID, INVALID, INVALID),
    ("/settings/email/again", {}, LOGIN, OK, OK, OK, OK),
    ("/confirm-email", None, OK, OK, OK, OK, OK),
    ("/confirm-email", {"token": "x"}, OK, OK, OK, OK, OK),
    ("/unsubscribe", None, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT),
    ("/unsubscribe", {"token": "x"}, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT),
    ("/settings/email", {"email": "x"}, LOGIN, INVALID, INVALID, INVALID, INVALID),
    ("/settings/feeds", {}, LOGIN, OK, OK, OK, OK),
    *(
        (f"/feeds/{name}.{ending}", None, OK, OK, OK, OK, OK)
        for name in (
            *("all", "local", "c/{place}", "u/{author}", "post/{post}"),
            *("modlog", "c/{place}/modlog", "subscribed", "notifications"),
        )
        for ending in ("xml", "atom")
    ),
    ("/welcome", None, LOGIN, OK, OK, OK, OK),
    ("/welcome/follow", {}, LOGIN, OK, OK, OK, OK),
    ("/notifications", None, LOGIN, OK, OK, OK, OK),
    ("/notifications/read", {"number": "0"}, LOGIN, OK, OK, OK, OK),
    ("/messages", None, LOGIN, OK, OK, OK, OK),
    ("/messages/{author}", None, LOGIN, OK, OK, OK, OK),
    ("/messages/{author}", {"body": ""}, LOGIN, INVALID, INVALID, INVALID, INVALID),
    ("/message/{message}", None, ABSENT, ABSENT, DONE, DONE, ABSENT),
    ("/message/{message}/edit", None, ABSENT, ABSENT, NO, SHOWN, ABSENT),
    ("/message/{message}/edit", {"body": "x"}, ABSENT, ABSENT, NO, DONE, ABSENT),
    ("/message/{message}/delete", {}, LOGIN, ABSENT, NO, DONE, ABSENT),
    ("/message/{taken}/undelete", {}, LOGIN, ABSENT, NO, DONE, ABSENT),
    ("/settings/bans", None, LOGIN, OK, OK, OK, OK),
    ("/settings/data", None, LOGIN, OK, OK, OK, OK),
    ("/settings/export", None, LOGIN, OK, OK, OK, OK),
    ("/settings/export/lemmy", None, LOGIN, OK, OK, OK, OK),
    ("/settings/invitations", None, LOGIN, OK, OK, OK, OK),
    ("/settings/invitations", {"note": "x"}, LOGIN, NO, NO, NO, NO),
    ("/settings/invitations/remove", {"invitation": "0"}, LOGIN, OK, OK, OK, OK),
    ("/settings/import", None, LOGIN, OK, OK, OK, OK),
    ("/settings/import", {}, LOGIN, INVALID, INVALID, INVALID, INVALID),
    ("/settings/delete", None, LOGIN, OK, OK, OK, OK),
    ("/settings/delete", {"current_password": "x"}, LOGIN, NO, NO, NO, NO),
    ("/settings/pictures", None, LOGIN, OK, OK, OK, OK),
    ("/settings/pictures", {"no_icon": "on"}, LOGIN, OK, OK, OK, OK),
    ("/settings/uploads", None, LOGIN, OK, OK, OK, OK),
    ("/settings/uploads/delete", {"name": "x.webp"}, LOGIN, OK, OK, OK, OK),
    ("/upload", None, LOGIN, OK, OK, OK, OK),
    ("/upload", {"alt": "x"}, LOGIN, INVALID, INVALID, INVALID, INVALID),
    ("/c/cats/pictures", None, LOGIN, NO, NO, OK, OK),
    ("/c/cats/pictures", {"no_icon": "on"}, LOGIN, NO, NO, OK, OK),
    ("/admin/logo", None, LOGIN, NO, NO, NO, OK),
    ("/admin/logo", {"no_logo": "on"}, LOGIN, NO, NO, NO, OK),
    ("/admin/uploads", None, LOGIN, NO, NO, NO, OK),
    ("/admin/uploads/delete", {"name": "x.webp"}, LOGIN, NO, NO, NO, OK),
    ("/settings/two-factor", None, LOGIN, OK, OK, OK, OK),
    ("/settings/two-factor", {"current_password": "x"}, LOGIN, NO, NO, NO, NO),
    ("/settings/two-factor/confirm", {"code": "x"}, LOGIN, INVALID, INVALID, INVALID, INVALID),
    ("/settings/two-factor/codes", {"code": "x"}, LOGIN, NO, NO, NO, NO),
    ("/settings/two-factor/off", {"code": "x"}, LOGIN, NO, NO, NO, NO),
    ("/settings/passkeys", None, LOGIN, OK, OK, OK, OK),
    ("/settings/passkeys/begin", {"current_password": "x"}, LOGIN, NO, NO, NO, NO),
    ("/settings/passkeys/add", {"credential": "{{}}"}, LOGIN, INVALID, INVALID, INVALID, INVALID),
    ("/settings/passkeys/rename", {"passkey": "0", "name": "x"}, LOGIN, *4 * (ABSENT,)),
    ("/settings/passkeys/remove", {"passkey": "0"}, LOGIN, *4 * (ABSENT,)),
    ("/settings/sessions", {"session": "0"}, LOGIN, OK, OK, OK, OK),
    ("/search", None, OK, OK, OK, OK, OK),
    ("/search", {"q": "!cats@forum.example"}, LOGIN, OK, OK, OK, OK),
    ("/login/code", {"code": "1"}, LOGIN, LOGIN, LOGIN, LOGIN, LOGIN),
    ("/login/passkey", {"credential": "x"}, INVALID, INVALID, INVALID, INVALID, INVALID),
    ("/login/passkey/begin", {}, OK, OK, OK, OK, OK),
    ("/login/email", {"email": "a@b.example"}, LOGIN, LOGIN, LOGIN, LOGIN, LOGIN),
    ("/register/captcha.wav", None, INVALID, INVALID, INVALID, INVALID, INVALID),
    ("/login", None, OK, OK, OK, OK, OK),
    ("/register", None, OK, OK, OK, OK, OK),
    ("/forgot", None, OK, OK, OK, OK, OK),
    ("/forgot", {"name": "bob"}, OK, OK, OK, OK, OK),
    ("/reset", None, OK, OK, OK, OK, OK),
    ("/reset", {"token": "x"}, OK, OK, OK, OK, OK),
    ("/logout", {}, OK, OK, OK, OK, OK),
    ("/admin", None, LOGIN, NO, NO, NO, OK),
    ("/admin", {"site_name": "New"}, LOGIN, NO, NO, NO, OK),
    ("/admin/first-steps", {"hidden": "on"}, LOGIN, NO, NO, NO, OK),
    ("/admin/test-mail", None, LOGIN, NO, NO, NO, ABSENT),
    ("/admin/test-mail", {"token": "x"}, LOGIN, NO, NO, NO, ABSENT),
    ("/admin/test-mail/send", {}, LOGIN, NO, NO, NO, OK),
    ("/admin/statistics", None, LOGIN, NO, NO, NO, OK),
    ("/admin/pages", None, LOGIN, NO, NO, NO, OK),
    ("/admin/pages/about", None, LOGIN, NO, NO, NO, OK),
    ("/admin/pages/about", {"body": "Cats"}, LOGIN, NO, NO, NO, OK),
    ("/admin/announcement", None, LOGIN, NO, NO, NO, OK),
    ("/admin/announcement", {"body": "Moving"}, LOGIN, NO, NO, NO, OK),
    ("/admin/content", None, LOGIN, NO, NO, NO, OK),
    ("/admin/content", {"downvotes": "on", "nsfw": "on"}, LOGIN, NO, NO, NO, OK),
    ("/admin/taglines", None, LOGIN, NO, NO, NO, OK),
    ("/admin/taglines", {"body": "Cats"}, LOGIN, NO, NO, NO, OK),
    ("/admin/emoji", None, LOGIN, NO, NO, NO, OK),
    ("/admin/emoji", {"shortcode": "cat"}, LOGIN, NO, NO, NO, INVALID),
    ("/admin/emoji/remove", {"emoji": "0"}, LOGIN, NO, NO, NO, OK),
    ("/admin/emoji/{eve}", None, LOGIN, NO, NO, NO, ABSENT),
    ("/admin/emoji/{eve}", {"alt": "x"}, LOGIN, NO, NO, NO, ABSENT),
    ("/admin/access", None, LOGIN, NO, NO, NO, OK),
    ("/admin/access", {"federated": "on"}, LOGIN, NO, NO, NO, OK),
    ("/admin/defaults", None, LOGIN, NO, NO, NO, OK),
    ("/admin/defaults", {"default_scope": "x"}, LOGIN, NO, NO, NO, INVALID),
    ("/admin/registration", None, LOGIN, NO, NO, NO, OK),
    ("/admin/registration", {"registration": "open", "name_limit": "20"}, LOGIN, NO, NO, NO, OK),
    ("/admin/applications", {"person": "{eve}", "decision": "deny"}, LOGIN, NO, NO, NO, OK),
    ("/admin/members", None, LOGIN, NO, NO, NO, OK),
    ("/admin/members/new", None, LOGIN, NO, NO, NO, OK),
    ("/admin/members/new", {"name": "{who}_new"}, LOGIN, NO, NO, NO, OK),
    ("/admin/members/role", {"person": "{eve}", "role": "member"}, LOGIN, NO, NO, NO, OK),
    ("/admin/members/two-factor", {"person": "{eve}"}, LOGIN, NO, NO, NO, OK),
    ("/admin/members/reset", {"person": "{eve}"}, LOGIN, NO, NO, NO, OK),
    ("/admin/invitations", None, LOGIN, NO, NO, NO, OK),
    ("/admin/invitations", {"uses": "1", "days": "0"}, LOGIN, NO, NO, NO, OK),
    ("/admin/invitations/remove", {"invitation": "0"}, LOGIN, NO, NO, NO, OK),
    ("/admin/communities", None, LOGIN, NO, NO, NO, OK),
    ("/admin/communities/close", {"community": "0"}, LOGIN, NO, NO, NO, OK),
    ("/admin/communities/reopen", {"community": "0"}, LOGIN, NO, NO, NO, OK),
    ("/admin/communities/hide", {"community": "0"}, LOGIN, NO, NO, NO, OK),
    ("/admin/communities/unhide", {"community": "0"}, LOGIN, NO, NO, NO, OK),
    ("/admin/instances", None, LOGIN, NO, NO, NO, OK),
    ("/admin/blocks", {"host": "spam.example"}, LOGIN, NO, NO, NO, OK),
    ("/admin/blocks/remove", {"host": "blocked.example"}, LOGIN, NO, NO, NO, OK),
    ("/admin/block-lists", None, LOGIN, NO, NO, NO, OK),
    ("/admin/block-lists", {"url": "no address"}, LOGIN, NO, NO, NO, INVALID),
    ("/admin/block-lists/import", None, LOGIN, NO, NO, NO, OK),
    ("/admin/block-lists/import", {"text": ""}, LOGIN, NO, NO, NO, INVALID),
    ("/admin/block-lists/{eve}", None, LOGIN, NO, NO, NO, ABSENT),
    ("/admin/block-lists/{eve}/decide", {"shown": ""}, LOGIN, NO, NO, NO, ABSENT),
    ("/admin/block-lists/{eve}/fetch", {}, LOGIN, NO, NO, NO, ABSENT),
    ("/admin/block-lists/{eve}/automatic", {"automatic": ""}, LOGIN, NO, NO, NO, OK),
    ("/admin/block-lists/{eve}/again", {}, LOGIN, NO, NO, NO, OK),
    ("/admin/block-lists/{eve}/remove", {}, LOGIN, NO, NO, NO, OK),
    ("/admin/blocks.csv", None, LOGIN, NO, NO, NO, OK),
    ("/admin/health", None, LOGIN, NO, NO, NO, OK),
    ("/admin/federation", None, LOGIN, NO, NO, NO, OK),
    ("/admin/federation/retry", {"host": ""}, LOGIN, NO, NO, NO, OK),
    ("/setup", None, OK, OK, OK, OK, OK),
    # Only where the admin named a contact; `test_security_txt.py` has the file.
    ("/.well-known/security.txt", None, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT),
    ("/.well-known/change-password", None, DONE, DONE, DONE, DONE, DONE),
    ("/sitemap.xml", None, OK, OK, OK, OK, OK),
    ("/robots.txt", None, OK, OK, OK, OK, OK),
    ("/manifest.webmanifest", None, OK, OK, OK, OK, OK),
    ("/service-worker.js", None, OK, OK, OK, OK, OK),
    ("/offline", None, OK, OK, OK, OK, OK),
    ("/icons/32.png", None, OK, OK, OK, OK, OK),
    ("/favicon.ico", None, OK, OK, OK, OK, OK),
    ("/apple-touch-icon.png", None, OK, OK, OK, OK, OK),
    ("/oembed", None, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT),
    ("/post/{post}/share", None, OK, OK, OK, OK, OK),
    ("/comment/{comment}/share", None, OK, OK, OK, OK, OK),
    ("/static/style.css", None, OK, OK, OK, OK, OK),
    ("/media/x.webp", None, OK, OK, OK, OK, OK),
    ("/media/remote", None, OK, OK, OK, OK, OK),
    ("/media/face/{eve}/{eve}", None, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT),
]
# Logging in, signing up and setting up are open to all and have tests of their own.
ELSEWHERE = {("/login", "POST"), ("/register", "POST"), ("/setup", "POST")}


VISITORS = ("", "eve", "bob", "mia", "ann")


def outcome(page: Page) -> str:
    if page.status == 303 and page.location.startswith("/login"):
        return LOGIN
    if page.status == 401 and 'href="/login?next=' in page.html:
        # The page that keeps the typed text.
        return LOGIN
    if page.status in {200, 303}:
        return OK
    # These get as far as the missing object: nobody waits for approval, mia removed herself before.
    return {403: NO, 404: OK, 409: OK}.get(page.status, str(page.status))


def last_removal(ctx: Context, target: Post | Comment) -> int:
    wanted = select(func.max(modlog.c.id)).where(modlog.c.target_iri == target.iri)
    return int(ctx.conn.execute(wanted).scalar_one())


async def make_targets(world: World) -> dict[str, int]:
    """A post and a comment by bob in every state, and messages to him."""
    bob, mia, ann = (world.people[name] for name in ("bob", "mia", "ann"))

    def make(ctx: Context) -> dict[str, int]:
        def post(title: str) -> Post:
            return perform(ctx, CreatePost(by=bob, community=world.community, title=title))

        def comment(on: Post, text: str) -> Comment:
            body = Body.of_markdown(text)
            return perform(ctx, CreateComment(by=bob, post=on, parent=None, body=body))

        made: dict[str, Post | Comment] = {}
        sent: dict[str, Message] = {}
        made["post"], made["deleted"], made["removed"] = (post(f"Post {n}") for n in range(3))
        on = made["post"]
        assert isinstance(on, Post)
        made["comment"], made["gone"], made["hidden"] = (comment(on, f"Text {n}") for n in range(3))
        for name in ("deleted", "gone"):
            perform(ctx, Delete(by=bob, target=made[name]))
        for name in ("removed", "hidden"):
            perform(ctx, RemoveContent(by=ann, target=made[name]))
        for name in ("message", "taken"):
            text = Body.of_markdown("Between the two of us")
            sent[name] = perform(ctx, SendMessage(by=mia, to=bob, body=text))
        perform(ctx, DeleteMessage(by=mia, message=sent["taken"]))
        flagged = Report(by=ann, target=post("Rude"), reason="Rude.")
        report = perform(ctx, flagged)
        decision = last_removal(ctx, made["removed"])
        write(ctx, bob, decision, "Why?")
        numbers = {name: thing.id for name, thing in (made | sent).items()}
        return numbers | {"report": report.id, "decision": decision}

    return await world.instance.unit(make)


def name_of(row: tuple[object, ...]) -> str:
    return f"{'GET' if row[1] is None else 'POST'} {row[0]}"


@pytest.mark.parametrize("row", MATRIX, ids=name_of)
async def test_each_role_gets_its_pages_and_no_others(
    world: World, row: tuple[object, ...]
) -> None:
    world.instance.known["!cats@forum.example"] = world.community
    targets = {name: person.id for name, person in world.people.items()}
    fields = row[1] if isinstance(row[1], dict) else {}
    is_stale = any("{" in text for text in (str(row[0]), *fields.values()))
    is_about_something = is_stale
    for who, expected in zip(VISITORS, row[2:], strict=True):
        if is_stale:
            targets |= await make_targets(world)
        path = str(row[0]).format(place="cats", author="bob", **targets)
        browser = world.browser(who)
        if row[1] is not None:
            filled = {name: value.format(who=who, **targets) for name, value in fields.items()}
            page = await browser.post(path, **filled)
        else:
            page = await browser.get(path)
        assert expected in {outcome(page), str(page.status)}, (who, page.status, page.text)
        # A request that only read, or was refused, changed nothing for the next visitor.
        is_stale = is_about_something and row[1] is not None and page.status in {200, 303}


def test_the_matrix_names_every_route() -> None:
    named = {
        (re.sub(r"\{\w+\}", "{}", str(row[0])), "GET" if row[1] is None else "POST")
        for row in MATRIX
    } | ELSEWHERE
    named = {
        (
            re.sub(r"^/(c|u|icons|static|media|admin/pages)/(?!remote|face)[^/]+", r"/\1/{}", path),
            method,
        )
        for path, method in named
    }
    made = {
        (re.sub(r"\{[^}]+\}", "{}", route.path), method)
        for route in routes()
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert made == named
