"""Warn: a moderator tells a person what they must not do again.

It goes to the author's server alone, as Lemmy 1.0 sends it, which has it for posts and comments
only. Members of this server, and people on microblogs, who get a note, can be warned without one.
"""

from dataclasses import dataclass

from activitypub.vocab.activities import warn
from fedcom.actions.ban import check_power
from fedcom.actions.base import Activity, Audience, Federated, Readers, Response, in_private
from fedcom.context import Context
from fedcom.effects.moderation_notes import is_on_microblog, note_of_warning
from fedcom.effects.modlog import LogEntry, log_content, log_person, reason_of
from fedcom.errors import Denied, Invalid
from fedcom.models.actor import Community, Person
from fedcom.queries.content import Content, community_of
from fedcom.queries.located import find_located
from fedcom.remote.actors import person_at
from fedcom.remote.peers import find_peer
from fedcom.remote.vouching import check_vouched
from fedcom.rules.dialects import reads_warnings
from fedcom.rules.limits import MAX_REASON, check_body
from inbox.ports import ReceivedActivity


@dataclass(frozen=True, slots=True, kw_only=True)
class Warn(Federated[None]):
    """A moderator warns a person, because of what they wrote in the community; or an admin does, as
    a moderator of the whole server.
    """

    by: Person
    person: Person
    # None: an admin warns a member.
    community: Community | None
    reason: str
    # What they wrote in the community, if the warning is about one thing.
    about: Content | None = None

    def check(self, ctx: Context) -> None:
        """Moderators and admins may warn people they outrank, who can be told."""
        check_power(ctx, self.by, self.person, self.community)
        if self.person.id == self.by.id:
            raise Denied("own_content", "You can't warn yourself.")
        if self.by.local and not self._can_be_told(ctx):
            raise Denied(
                "not_a_member",
                "%(person)s would not see a warning from here. Write a message instead.",
                person=self.person.handle,
            )
        if not check_body(self.reason, MAX_REASON):
            raise Invalid("reason_empty", "Please say what the warning is for.")
        if self.about is not None and not self._is_theirs(ctx, self.about):
            raise Invalid("about_unknown", "This was not written by them in this community.")

    def _can_be_told(self, ctx: Context) -> bool:
        if self.person.local or self._is_read(ctx):
            return True
        is_ours = self.community is None or self.community.local
        return is_ours and is_on_microblog(ctx, self.person)

    def _is_read(self, ctx: Context) -> bool:
        """Whether their server reads the activity."""
        peer = find_peer(ctx.conn, self.person.host)
        is_known = peer is not None and reads_warnings(peer.software, peer.version)
        return is_known and self.about is not None

    def _is_theirs(self, ctx: Context, about: Content) -> bool:
        where = community_of(ctx.conn, about)
        inside = self.community is not None and self.community.id == where.id
        return inside and about.author_id == self.person.id

    def apply(self, ctx: Context) -> None:
        """Write the modlog, which notifies a member."""
        if self.about is not None:
            log_content(ctx, self.by, self.about, "warn", self.reason)
            return
        entry = LogEntry(by=self.by, kind="warn", community=self.community, reason=self.reason)
        log_person(ctx, entry, self.person)

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """Warn about the post or comment."""
        return warn(
            ctx.new_iri("warn"),
            self.by.iri,
            self._subject(),
            person=self.person.iri,
            community=self.community.iri if self.community else None,
            reason=self.reason,
        )

    def audience(self, ctx: Context, result: None) -> Audience:
        """The author's server, nobody else: this is between the two, and the modlog is public."""
        people = (self.person,) if self._is_read(ctx) else ()
        return Audience(subject=self._subject(), people=people, private=True)

    def copies(self, ctx: Context, result: None) -> tuple[Response, ...]:
        """To a person on a microblog, a note."""
        return in_private(
            note_of_warning(ctx, self.community, self.person, self.reason, self.about)
        )

    def _subject(self) -> str:
        return self.person.iri if self.about is None else self.about.iri


def _read_warn(ctx: Context, received: ReceivedActivity) -> Warn:
    activity = received.activity
    at = find_located(ctx, activity.object_id or "", received.actor)
    if at is None:
        raise Invalid("couldnt_find_post", "Warnings are about posts and comments known here.")
    check_vouched(ctx, received, at.community, direct=True)
    return Warn(
        by=person_at(ctx, received.actor),
        person=at.author,
        community=at.community,
        reason=reason_of(activity),
        about=at.content,
    )


READERS: Readers = {("Warn",): _read_warn}
