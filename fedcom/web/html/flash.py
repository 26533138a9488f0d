"""A message that the next page shows once: its code in a short-lived cookie, cleared when shown.

The cookie holds one of the codes below and perhaps what to undo, in a form that can mean nothing
else. So a forged one cannot show anything new.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from fedcom.catalogues import mark
from fedcom.errors import fill
from fedcom.http.cookies import find_cookie
from fedcom.web.html.i18n import gettext
from fedcom.web.html.labels import OWN_LISTS

COOKIE = "notice"
SECONDS = 60

NOTICES = {
    "account_deleted": mark(
        "Your account has been deleted. Thank you for being part of the community."
    ),
    "account_mailed": mark(
        "Account created. We've sent them an e-mail with a link to set a password."
    ),
    "account_pending": mark("Your application has been sent. An admin will review it."),
    "appeal_answered": mark("Answer sent."),
    "appeal_sent": mark("Appeal sent. You'll be told when a moderator answers."),
    "appeal_undone": mark("Decision undone. The person has been told."),
    "appeal_upheld": mark("Decision upheld. The person has been told."),
    "application_approved": mark("Application approved."),
    "application_denied": mark("Application denied."),
    "banned": mark("Banned. They are notified, and the reason is in the moderation log."),
    "block_added": mark("Server blocked."),
    "block_removed": mark("Server unblocked."),
    "blocked": mark("Blocked. You can undo this in your settings."),
    "comment_posted": mark("Comment posted."),
    "communities_followed": mark("You're now following the communities you chose."),
    "community_deleted": mark("Community deleted. Open this page to restore it."),
    "community_hidden": mark("Community hidden from the lists."),
    "community_closed": mark("Community closed on this server."),
    "community_made": mark("Community created. Write the first post!"),
    "community_reopened": mark("Community reopened."),
    "community_saved": mark("Community updated."),
    "deleted": mark("Deleted. Choose “Undelete” to bring it back."),
    "community_transferred": mark("Community transferred."),
    "community_undeleted": mark("Community restored."),
    "community_unhidden": mark("Community shown in the lists again."),
    "distinguished": mark("Marked as official."),
    "draft_removed": mark("Draft discarded."),
    "draft_saved": mark("Draft saved. Only you can see it."),
    "edited": mark("Changes saved."),
    "emoji_deleted": mark("Emoji deleted."),
    "emoji_saved": mark("Emoji saved."),
    "email_changed": mark("E-mail address saved."),
    "email_asked": mark("We've sent you an e-mail. Open the link in it to confirm your address."),
    "email_first": mark(
        "We've sent you an e-mail. Open the link in it to confirm your address, then log in."
    ),
    "email_confirmed": mark("E-mail address confirmed."),
    "first_steps_hidden": mark("Hidden. You can show the first steps again below."),
    "follow_asked": mark("Follow request sent."),
    "feeds_renewed": mark("Your feeds have new addresses. The old ones no longer work."),
    "followed": mark("You're now following this community."),
    "hidden": mark("Hidden. Find it under “%(own_lists)s”."),
    "import_begun": mark("Import started. You can leave this page."),
    "invitation_made": mark("Invitation created. Send the link to whoever you want to invite."),
    "invitation_removed": mark("Invitation revoked."),
    "level_muted": mark("Muted. Nothing here notifies you, except moderation."),
    "level_posts": mark("You'll be notified of each new post in this community."),
    "level_usual": mark("You'll be notified of replies and mentions only."),
    "locked": mark("Locked. No more comments can be added."),
    "log_in_again": mark("That took too long. Please log in again."),
    "logged_out": mark("You're logged out."),
    "members_two_factor_off": mark("Two-factor authentication is off for this member."),
    "list_added": mark("List added. It is fetched once a day."),
    "list_applied": mark("Your decisions have been saved."),
    "list_fetched": mark("The list was asked for. What it changes is shown below."),
    "list_removed": mark("List removed. Servers that it blocked stay blocked."),
    "message_deleted": mark("Deleted. The other person can no longer see it."),
    "message_sent": mark("Message sent."),
    "moderator_added": mark("Moderator added."),
    "moderator_removed": mark("Moderator removed."),
    "passkey_added": mark("Passkey added. You can now log in with it."),
    "passkey_removed": mark("Passkey removed. You can delete it from your device, too."),
    "passkey_renamed": mark("Passkey renamed."),
    "password_changed": mark("Password changed. You've been logged out everywhere else."),
    "password_reset": mark("Password changed. Log in with the new one."),
    "note_deleted": mark("Note deleted."),
    "note_saved": mark("Note saved. Only moderators and admins can read it."),
    "pictures_saved": mark("Pictures saved."),
    "push_off": mark("That browser no longer shows notifications."),
    "push_on": mark("Notifications are shown in this browser from now on."),
    "preferences_saved": mark("Preferences saved."),
    "pinned": mark("Pinned. It is now shown above the other posts."),
    "pinned_on_site": mark("Pinned. It is now shown first on the front page."),
    "profile_saved": mark("Profile saved."),
    "purged": mark("Purged. It may take some minutes until everything is erased."),
    "removed": mark("Removed. The reason is in the moderation log."),
    "report_given": mark("Report handed over. They have been notified."),
    "report_reopened": mark("Report reopened."),
    "report_released": mark("Report given back to all moderators."),
    "report_resolved": mark("Report resolved. Find it under “Resolved”."),
    "report_taken": mark("The report is yours now. The other moderators see that you have it."),
    "reported": mark("Report sent. The moderators will review it."),
    "restored": mark("Restored."),
    "retried": mark("Waiting deliveries are being sent now."),
    "role_changed": mark("Role changed. They need to log in again."),
    "rule_added": mark("Rule added."),
    "rule_removed": mark("Rule removed. Reasons that name it stay as they are."),
    "rule_saved": mark("Rule saved."),
    "saved": mark("Saved. Only you can see this."),
    "session_ended": mark("Logged out there."),
    "set_up": mark(
        "You're all set. Here is your first community. Your next steps are under Admin in the menu."
    ),
    "site_saved": mark("Settings saved."),
    "test_mail_arrived": mark("Your server can send e-mail."),
    "test_mail_sent": mark("We've sent you a test e-mail. Open the link in it."),
    "thread_followed": mark(
        "You're now following this thread. You'll be notified of each new comment."
    ),
    "thread_muted": mark(
        "Thread muted. You won't be notified of replies or mentions in it. It stays in your lists."
    ),
    "thread_unfollowed": mark("You're no longer following this thread."),
    "thread_unmuted": mark("Thread unmuted. You'll be notified of replies to you again."),
    "two_factor_off": mark("Two-factor authentication is off."),
    "unblocked": mark("Unblocked."),
    "unbanned": mark("Ban lifted."),
    "undeleted": mark("Restored."),
    # Mastodon 4.6 keeps a tombstone for every id that was deleted.
    "undeleted_here": mark(
        "Restored on this server. Mastodon and similar servers won't show it again."
    ),
    "undistinguished": mark("No longer marked as official."),
    "unfollowed": mark("You've stopped following this community."),
    "unhidden": mark("Shown in your lists again."),
    "unsaved": mark("Removed from your saved items."),
    "upload_deleted": mark("Picture deleted."),
    "unlocked": mark("Unlocked. Comments can be added again."),
    "unpinned": mark("No longer pinned."),
    "warned": mark("Warned. They are notified, and the reason is in the moderation log."),
    "welcome": mark("Welcome! You're logged in."),
    "welcome_confirm": mark(
        "Welcome! We've sent you an e-mail. Open the link in it to confirm your address."
    ),
}


_UNDOING = {
    "removed": "restore",
    "locked": "unlock",
    "unlocked": "lock",
    "pinned": "unpin",
    "unpinned": "pin",
    "banned": "unban",
    "report_resolved": "reopen",
}
"""For the notices that offer it, the end of the address of the button that undoes it."""

_SUBJECT = re.compile(r"(?:post|comment|reports)/[0-9]{1,16}|[cu]/[A-Za-z0-9_.:@%-]{1,300}")


@dataclass(frozen=True, slots=True)
class Undoing:
    """What was done, in the page's address: `subject` is like `post/1` or `c/cats`. For bans,
    `person` is the row id of the banned and `restores` whether what they wrote was removed.
    """

    subject: str
    person: int = 0
    restores: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice; `undo_path` is the address of the button that undoes it, "" without one."""

    code: str
    undo_path: str = ""
    person: int = 0
    restores: bool = False


def set_notice(response: Response, code: str, undoing: Undoing | None = None) -> None:
    """Let the next page show the notice `code`, with a button if it can be undone.

    Raises KeyError if there is no such notice, or no button for it.
    """
    if code not in NOTICES or (undoing is not None and code not in _UNDOING):
        raise KeyError(code)
    value = code
    if undoing is not None:
        parts = (quote(undoing.subject, safe=""), str(undoing.person), str(int(undoing.restores)))
        value = "!".join((code, *parts))
    response.set_cookie(COOKIE, value, max_age=SECONDS, httponly=True, samesite="lax")


def pending(request: Request) -> Notice | None:
    """The notice to show, None if there is none."""
    code, *parts = find_cookie(request, COOKIE).split("!")
    if code not in NOTICES:
        return None
    if len(parts) != 3 or code not in _UNDOING:
        return Notice(code)
    subject, person, restores = unquote(parts[0]), parts[1], parts[2] == "1"
    if _SUBJECT.fullmatch(subject) is None or re.fullmatch("[0-9]{1,16}", person) is None:
        return Notice(code)
    return Notice(code, f"/{subject}/{_UNDOING[code]}", int(person), restores)


def text_of(notice: Notice | None) -> str:
    """The notice in the reader's language; "" without one."""
    if notice is None:
        return ""
    return fill(gettext(NOTICES[notice.code]), {"own_lists": gettext(OWN_LISTS)})


def clear(response: Response) -> None:
    """Delete the cookie once the notice has been shown."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
