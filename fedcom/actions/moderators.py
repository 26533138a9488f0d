"""AddModerator and RemoveModerator: Add to and Remove from the moderators collection (FEP-1b12)."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete

from activitypub.vocab.activities import add, remove
from database.inserts import insert_ignoring
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.context import Context
from fedcom.effects.modlog import LogEntry, log_person
from fedcom.errors import Conflict, Denied, Invalid, NotFound
from fedcom.models.actor import Community, Person
from fedcom.models.moderation import moderator
from fedcom.queries.actors import find_moderators
from fedcom.queries.located import standing_in
from fedcom.rules.permissions import Standing, must_moderate


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeModerators(Federated[None]):
    """What appointing and removing have in common: `person` joins or leaves the moderators."""

    by: Person
    community: Community
    person: Person

    def audience(self, ctx: Context, result: None) -> Audience:
        """The community, and the person concerned."""
        return Audience(
            subject=_collection(self.community), community=self.community, people=(self.person,)
        )

    def _log(self, ctx: Context, kind: Literal["add_moderator", "remove_moderator"]) -> None:
        log_person(ctx, LogEntry(by=self.by, kind=kind, community=self.community), self.person)

    def _to_activity(self, ctx: Context, change: Literal["add", "remove"]) -> Activity:
        build = add if change == "add" else remove
        return build(
            ctx.new_iri(change),
            self.by.iri,
            self.person.iri,
            _collection(self.community),
            community=self.community.iri,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddModerator(ChangeModerators):
    """A moderator appoints another."""

    def check(self, ctx: Context) -> None:
        """For moderators; the new moderator must be allowed to act."""
        must_moderate(self.by, self.community, standing_in(ctx, self.by, self.community), ctx.now)
        theirs = standing_in(ctx, self.person, self.community)
        is_out = self.person.is_banned(ctx.now) or theirs.is_banned(ctx.now)
        if is_out or self.person.deleted_at is not None:
            raise Invalid(
                "cannot_moderate",
                "%(person)s cannot become a moderator.",
                person=self.person.handle,
            )

    def apply(self, ctx: Context) -> None:
        """Insert them as the newest moderator."""
        row = {
            "community_id": self.community.id,
            "person_id": self.person.id,
            "appointed_at": ctx.now,
        }
        if not insert_ignoring(ctx.conn, moderator, row):
            raise Conflict(
                "already_moderator", "%(person)s is already a moderator.", person=self.person.handle
            )
        self._log(ctx, "add_moderator")

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """Add to the moderators collection."""
        return self._to_activity(ctx, "add")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveModerator(ChangeModerators):
    """A moderator removes another who was appointed later, or resigns."""

    def check(self, ctx: Context) -> None:
        """Nobody removes an older moderator, as with Lemmy; admins remove anybody."""
        mine = standing_in(ctx, self.by, self.community)
        must_moderate(self.by, self.community, mine, ctx.now)
        listed = [person.id for person in find_moderators(ctx.conn, self.community)]
        if self.person.id not in listed:
            raise NotFound(
                "not_a_moderator", "%(person)s is not a moderator.", person=self.person.handle
            )
        check_rank(ctx, self.by, self.person, self.community, mine)

    def apply(self, ctx: Context) -> None:
        """Delete the moderator's row."""
        ctx.conn.execute(
            delete(moderator).where(
                moderator.c.community_id == self.community.id,
                moderator.c.person_id == self.person.id,
            )
        )
        self._log(ctx, "remove_moderator")

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """Remove from the moderators collection."""
        return self._to_activity(ctx, "remove")


def check_rank(
    ctx: Context, by: Person, person: Person, community: Community, mine: Standing
) -> None:
    """Raises Denied for a moderator acting against an older one; admins outrank everybody."""
    order = [other.id for other in find_moderators(ctx.conn, community)]
    if mine.is_admin or by.id not in order or person.id not in order:
        return
    if order.index(by.id) > order.index(person.id):
        raise Denied(
            "not_higher_mod", "%(person)s has been a moderator for longer.", person=person.handle
        )


def _collection(community: Community) -> str:
    return community.moderators_iri or f"{community.iri}/moderators"
