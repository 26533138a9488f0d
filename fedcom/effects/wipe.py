"""The handling of each row that refers to a person when that person is deleted.

Every column that points to an actor or an account is in exactly one of these tables; a test
compares them with the schema, so that a new column needs a decision here.
"""

from typing import Any

from sqlalchemy import Column, Connection, delete

from fedcom.models.account import (
    account,
    application_decision,
    invitation,
    invited_member,
    passkey,
    passkey_challenge,
    password_reset,
    recovery_code,
    session,
    two_factor,
)
from fedcom.models.actor import actor_key, author_counts, community
from fedcom.models.appeal import appeal, appeal_message
from fedcom.models.boost import boost
from fedcom.models.comment import comment, comment_rank
from fedcom.models.follow import follow
from fedcom.models.mail import mail
from fedcom.models.media import media
from fedcom.models.message import message
from fedcom.models.moderation import (
    community_ban,
    moderator,
    moderator_note,
    modlog,
    report,
    tombstone,
)
from fedcom.models.notification import muted_community, notification, notification_choice
from fedcom.models.omission import omission
from fedcom.models.outside_mention import outside_mention
from fedcom.models.personal import (
    actor_block,
    draft,
    followed_post,
    hidden_post,
    host_block,
    muted_post,
    post_visit,
    saved_comment,
    saved_post,
    sent_form,
)
from fedcom.models.post import post, post_rank
from fedcom.models.push import push_subscription
from fedcom.models.rule import rule
from fedcom.models.settings_import import import_item
from fedcom.models.site import site
from fedcom.models.vote import comment_vote, post_vote

PERSONAL: tuple[Column[Any], ...] = (
    saved_post.c.person_id,
    saved_comment.c.person_id,
    hidden_post.c.person_id,
    followed_post.c.person_id,
    muted_post.c.person_id,
    actor_block.c.person_id,
    host_block.c.person_id,
    post_visit.c.person_id,
    draft.c.person_id,
    sent_form.c.person_id,
    import_item.c.person_id,
    notification.c.recipient_id,
    notification_choice.c.person_id,
    muted_community.c.person_id,
    appeal.c.person_id,
    moderator_note.c.person_id,
)
"""Rows that only their member sees, or that nobody needs without the member: deleted with the
account, by `wipe_personal`.
"""

LOGIN: tuple[Column[Any], ...] = (
    invited_member.c.account_id,
    push_subscription.c.account_id,
    session.c.account_id,
    password_reset.c.account_id,
    application_decision.c.account_id,
    passkey.c.account_id,
    passkey_challenge.c.account_id,
    recovery_code.c.account_id,
    two_factor.c.account_id,
    account.c.actor_id,
)
"""The login itself, in an order that foreign keys permit: deleted by `wipe_login`."""

BY_ACTION: tuple[Column[Any], ...] = (
    follow.c.follower_id,
    follow.c.target_id,
    moderator.c.person_id,
    boost.c.actor_iri,
)
"""Rows that others see, deleted by `fedcom.actions.delete_actor`, also for remote people."""

CONTENT: tuple[Column[Any], ...] = (
    post.c.author_id,
    comment.c.author_id,
    message.c.author_id,
    outside_mention.c.author_id,
)
"""The person's content. With `DeleteActor.removes_content` the text is blanked or the rows are
deleted; without, they remain under the name of a deleted account.
"""

KEPT: dict[Column[Any], str] = {
    actor_key.c.actor_id: "signs the Delete, which is retried for a week",
    application_decision.c.admin_id: "says who decided",
    appeal.c.resolver_id: "says who decided",
    appeal_message.c.author_id: "is part of somebody else's appeal; one's own go with the appeal",
    invitation.c.by_id: "other admins go on with the codes, and see who made them",
    invited_member.c.by_id: "tells admins who brought a member here",
    media.c.owner_id: "housekeeping deletes every picture that nothing shows",
    message.c.recipient_id: "is also its author's copy",
    community_ban.c.person_id: "holds if the person is restored by their server",
    report.c.reporter_id: "moderators still have to deal with what was reported",
    report.c.resolver_id: "says who decided",
    report.c.assignee_id: "says who has it, until somebody else takes it",
    moderator_note.c.author_id: "the other moderators go on with it",
    report.c.person_id: "moderators still have to deal with what was reported",
    modlog.c.moderator_id: "the log of moderation is public and complete",
    modlog.c.person_id: "the log of moderation is public and complete",
    author_counts.c.author_id: "counts what is left of their content",
    notification.c.actor_id: "is somebody else's notification",
    actor_block.c.blocked_id: "is somebody else's block",
    post_vote.c.voter_id: "the score of what others wrote stays",
    comment_vote.c.voter_id: "the score of what others wrote stays",
    tombstone.c.actor_iri: "stops late copies of what was deleted, for a month",
    site.c.actor_id: "is the actor of the server",
    community.c.actor_id: "is the community itself",
    community_ban.c.community_id: "names a community",
    moderator.c.community_id: "names a community",
    modlog.c.community_id: "names a community",
    moderator_note.c.community_id: "names a community",
    notification.c.community_id: "names a community",
    muted_community.c.community_id: "names a community",
    omission.c.community_id: "names a community",
    post.c.community_id: "names a community",
    post_rank.c.community_id: "names a community",
    comment_rank.c.community_id: "names a community",
    report.c.community_id: "names a community",
    rule.c.community_id: "names a community",
}
"""Rows that remain, with the reason."""

MAIL = mail.c.recipient
"""Queued mail is found by its address: deleted by `fedcom.accounts.delete_account`."""


def wipe_personal(conn: Connection, person_id: int) -> None:
    """Delete what only this member sees."""
    _wipe(conn, PERSONAL, person_id)


def wipe_login(conn: Connection, person_id: int) -> None:
    """Delete this member's account, sessions, password-reset links and second factor."""
    _wipe(conn, LOGIN, person_id)


def _wipe(conn: Connection, columns: tuple[Column[Any], ...], person_id: int) -> None:
    for column in columns:
        conn.execute(delete(column.table).where(column == person_id))
