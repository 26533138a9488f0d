"""One line of good news on the next page: a code in a short-lived cookie, cleared when shown.

The cookie holds a word from the table below and nothing else, so a forged one can say nothing that
is not already here.
"""

from starlette.requests import Request
from starlette.responses import Response

from fedcom.web.words import gettext

COOKIE = "notice"
SECONDS = 60

NOTICES = {
    "account_deleted": "Your account is deleted. Thank you for having been here.",
    "account_pending": "Your application has been sent. An admin will look at it.",
    "application_approved": "The application was approved.",
    "application_denied": "The application was denied and deleted.",
    "banned": "Banned. They are told, and the reason is in the moderation log.",
    "block_added": "The instance is blocked.",
    "block_removed": "The instance is no longer blocked.",
    "blocked": "Blocked. You find it in your settings.",
    "comment_posted": "Your comment is there.",
    "community_closed": "The community is closed here.",
    "community_made": "The community is open. Write the first post.",
    "community_reopened": "The community is open again.",
    "community_saved": "The community was changed.",
    "deleted": "Deleted. You can take that back here.",
    "draft_removed": "The draft is thrown away.",
    "draft_saved": "Your draft is saved. Only you see it.",
    "edited": "Your changes are saved.",
    "email_changed": "Your e-mail address is saved.",
    "follow_asked": "You asked to follow. It counts once the other server has accepted.",
    "followed": "You follow this now.",
    "hidden": "Hidden. You find it beside what you saved.",
    "invitation_made": "The invitation is made. Send its address to whom you invite.",
    "invitation_removed": "The invitation is taken back.",
    "locked": "Locked. It takes no more comments.",
    "logged_out": "You are logged out.",
    "message_deleted": "Deleted. The other one no longer sees it.",
    "message_sent": "Your message is on its way.",
    "moderator_added": "The moderator was appointed.",
    "moderator_removed": "The moderator was dismissed.",
    "password_changed": "Your password is changed. All other browsers are logged out.",
    "password_reset": "Your password is changed. Log in with it.",
    "pictures_saved": "The pictures are saved.",
    "preferences_saved": "Saved. This is how it looks now.",
    "pinned": "Pinned. It stands above the other posts.",
    "profile_saved": "Your profile is saved.",
    "removed": "Removed. The reason is in the moderation log.",
    "report_reopened": "It is open again.",
    "report_resolved": "Resolved. You find it beside the open ones.",
    "reported": "Reported. Moderators will look at it.",
    "restored": "It is back.",
    "retried": "What waits is being sent now.",
    "role_changed": "Done. They have to log in again.",
    "saved": "Saved. Only you see that.",
    "session_ended": "That browser is logged out.",
    "set_up": "All is set. This is your community.",
    "site_saved": "The settings are saved.",
    "unblocked": "No longer blocked.",
    "unbanned": "The ban is ended.",
    "undeleted": "It is back.",
    "unfollowed": "You no longer follow this.",
    "unhidden": "It is in your lists again.",
    "unsaved": "No longer saved.",
    "upload_deleted": "The picture is deleted.",
    "unlocked": "It takes comments again.",
    "unpinned": "It is pinned no longer.",
    "welcome": "Welcome! You are logged in.",
}


def set_notice(response: Response, code: str) -> None:
    """Let the next page show the notice `code` (KeyError: there is no such notice)."""
    if code not in NOTICES:
        raise KeyError(code)
    response.set_cookie(COOKIE, code, max_age=SECONDS, httponly=True, samesite="lax")


def pending(request: Request) -> str:
    """The code of the notice that waits, "" when there is none."""
    code = request.cookies.get(COOKIE, "")
    return code if code in NOTICES else ""


def text_of(code: str) -> str:
    """The notice in the reader's language."""
    return gettext(NOTICES[code]) if code else ""


def clear(response: Response) -> None:
    """It has been shown."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
