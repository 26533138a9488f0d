"""One line of good news on the next page: a code in a short-lived cookie, cleared when shown.

The cookie holds a word from the table below and nothing else, so a forged one can say nothing that
is not already here.
"""

from starlette.requests import Request
from starlette.responses import Response

from fedcom.catalogues import mark
from fedcom.http.cookies import find_cookie
from fedcom.web.html.i18n import gettext

COOKIE = "notice"
SECONDS = 60

NOTICES = {
    "account_deleted": mark("Your account is deleted. Thank you for having been here."),
    "account_pending": mark("Your application has been sent. An admin will look at it."),
    "application_approved": mark("The application was approved."),
    "application_denied": mark("The application was denied and deleted."),
    "banned": mark("Banned. They are told, and the reason is in the moderation log."),
    "block_added": mark("The instance is blocked."),
    "block_removed": mark("The instance is no longer blocked."),
    "blocked": mark("Blocked. You find it in your settings."),
    "comment_posted": mark("Your comment is there."),
    "community_closed": mark("The community is closed here."),
    "community_made": mark("The community is open. Write the first post."),
    "community_reopened": mark("The community is open again."),
    "community_saved": mark("The community was changed."),
    "deleted": mark("Deleted. You can take that back here."),
    "draft_removed": mark("The draft is thrown away."),
    "draft_saved": mark("Your draft is saved. Only you see it."),
    "edited": mark("Your changes are saved."),
    "email_changed": mark("Your e-mail address is saved."),
    "email_asked": mark("We've sent you an e-mail. Open its link to confirm your address."),
    "email_confirmed": mark("Your e-mail address is confirmed."),
    "follow_asked": mark("You asked to follow. It counts once the other server has accepted."),
    "feeds_renewed": mark("Your feeds have new addresses; the former ones are of no use now."),
    "followed": mark("You follow this now."),
    "hidden": mark("Hidden. You find it beside what you saved."),
    "invitation_made": mark("The invitation is made. Send its address to whom you invite."),
    "invitation_removed": mark("The invitation is taken back."),
    "locked": mark("Locked. It takes no more comments."),
    "logged_out": mark("You are logged out."),
    "message_deleted": mark("Deleted. The other one no longer sees it."),
    "message_sent": mark("Your message is on its way."),
    "moderator_added": mark("The moderator was appointed."),
    "moderator_removed": mark("The moderator was dismissed."),
    "password_changed": mark("Your password is changed. All other browsers are logged out."),
    "password_reset": mark("Your password is changed. Log in with it."),
    "pictures_saved": mark("The pictures are saved."),
    "preferences_saved": mark("Saved. This is how it looks now."),
    "pinned": mark("Pinned. It stands above the other posts."),
    "profile_saved": mark("Your profile is saved."),
    "removed": mark("Removed. The reason is in the moderation log."),
    "report_reopened": mark("It is open again."),
    "report_resolved": mark("Resolved. You find it beside the open ones."),
    "reported": mark("Reported. Moderators will look at it."),
    "restored": mark("It is back."),
    "retried": mark("What waits is being sent now."),
    "role_changed": mark("Done. They have to log in again."),
    "saved": mark("Saved. Only you see that."),
    "session_ended": mark("That browser is logged out."),
    "set_up": mark("All is set. This is your community."),
    "site_saved": mark("The settings are saved."),
    "unblocked": mark("No longer blocked."),
    "unbanned": mark("The ban is ended."),
    "undeleted": mark("It is back."),
    # Mastodon 4.6 keeps a tombstone for every id that was deleted.
    "undeleted_here": mark(
        "It's back on this server. Mastodon and similar servers won't show it again."
    ),
    "unfollowed": mark("You no longer follow this."),
    "unhidden": mark("It is in your lists again."),
    "unsaved": mark("No longer saved."),
    "upload_deleted": mark("The picture is deleted."),
    "unlocked": mark("It takes comments again."),
    "unpinned": mark("It is pinned no longer."),
    "welcome": mark("Welcome! You are logged in."),
    "welcome_confirm": mark(
        "Welcome! We've sent you an e-mail: open its link to confirm your address."
    ),
}


def set_notice(response: Response, code: str) -> None:
    """Let the next page show the notice `code` (KeyError: there is no such notice)."""
    if code not in NOTICES:
        raise KeyError(code)
    response.set_cookie(COOKIE, code, max_age=SECONDS, httponly=True, samesite="lax")


def pending(request: Request) -> str:
    """The code of the notice that waits, "" when there is none."""
    code = find_cookie(request, COOKIE)
    return code if code in NOTICES else ""


def text_of(code: str) -> str:
    """The notice in the reader's language."""
    return gettext(NOTICES[code]) if code else ""


def clear(response: Response) -> None:
    """It has been shown."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
