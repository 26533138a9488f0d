"""Direct notes to people on microblog servers about moderators' decisions.

Their servers show nothing of what a community announces about them: a post disappears, or a follow,
without an explanation. So the community sends one, or the instance actor for the whole server:
never a moderator's own account, which would get the replies.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activitypub.vocab.activities import create
from activitypub.vocab.objects import TextContent, mention, message
from fedcom.catalogues import DEFAULT, catalogue
from fedcom.context import Context
from fedcom.models.actor import Actor, Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import find_actor
from fedcom.queries.follows import server_of
from fedcom.rules.dialects import dialect_of
from fedcom.text.html import escape_text
from fedcom.wire.addressing import instance_iri


@dataclass(frozen=True, slots=True)
class DirectNote:
    """A Create of a Note by `sender`, addressed to `to` only."""

    sender: Actor
    to: Person
    activity: dict[str, Any]


def is_on_microblog(ctx: Context, person: Person) -> bool:
    """Whether the actor is remote, and their server ignores a community's announcements of Block,
    Delete and the like.
    """
    if person.local:
        return False
    server = server_of(ctx.conn, person)
    return not dialect_of(server.software, reached=server.reached).takes_activities


def note_of_removal(
    ctx: Context, community: Community, author: Person, target: Post | Comment, reason: str
) -> DirectNote | None:
    """The community's note to the author of a removed post or comment, in the language of the text
    if the interface has it.
    """
    if not is_on_microblog(ctx, author):
        return None
    translations = catalogue(target.language or DEFAULT)
    if isinstance(target, Post):
        sentence = translations.gettext("A moderator removed your post from %(community)s.")
    else:
        sentence = translations.gettext("A moderator removed your comment from %(community)s.")
    text = sentence % {"community": community.display_name}
    if reason:
        text = f"{text} {translations.gettext('Reason: %(reason)s') % {'reason': reason}}"
    return _direct(ctx, community, author, text, in_reply_to=target.iri)


def note_of_ban(
    ctx: Context,
    community: Community | None,
    person: Person,
    reason: str,
    expires_at: datetime | None,
) -> DirectNote | None:
    """The note of the community, or of the instance actor for this server, to a banned person.

    In English, because their language is unknown.
    """
    if not is_on_microblog(ctx, person):
        return None
    where = community.display_name if community is not None else ctx.host
    if expires_at is None:
        text = f"You are banned from {where}."
    else:
        text = f"You are banned from {where} until {expires_at:%Y-%m-%d %H:%M} UTC."
    if reason:
        text = f"{text} Reason: {reason}"
    sender = community if community is not None else find_actor(ctx.conn, instance_iri(ctx.origin))
    return None if sender is None else _direct(ctx, sender, person, text)


def note_of_warning(
    ctx: Context,
    community: Community | None,
    person: Person,
    reason: str,
    about: Post | Comment | None,
) -> DirectNote | None:
    """The note of a local community, or of the instance actor for this server, to somebody who is
    warned, in the language of the text that it is about.
    """
    if not is_on_microblog(ctx, person) or not (community is None or community.local):
        return None
    translations = catalogue((about and about.language) or DEFAULT)
    where = community.display_name if community is not None else ctx.host
    sentence = translations.gettext("The moderators of %(community)s warn you: %(reason)s")
    sender = community if community is not None else find_actor(ctx.conn, instance_iri(ctx.origin))
    if sender is None:
        return None
    text = sentence % {"community": where, "reason": reason}
    return _direct(ctx, sender, person, text, in_reply_to=None if about is None else about.iri)


def _direct(
    ctx: Context, sender: Actor, to: Person, text: str, *, in_reply_to: str | None = None
) -> DirectNote:
    note = message(
        ctx.new_iri("note"),
        sender.iri,
        [to.iri],
        TextContent(html=escape_text(text)),
        published=ctx.now,
        kind="Note",
        tags=[mention(to.iri, f"@{to.handle}")],
        in_reply_to=in_reply_to,
    )
    activity = create(ctx.new_iri("create"), sender.iri, note)
    return DirectNote(sender=sender, to=to, activity=activity)
