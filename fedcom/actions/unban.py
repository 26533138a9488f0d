"""Unban: the end of a ban from a community or from a whole server."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update

from activitypub.vocab.activities import block, delete as delete_activity, undo
from fedcom.actions.ban import (
    ban_recipients,
    boost_posts,
    check_power,
    is_banned_by_us_now,
    is_from_another_site,
    made_by_site,
    notify_of_server_ban,
    target_of,
)
from fedcom.actions.base import Activity, Audience, Fallback, Federated, Microblogs
from fedcom.actions.follow import Follow
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.effects.bulk_removal import Restored, restore_all
from fedcom.effects.modlog import LogEntry, log_person
from fedcom.errors import Conflict, Denied
from fedcom.models.actor import Community, Person, actor
from fedcom.models.follow import follow
from fedcom.models.moderation import community_ban
from fedcom.queries.actors import get_community, get_person
from fedcom.queries.bans import (
    banned_since,
    list_banned_from,
)
from fedcom.queries.follows import find_follow
from fedcom.queries.sent import last_iri
from fedcom.rules.dialects import ignores_restore_data


@dataclass(frozen=True, slots=True)
class UnbanResult:
    """The person who may take part again, and their restored content."""

    person: Person
    restored: Restored


@dataclass(frozen=True, slots=True, kw_only=True)
class Unban(Federated[UnbanResult]):
    """Let a banned person take part again."""

    by: Person
    person: Person
    # None: the whole server.
    community: Community | None
    reason: str = ""
    # Content that was removed since the ban is restored.
    restores_content: bool = False

    def check(self, ctx: Context) -> None:
        """For moderators and admins, if the person is banned."""
        check_power(ctx, self.by, self.person, self.community)
        if self.community is None and is_from_another_site(self.by, self.person):
            is_banned = any(_banned_from_theirs(ctx, self.by, self.person))
        else:
            theirs = self.community is None and not self.by.local
            is_ours = theirs and is_banned_by_us_now(ctx, self.person)
            is_banned = (
                not is_ours
                and banned_since(ctx.conn, self.person, self.community, ctx.now) is not None
            )
        if not is_banned:
            raise Conflict("not_banned", "%(person)s is not banned.", person=self.person.handle)

    def apply(self, ctx: Context) -> UnbanResult:
        """End the ban, and optionally restore their content."""
        if self.community is None and is_from_another_site(self.by, self.person):
            return self._unban_from_theirs(ctx)
        since = banned_since(ctx.conn, self.person, self.community, ctx.now)
        if self.community is None and self.by.local and since is not None:
            # Before the rest: restoring everything here would leave nothing to send there.
            self._unban_from_ours(ctx, since)
        restored = Restored()
        if self.restores_content and since is not None and not self._stays_out(ctx):
            restored = restore_all(ctx, self.by, self.person, self.community, since)
            boost_posts(ctx, restored.posts, Microblogs.BOOST)
        if self.community is None:
            ctx.conn.execute(
                update(actor)
                .where(actor.c.id == self.person.id)
                .values(banned_at=None, ban_reason="", ban_expires_at=None)
            )
        else:
            self._lift(ctx, self.community)
        entry = LogEntry(by=self.by, kind="unban", community=self.community, reason=self.reason)
        log_person(ctx, entry, self.person)
        return UnbanResult(get_person(ctx.conn, self.person.id), restored)

    def _unban_from_theirs(self, ctx: Context) -> UnbanResult:
        """End what another server's ban of a local member implied."""
        for community in _banned_from_theirs(ctx, self.by, self.person):
            since = banned_since(ctx.conn, self.person, community, ctx.now)
            if self.restores_content and since is not None and not self._stays_out(ctx):
                restore_all(ctx, self.by, self.person, community, since)
            self._lift(ctx, community)
        notify_of_server_ban(ctx, self.by, self.person, "unban_elsewhere", self.reason)
        return UnbanResult(get_person(ctx.conn, self.person.id), Restored())

    def _lift(self, ctx: Context, community: Community) -> None:
        ctx.conn.execute(
            delete(community_ban).where(
                community_ban.c.community_id == community.id,
                community_ban.c.person_id == self.person.id,
            )
        )
        self._follow_again(ctx, community)

    def _follow_again(self, ctx: Context, community: Community) -> None:
        """Ask a remote community for the follow that its ban has interrupted."""
        known = find_follow(ctx.conn, self.person.id, community.id)
        if known is not None and known.state == "pending" and self.person.local:
            waited_since = ctx.now if known.created_at > ctx.now else known.created_at
            mine = update(follow).where(follow.c.id == known.id)
            ctx.conn.execute(mine.values(created_at=waited_since))
            with suppress(Denied):  # the server-wide ban may still be in force
                perform(ctx, Follow(by=self.person, target=community))

    def _stays_out(self, ctx: Context) -> bool:
        """No remote community restores what a local admin removed."""
        is_elsewhere = self.community is not None and not self.community.local
        return is_elsewhere and is_banned_by_us_now(ctx, self.person)

    def _unban_from_ours(self, ctx: Context, since: datetime) -> None:
        """The communities from which the same ban excluded them."""
        for community in list_banned_from(ctx.conn, self.person.id, since):
            action = Unban(
                by=self.by,
                person=self.person,
                community=community,
                reason=self.reason,
                restores_content=self.restores_content,
            )
            with suppress(Conflict):
                perform(ctx, action)

    def to_activity(self, ctx: Context, result: UnbanResult) -> Activity:
        """Undo{Block}."""
        target = target_of(ctx, self.community)
        banned = block(
            last_iri(ctx, "block", self.by, self.person.iri, target=target),
            self.by.iri,
            self.person.iri,
            target,
            audience=self.community.iri if self.community else None,
            cc=[self.community.iri] if self.community else [],
            reason=self.reason or None,
        )
        return undo(ctx.new_iri("undo"), banned, restore_data=self.restores_content)

    def audience(self, ctx: Context, result: UnbanResult) -> Audience:
        """Everyone who was told of the ban."""
        return ban_recipients(ctx, self.person, self.community)

    def fallbacks(self, ctx: Context, result: UnbanResult) -> tuple[Fallback, ...]:
        """Undo{Delete} of each restored post and comment in a local community, or in `community`.

        In other communities only their own moderators are accepted.
        """
        found = []
        for community_id, iris in result.restored.by_community(ctx).items():
            where = get_community(ctx.conn, community_id)
            if where.local or self.community is not None:
                found += [self._restoration(ctx, where, iri) for iri in iris]
        return tuple(found)

    def _restoration(self, ctx: Context, where: Community, iri: str) -> Fallback:
        removed = delete_activity(
            ctx.new_iri("delete"), self.by.iri, iri, community=where.iri, reason=self.reason
        )
        return Fallback(where, iri, undo(ctx.new_iri("undo"), removed), ignores_restore_data)


def _banned_from_theirs(ctx: Context, by: Person, person: Person) -> list[Community]:
    """The communities from which the server bans them, and not the communities' moderators."""
    bans = made_by_site(ctx, by, person)
    return [get_community(ctx.conn, ban.community_id) for ban in bans]
