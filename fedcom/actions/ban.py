"""Ban and Unban: Block and Undo{Block}, from one community or from a whole server.

A server bans its own members everywhere; it can only keep remote people out of its own communities.
So an admin's ban of a remote person is sent as one ban from each local community in which that
person took part, as Lemmy 0.19 does.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update

from activitypub.vocab.activities import block
from database.inserts import upsert
from fedcom.actions.base import (
    Activity,
    Audience,
    Federated,
    Microblogs,
    Response,
    in_private,
)
from fedcom.actions.federate.microblogs import boost_anew
from fedcom.actions.follow import AnswerFollow
from fedcom.actions.moderators import check_rank
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.effects.bulk_removal import remove_all
from fedcom.effects.counts import count_subscribers
from fedcom.effects.moderation_notes import is_on_microblog, note_of_ban
from fedcom.effects.modlog import LogEntry, log_person
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.effects.outside_mentions import forget_mentions
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.account import session
from fedcom.models.actor import Community, Person, actor
from fedcom.models.follow import FollowRow, follow
from fedcom.models.moderation import CommunityBan, community_ban, moderator
from fedcom.models.outside_mention import outside_mention
from fedcom.models.post import Post
from fedcom.queries.actors import get_community, get_person, is_admin
from fedcom.queries.bans import (
    find_ban,
    is_banned_by_us,
    is_our_ban,
    list_communities_of,
    list_communities_on,
    list_site_bans,
)
from fedcom.queries.follows import find_follow, list_follows_of_members, server_of
from fedcom.queries.located import standing_in
from fedcom.rules.dialects import ends_follow_with_ban
from fedcom.rules.limits import MAX_REASON, check_body
from fedcom.rules.permissions import may_act, must_moderate


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban(Federated[Person]):
    """Exclude a person from taking part, permanently or until `expires_at`."""

    by: Person
    person: Person
    # None: the whole server.
    community: Community | None
    reason: str = ""
    expires_at: datetime | None = None
    removes_content: bool = False
    # Part of a purge, which erases the content itself; other servers are told to remove theirs.
    erases: bool = False
    # Part of a ban from the whole server, which notifies the person of both.
    is_part: bool = False

    def check(self, ctx: Context) -> None:
        """Moderators and admins may ban people they outrank; an existing ban may be changed."""
        check_power(ctx, self.by, self.person, self.community)
        check_body(self.reason, MAX_REASON)
        if is_admin(ctx.conn, self.person.id) and self._is_local_ban():
            raise Denied("cannot_ban_admin", "Admins cannot be banned. Remove them as admin first.")
        if self.expires_at is not None and self.expires_at <= ctx.now:
            raise Invalid("ban_expires_in_the_past", "The end of the ban is in the past.")
        if not self.removes_content and self._stands(ctx):
            raise Conflict(
                "already_banned", "%(person)s is already banned.", person=self.person.handle
            )

    def _is_local_ban(self) -> bool:
        """Whether the ban covers anything local."""
        if self.community is not None:
            return self.community.local
        return not is_from_another_site(self.by, self.person)

    def _stands(self, ctx: Context) -> bool:
        """Whether the same ban is already in force."""
        if is_from_another_site(self.by, self.person) and self.community is None:
            return all(
                self._is_barred(ctx, community) or self._is_covered(ctx, community)
                for community in _communities_of_server(ctx, self.by)
            )
        if self.community is not None:
            return self._is_barred(ctx, self.community)
        person = self.person
        if not person.is_banned(ctx.now):
            return False
        is_ours = is_our_ban(ctx.conn, person)
        if is_ours is not self.by.local:
            # Our ban exists beside that of their server, which does not change ours.
            return is_ours
        return (person.ban_reason, person.ban_expires_at) == (self.reason, self.expires_at)

    def _is_barred(self, ctx: Context, community: Community) -> bool:
        ban = find_ban(ctx.conn, community.id, self.person.id)
        wanted = (self.reason, self.expires_at)
        return ban is not None and (ban.reason, ban.expires_at) == wanted

    def _is_covered(self, ctx: Context, community: Community) -> bool:
        """Whether the community itself bans them, for at least as long as its server does."""
        ban = find_ban(ctx.conn, community.id, self.person.id)
        if ban is None or not ban.holds(ctx.now) or ban in made_by_site(ctx, self.by, self.person):
            return False
        ends_at = self.expires_at
        return ban.expires_at is None or (ends_at is not None and ends_at <= ban.expires_at)

    def apply(self, ctx: Context) -> Person:
        """Store the ban, end their following and moderating, and optionally remove their
        content.
        """
        if self.community is None and is_from_another_site(self.by, self.person):
            return self._ban_from_theirs(ctx)
        if self.community is None:
            self._ban_from_site(ctx)
        else:
            self._ban_from(ctx, self.community)
        if self.removes_content and not self.erases:
            removed = remove_all(ctx, self.by, self.person, self.community, self.reason)
            boost_posts(ctx, removed, Microblogs.UNBOOST)
            if self.community is None:
                forget_mentions(ctx, outside_mention.c.author_id == self.person.id)
        entry = LogEntry(
            by=self.by,
            kind="ban",
            community=self.community,
            reason=self.reason,
            expires_at=self.expires_at,
        )
        log_person(ctx, entry, self.person)
        if self.community is None and self.by.local and not self.person.local:
            self._ban_from_ours(ctx)
        return get_person(ctx.conn, self.person.id)

    def _ban_from_site(self, ctx: Context) -> None:
        is_ours = is_banned_by_us_now(ctx, self.person)
        if is_ours and not self.by.local:
            return
        # The start time tells an Unban what it ends; ours, beside theirs, begins now.
        stands = self.person.is_banned(ctx.now) and is_ours == self.by.local
        since = self.person.banned_at if stands else None
        ctx.conn.execute(
            update(actor)
            .where(actor.c.id == self.person.id)
            .values(
                banned_at=since or ctx.now,
                ban_reason=self.reason,
                ban_expires_at=self.expires_at,
            )
        )
        ctx.conn.execute(delete(session).where(session.c.account_id == self.person.id))
        if self.by.local and self.expires_at is None and is_on_microblog(ctx, self.person):
            # Communities end the following themselves (`_end_following`).
            for asked in list_follows_of_members(ctx.conn, self.person.id):
                member = get_person(ctx.conn, asked.target_id)
                perform(ctx, AnswerFollow(by=member, asked=asked, accepted=False))

    def _ban_from(self, ctx: Context, community: Community) -> None:
        known = find_ban(ctx.conn, community.id, self.person.id)
        row = {
            "community_id": community.id,
            "person_id": self.person.id,
            "reason": self.reason,
            "created_at": self._since(ctx, known),
            "expires_at": self.expires_at,
        }
        upsert(ctx.conn, community_ban, row, key=["community_id", "person_id"])
        ctx.conn.execute(
            delete(moderator).where(
                moderator.c.community_id == community.id, moderator.c.person_id == self.person.id
            )
        )
        asked = find_follow(ctx.conn, self.person.id, community.id)
        if asked is not None:
            self._end_following(ctx, community, asked)

    def _since(self, ctx: Context, known: CommunityBan | None) -> datetime:
        """When the ban began: a changed ban keeps its start. A server's ban that replaces a
        community's own begins now, after the entry in that community's log.
        """
        if known is None or not known.holds(ctx.now):
            return ctx.now
        goes_on = self.community is not None or known in made_by_site(ctx, self.by, self.person)
        return known.created_at if goes_on else ctx.now

    def _end_following(self, ctx: Context, community: Community, asked: FollowRow) -> None:
        """A permanent ban ends the follow; a temporary one only interrupts it
        (`follower_hosts`).
        """
        ours = self.person.local
        if self.expires_at is not None and ours and not community.local:
            # Their server may have ended it (Lemmy), so it is requested again after the ban, unless
            # an Announce shows earlier that it still exists (`fedcom.background.follow_requests`).
            suspended = {"state": "pending", "created_at": self.expires_at}
            mine = follow.c.id == asked.id
            ctx.conn.execute(update(follow).where(mine).values(suspended))
            count_subscribers(ctx, community.id)
        elif self.expires_at is None or (not ours and _unfollows(ctx, self.person)):
            if community.local and is_on_microblog(ctx, self.person):
                perform(ctx, AnswerFollow(by=community, asked=asked, accepted=False))
                return
            ctx.conn.execute(delete(follow).where(follow.c.id == asked.id))
            count_subscribers(ctx, community.id)

    def _ban_from_theirs(self, ctx: Context) -> Person:
        """Another server's ban of a local member: it covers that server's communities, as far as
        they are known here. The member is notified once.
        """
        for community in _communities_of_server(ctx, self.by):
            if not self._is_covered(ctx, community):
                self._ban_from(ctx, community)
            if self.removes_content:
                remove_all(ctx, self.by, self.person, community, self.reason)
        notify_of_server_ban(ctx, self.by, self.person, "ban_elsewhere", self.reason)
        return get_person(ctx.conn, self.person.id)

    def _ban_from_ours(self, ctx: Context) -> None:
        """The part of the ban that other servers accept from us."""
        for community in list_communities_of(ctx.conn, self.person.id):
            action = Ban(
                by=self.by,
                person=self.person,
                community=community,
                reason=self.reason,
                expires_at=self.expires_at,
                removes_content=self.removes_content,
                erases=self.erases,
                is_part=True,
            )
            with suppress(Conflict):
                perform(ctx, action)

    def to_activity(self, ctx: Context, result: Person) -> Activity:
        """Block, with the community or the server as its target."""
        return block(
            ctx.new_iri("block"),
            self.by.iri,
            self.person.iri,
            target_of(ctx, self.community),
            audience=self.community.iri if self.community else None,
            cc=[self.community.iri] if self.community else [],
            reason=self.reason or None,
            ends_at=self.expires_at,
            remove_data=self.removes_content,
        )

    def audience(self, ctx: Context, result: Person) -> Audience:
        """The community and the banned person; all servers for a member's ban from the server."""
        return ban_recipients(ctx, self.person, self.community)

    def responses(self, ctx: Context, result: Person) -> tuple[Response, ...]:
        """A note from our community to a person on a microblog server."""
        return self.copies(ctx, result) if self.community is not None else ()

    def copies(self, ctx: Context, result: Person) -> tuple[Response, ...]:
        """The same, or a note from this server, which does not reveal which admin banned them."""
        if self.is_part or (self.community is not None and not self.community.local):
            return ()
        return in_private(
            note_of_ban(ctx, self.community, self.person, self.reason, self.expires_at)
        )


def check_power(ctx: Context, by: Person, person: Person, community: Community | None) -> None:
    if community is not None:
        mine = standing_in(ctx, by, community)
        must_moderate(by, community, mine, ctx.now)
        check_rank(ctx, by, person, community, mine)
        return
    may_act(by, ctx.now)
    if by.local and not is_admin(ctx.conn, by.id):
        raise Denied("not_an_admin", "Only admins can ban someone from the whole server.")
    if not by.local and by.host != person.host and not person.local:
        raise Denied(
            "not_their_site",
            "%(host)s can ban only its own users; %(person)s is not one of them.",
            host=by.host,
            person=person.handle,
        )


def is_from_another_site(by: Person, person: Person) -> bool:
    """Whether a remote actor bans a local member: that covers only the actor's own server."""
    return person.local and not by.local


def _communities_of_server(ctx: Context, by: Person) -> list[Community]:
    """The communities of the person's own server."""
    return list_communities_on(ctx.conn, by.host)


def made_by_site(ctx: Context, by: Person, person: Person) -> list[CommunityBan]:
    """The bans of a local member that the person's whole server made."""
    return list_site_bans(ctx.conn, by.host, ctx.now, person_id=person.id)


def notify_of_server_ban(ctx: Context, by: Person, person: Person, kind: str, reason: str) -> None:
    why = f"{by.host}: {reason}" if reason else by.host
    notify(
        ctx, person.id, NotificationEvent(kind="moderation", by_id=by.id, detail=kind, reason=why)
    )


def boost_posts(ctx: Context, posts: list[Post], microblogs: Microblogs) -> None:
    """Microblog servers are only told about single posts."""
    for community_id in dict.fromkeys(content.community_id for content in posts):
        community = get_community(ctx.conn, community_id)
        inside = [content for content in posts if content.community_id == community_id]
        if community.local:
            boost_anew(ctx, community, inside, microblogs)


def target_of(ctx: Context, community: Community | None) -> str:
    # A server is the actor that it serves at its root, as with Lemmy.
    return community.iri if community is not None else f"{ctx.origin}/"


def ban_recipients(ctx: Context, person: Person, community: Community | None) -> Audience:
    if community is None:
        return Audience(subject=person.iri, everywhere=person.local)
    # Microblog servers read a Block as the moderator's personal block.
    people = () if is_on_microblog(ctx, person) else (person,)
    # The ban interrupts the follow through which their server would have received it.
    return Audience(subject=person.iri, community=community, people=people, announced_to=people)


def _unfollows(ctx: Context, person: Person) -> bool:
    return ends_follow_with_ban(server_of(ctx.conn, person).software)


def is_banned_by_us_now(ctx: Context, person: Person) -> bool:
    """Whether a local admin bans them, whatever their own server says."""
    return is_banned_by_us(ctx.conn, get_person(ctx.conn, person.id), ctx.now)
