"""Ban and Unban: Block and Undo{Block}, from one community or from a whole site.

A site bans its own people everywhere; people of other sites it can only keep out of what is its
own. So an admin's ban of somebody elsewhere is told to others as bans from each of our communities
that they took part in, as with Lemmy 0.19.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update

from activitypub.document import Document
from activitypub.errors import Malformed
from activitypub.iri import origin_of
from activitypub.vocab.activities import block, delete as delete_activity, undo
from database.inserts import upsert
from fedcom.actions.base import Action, Activity, Answer, Audience, Microblogs, Part, Readers
from fedcom.actions.federate import boost_anew
from fedcom.actions.follow import AnswerFollow, Follow
from fedcom.actions.moderation_notes import is_on_microblog, note_of_ban
from fedcom.actions.moderators import check_rank
from fedcom.actions.outside_mention import forget_mentions
from fedcom.actions.perform import perform
from fedcom.actions.personal_block import BlockPerson
from fedcom.actions.sent import last_iri
from fedcom.actions.vouching import check_vouched
from fedcom.context import Context
from fedcom.effects.bulk_removal import Restored, remove_all, restore_all
from fedcom.effects.counts import count_subscribers
from fedcom.effects.modlog import Line, log_person, reason_of
from fedcom.effects.notify import News, notify
from fedcom.errors import Conflict, Denied, Invalid, NotFound
from fedcom.models.account import session
from fedcom.models.actor import Community, Person, actor
from fedcom.models.follow import FollowRow, follow
from fedcom.models.moderation import CommunityBan, community_ban, moderator
from fedcom.models.outside_mention import outside_mention
from fedcom.models.post import Post
from fedcom.queries.actors import find_actor, get_community, get_person, is_admin, standing
from fedcom.queries.bans import (
    find_ban,
    is_banned_by_us,
    is_our_ban,
    list_banned_from,
    list_communities_of,
    list_communities_on,
    list_site_bans,
)
from fedcom.queries.follows import find_follow, list_follows_of_members, server_of
from fedcom.remote.actors import actor_at, if_served, participant_at, person_at
from fedcom.rules.dialects import ends_follow_with_ban, ignores_restore_data
from fedcom.rules.limits import MAX_REASON, check_body
from fedcom.rules.permissions import may_act, may_moderate
from inbox.ports import ReceivedActivity


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban(Action[Person]):
    """Somebody may no longer take part, for ever or until `expires_at`."""

    by: Person
    person: Person
    # Null: the whole site.
    community: Community | None
    reason: str = ""
    expires_at: datetime | None = None
    removes_content: bool = False
    # Of a ban from the whole site, which tells the person of both.
    is_part: bool = False

    def check(self, ctx: Context) -> None:
        """For moderators and admins, of whom they outrank; a ban that stands may be changed."""
        _check_power(ctx, self.by, self.person, self.community)
        check_body(self.reason, MAX_REASON)
        if is_admin(ctx.conn, self.person.id) and self._is_about_us():
            raise Denied("cannot_ban_admin", "Admins cannot be banned. Demote them first.")
        if self.expires_at is not None and self.expires_at <= ctx.now:
            raise Invalid("ban_expires_in_the_past", "The end of the ban is in the past.")
        if not self.removes_content and self._stands(ctx):
            raise Conflict(
                "already_banned", "%(person)s is already banned.", person=self.person.handle
            )

    def _is_about_us(self) -> bool:
        """Whether it keeps them out of anything that is ours."""
        if self.community is not None:
            return self.community.local
        return not _is_from_another_site(self.by, self.person)

    def _stands(self, ctx: Context) -> bool:
        """Whether they are banned already, in just this way."""
        if _is_from_another_site(self.by, self.person) and self.community is None:
            return all(
                self._is_barred(ctx, community) or self._is_covered(ctx, community)
                for community in _theirs(ctx, self.by)
            )
        if self.community is not None:
            return self._is_barred(ctx, self.community)
        person = self.person
        if not person.is_banned(ctx.now):
            return False
        is_ours = is_our_ban(ctx.conn, person)
        if is_ours is not self.by.local:
            # Ours joins that of their server, which changes nothing about ours.
            return is_ours
        return (person.ban_reason, person.ban_expires_at) == (self.reason, self.expires_at)

    def _is_barred(self, ctx: Context, community: Community) -> bool:
        ban = find_ban(ctx.conn, community.id, self.person.id)
        wanted = (self.reason, self.expires_at)
        return ban is not None and (ban.reason, ban.expires_at) == wanted

    def _is_covered(self, ctx: Context, community: Community) -> bool:
        """Whether the community itself keeps them out, and for no shorter time than its site."""
        ban = find_ban(ctx.conn, community.id, self.person.id)
        if ban is None or not ban.holds(ctx.now) or ban in _made_by_site(ctx, self.by, self.person):
            return False
        ends_at = self.expires_at
        return ban.expires_at is None or (ends_at is not None and ends_at <= ban.expires_at)

    def apply(self, ctx: Context) -> Person:
        """Keep them out, end what they had of the place, and if wanted take out what they wrote."""
        if self.community is None and _is_from_another_site(self.by, self.person):
            return self._bar_from_theirs(ctx)
        if self.community is None:
            self._bar_from_site(ctx)
        else:
            self._bar_from(ctx, self.community)
        if self.removes_content:
            removed = remove_all(ctx, self.by, self.person, self.community, self.reason)
            _boost(ctx, removed, Microblogs.UNBOOST)
            if self.community is None:
                forget_mentions(ctx, outside_mention.c.author_id == self.person.id)
        line = Line(
            by=self.by,
            kind="ban",
            community=self.community,
            reason=self.reason,
            expires_at=self.expires_at,
        )
        log_person(ctx, line, self.person)
        if self.community is None and self.by.local and not self.person.local:
            self._bar_from_ours(ctx)
        return get_person(ctx.conn, self.person.id)

    def _bar_from_site(self, ctx: Context) -> None:
        is_ours = _is_banned_by_us(ctx, self.person)
        if is_ours and not self.by.local:
            return
        # Since when, so that an Unban knows what it ends; ours that joins theirs begins now.
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
            # Communities answer for themselves (`_end_following`).
            for asked in list_follows_of_members(ctx.conn, self.person.id):
                member = get_person(ctx.conn, asked.target_id)
                perform(ctx, AnswerFollow(by=member, asked=asked, accepted=False))

    def _bar_from(self, ctx: Context, community: Community) -> None:
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
        """When it began: one that is only changed goes on. A site's that takes the place of a
        community's own begins now, after the line in that community's log.
        """
        if known is None or not known.holds(ctx.now):
            return ctx.now
        goes_on = self.community is not None or known in _made_by_site(ctx, self.by, self.person)
        return known.created_at if goes_on else ctx.now

    def _end_following(self, ctx: Context, community: Community, asked: FollowRow) -> None:
        """A ban for good ends it; one that runs out only interrupts it (`follower_hosts`)."""
        ours = self.person.local
        if self.expires_at is not None and ours and not community.local:
            # Their server may have ended it (Lemmy), so it is asked for anew after the ban, unless
            # an Announce shows before that it stands (`fedcom.background.follow_requests`).
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

    def _bar_from_theirs(self, ctx: Context) -> Person:
        """What another site's ban of a member of ours means: they are kept out of the communities
        there, as far as these are known here. They are told once.
        """
        for community in _theirs(ctx, self.by):
            if not self._is_covered(ctx, community):
                self._bar_from(ctx, community)
            if self.removes_content:
                remove_all(ctx, self.by, self.person, community, self.reason)
        _tell_of_site(ctx, self.by, self.person, "ban_elsewhere", self.reason)
        return get_person(ctx.conn, self.person.id)

    def _bar_from_ours(self, ctx: Context) -> None:
        """The part of it that other servers take from us."""
        for community in list_communities_of(ctx.conn, self.person.id):
            action = Ban(
                by=self.by,
                person=self.person,
                community=community,
                reason=self.reason,
                expires_at=self.expires_at,
                removes_content=self.removes_content,
                is_part=True,
            )
            with suppress(Conflict):
                perform(ctx, action)

    def to_activity(self, ctx: Context, result: Person) -> Activity:
        """Block, with the community or the site as its target."""
        return block(
            ctx.new_iri("block"),
            self.by.iri,
            self.person.iri,
            _target(ctx, self.community),
            audience=self.community.iri if self.community else None,
            cc=[self.community.iri] if self.community else [],
            reason=self.reason or None,
            ends_at=self.expires_at,
            remove_data=self.removes_content,
        )

    def audience(self, ctx: Context, result: Person) -> Audience:
        """The community and whom it is about; of a member's ban from the site, all servers."""
        return _audience(ctx, self.person, self.community)

    def answers(self, ctx: Context, result: Person) -> tuple[Answer, ...]:
        """A note to somebody on a microblog, from our community."""
        return self.beside(ctx, result) if self.community is not None else ()

    def beside(self, ctx: Context, result: Person) -> tuple[Answer, ...]:
        """The same, or from this server, which shows no admin's account to whom it bans."""
        if self.is_part or (self.community is not None and not self.community.local):
            return ()
        return note_of_ban(ctx, self.community, self.person, self.reason, self.expires_at)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who may take part again, and what of theirs was put back."""

    person: Person
    restored: Restored


@dataclass(frozen=True, slots=True, kw_only=True)
class Unban(Action[Admitted]):
    """Somebody may take part again."""

    by: Person
    person: Person
    # Null: the whole site.
    community: Community | None
    reason: str = ""
    # What was removed since the ban is put back.
    restores_content: bool = False

    def check(self, ctx: Context) -> None:
        """For moderators and admins, of who is banned."""
        _check_power(ctx, self.by, self.person, self.community)
        if self.community is None and _is_from_another_site(self.by, self.person):
            is_banned = any(_banned_from_theirs(ctx, self.by, self.person))
        else:
            theirs = self.community is None and not self.by.local
            is_ours = theirs and _is_banned_by_us(ctx, self.person)
            is_banned = not is_ours and _banned_since(ctx, self.person, self.community) is not None
        if not is_banned:
            raise Conflict("not_banned", "%(person)s is not banned.", person=self.person.handle)

    def apply(self, ctx: Context) -> Admitted:
        """Let them in, and if wanted put back what they wrote."""
        if self.community is None and _is_from_another_site(self.by, self.person):
            return self._admit_to_theirs(ctx)
        since = _banned_since(ctx, self.person, self.community)
        if self.community is None and self.by.local and since is not None:
            # Before the rest: putting everything back here would leave nothing to say there.
            self._admit_to_ours(ctx, since)
        restored = Restored()
        if self.restores_content and since is not None and not self._stays_out(ctx):
            restored = restore_all(ctx, self.by, self.person, self.community, since)
            _boost(ctx, restored.posts, Microblogs.BOOST)
        if self.community is None:
            ctx.conn.execute(
                update(actor)
                .where(actor.c.id == self.person.id)
                .values(banned_at=None, ban_reason="", ban_expires_at=None)
            )
        else:
            self._lift(ctx, self.community)
        line = Line(by=self.by, kind="unban", community=self.community, reason=self.reason)
        log_person(ctx, line, self.person)
        return Admitted(get_person(ctx.conn, self.person.id), restored)

    def _admit_to_theirs(self, ctx: Context) -> Admitted:
        """The end of what another site's ban of a member of ours meant."""
        for community in _banned_from_theirs(ctx, self.by, self.person):
            since = _banned_since(ctx, self.person, community)
            if self.restores_content and since is not None and not self._stays_out(ctx):
                restore_all(ctx, self.by, self.person, community, since)
            self._lift(ctx, community)
        _tell_of_site(ctx, self.by, self.person, "unban_elsewhere", self.reason)
        return Admitted(get_person(ctx.conn, self.person.id), Restored())

    def _lift(self, ctx: Context, community: Community) -> None:
        ctx.conn.execute(
            delete(community_ban).where(
                community_ban.c.community_id == community.id,
                community_ban.c.person_id == self.person.id,
            )
        )
        self._follow_again(ctx, community)

    def _follow_again(self, ctx: Context, community: Community) -> None:
        """Ask a community elsewhere for what its ban has interrupted."""
        known = find_follow(ctx.conn, self.person.id, community.id)
        if known is not None and known.state == "pending" and self.person.local:
            waited_since = ctx.now if known.created_at > ctx.now else known.created_at
            mine = update(follow).where(follow.c.id == known.id)
            ctx.conn.execute(mine.values(created_at=waited_since))
            with suppress(Denied):  # the whole site may still be closed to them
                perform(ctx, Follow(by=self.person, target=community))

    def _stays_out(self, ctx: Context) -> bool:
        """What an admin here took out no community elsewhere puts back."""
        is_elsewhere = self.community is not None and not self.community.local
        return is_elsewhere and _is_banned_by_us(ctx, self.person)

    def _admit_to_ours(self, ctx: Context, since: datetime) -> None:
        """Where they were banned with the same stroke."""
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

    def to_activity(self, ctx: Context, result: Admitted) -> Activity:
        """Undo{Block}."""
        target = _target(ctx, self.community)
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

    def audience(self, ctx: Context, result: Admitted) -> Audience:
        """Whoever was told of the ban."""
        return _audience(ctx, self.person, self.community)

    def parts(self, ctx: Context, result: Admitted) -> tuple[Part, ...]:
        """Undo{Delete} of each thing that was put back in a community of ours, or in `community`.

        In other communities only their moderators are believed.
        """
        found = []
        for community_id, iris in result.restored.by_community(ctx).items():
            where = get_community(ctx.conn, community_id)
            if where.local or self.community is not None:
                found += [self._restoration(ctx, where, iri) for iri in iris]
        return tuple(found)

    def _restoration(self, ctx: Context, where: Community, iri: str) -> Part:
        removed = delete_activity(
            ctx.new_iri("delete"), self.by.iri, iri, community=where.iri, reason=self.reason
        )
        return Part(where, iri, undo(ctx.new_iri("undo"), removed), ignores_restore_data)


def _check_power(ctx: Context, by: Person, person: Person, community: Community | None) -> None:
    if community is not None:
        mine = standing(ctx.conn, by, community)
        may_moderate(by, community, mine, ctx.now)
        check_rank(ctx, by, person, community, mine)
        return
    may_act(by, ctx.now)
    if by.local and not is_admin(ctx.conn, by.id):
        raise Denied("not_an_admin", "Only admins can ban somebody from the whole server.")
    if not by.local and by.host != person.host and not person.local:
        raise Denied(
            "not_their_site",
            "%(host)s can ban only its own users; %(person)s is not one of them.",
            host=by.host,
            person=person.handle,
        )


def _is_from_another_site(by: Person, person: Person) -> bool:
    """Whether somebody of another site speaks of a member of ours: of what is theirs alone."""
    return person.local and not by.local


def _theirs(ctx: Context, by: Person) -> list[Community]:
    """The communities of somebody's own site."""
    return list_communities_on(ctx.conn, by.host)


def _made_by_site(ctx: Context, by: Person, person: Person) -> list[CommunityBan]:
    """The bans of a member of ours that somebody's whole site made."""
    return list_site_bans(ctx.conn, by.host, ctx.now, person_id=person.id)


def _banned_from_theirs(ctx: Context, by: Person, person: Person) -> list[Community]:
    """Where the site keeps them out, and not a community's own moderators."""
    bans = _made_by_site(ctx, by, person)
    return [get_community(ctx.conn, ban.community_id) for ban in bans]


def _tell_of_site(ctx: Context, by: Person, person: Person, kind: str, reason: str) -> None:
    why = f"{by.host}: {reason}" if reason else by.host
    notify(ctx, person.id, News(kind="moderation", by_id=by.id, detail=kind, reason=why))


def _banned_since(ctx: Context, person: Person, community: Community | None) -> datetime | None:
    """None for who is not banned (any more)."""
    if community is None:
        person = get_person(ctx.conn, person.id)  # what the caller read may be older than the ban
        return person.banned_at if person.is_banned(ctx.now) else None
    ban = find_ban(ctx.conn, community.id, person.id)
    return ban.created_at if ban is not None and ban.holds(ctx.now) else None


def _is_banned_by_us(ctx: Context, person: Person) -> bool:
    """Whether an admin here keeps them out, whatever their own server says."""
    return is_banned_by_us(ctx.conn, get_person(ctx.conn, person.id), ctx.now)


def _boost(ctx: Context, posts: list[Post], microblogs: Microblogs) -> None:
    """Microblogs hear only of single posts."""
    for community_id in dict.fromkeys(about.community_id for about in posts):
        community = get_community(ctx.conn, community_id)
        inside = [about for about in posts if about.community_id == community_id]
        if community.local:
            boost_anew(ctx, community, inside, microblogs)


def _target(ctx: Context, community: Community | None) -> str:
    # A site is what answers at its root, as with Lemmy.
    return community.iri if community is not None else f"{ctx.origin}/"


def _audience(ctx: Context, person: Person, community: Community | None) -> Audience:
    if community is None:
        return Audience(subject=person.iri, everywhere=person.local)
    # To microblogs a Block is the moderator's own wish to hear no more of them.
    told = () if is_on_microblog(ctx, person) else (person,)
    # The ban interrupts their following, by which their server would have heard of it.
    return Audience(subject=person.iri, community=community, people=told, announced_to=told)


def _unfollows(ctx: Context, person: Person) -> bool:
    return ends_follow_with_ban(server_of(ctx.conn, person).software)


def is_site(ctx: Context, iri: str) -> bool:
    """Whether the id stands for a whole server: its origin and nothing more, or its own actor."""
    found = find_actor(ctx.conn, iri)
    if found is not None:
        return found.kind == "Application"
    try:
        return iri.removesuffix("/") == origin_of(iri)
    except Malformed:
        return False


def _read_block(ctx: Context, received: ReceivedActivity) -> Ban | BlockPerson | None:
    """A ban from a community or a site, or without a `target` one person's block of another."""
    word = received.activity
    if word.target is None:
        return _personal(ctx, received, word, blocked=True)
    community = _place_named(ctx, received, word)
    person = _person_named(ctx, word, fetching=community is not None)
    ends_at = word.ends_at
    if person is None or (ends_at is not None and ends_at <= ctx.now):
        return None
    return Ban(
        by=person_at(ctx, received.actor),
        person=person,
        community=community,
        reason=reason_of(word),
        expires_at=ends_at,
        removes_content=word.get("removeData") is True,
    )


def _personal(
    ctx: Context, received: ReceivedActivity, word: Document, *, blocked: bool
) -> BlockPerson | None:
    member = find_actor(ctx.conn, word.object_id or "")
    if received.via is not None or not isinstance(member, Person) or not member.local:
        return None
    return BlockPerson(by=participant_at(ctx, received.actor), person=member, blocked=blocked)


def _read_undo(ctx: Context, received: ReceivedActivity) -> Unban | BlockPerson | None:
    """The end of a ban, or of one person's block of another."""
    word = received.object
    if word.target is None:
        return _personal(ctx, received, word, blocked=False)
    community, person = _place_named(ctx, received, word), _person_named(ctx, word)
    if person is None:
        return None
    is_theirs = community is None and person.local and not ctx.is_ours(received.actor)
    if not is_theirs and _banned_since(ctx, person, community) is None:
        return None
    return Unban(
        by=person_at(ctx, received.actor),
        person=person,
        community=community,
        reason=reason_of(word),
        restores_content=received.activity.get("restoreData") is True,
    )


def _place_named(ctx: Context, received: ReceivedActivity, word: Document) -> Community | None:
    """The community that somebody is banned from, None for a whole site."""
    target = word.target or ""
    found = find_actor(ctx.conn, target)
    if isinstance(found, Community):
        check_vouched(ctx, received, found)
        return found
    if not is_site(ctx, target):
        raise NotFound(
            "couldnt_find_community",
            "%(target)s is not a community or server known here.",
            target=target,
        )
    return None


def _person_named(ctx: Context, word: Document, *, fetching: bool = False) -> Person | None:
    """Who is banned; whom nobody here has heard of is asked for when `fetching`.

    A community's log and list of bans are the same everywhere. Of the people that sites ban, most
    were never heard of here, and are kept out of nothing.
    """
    iri = word.object_id or ""
    found = find_actor(ctx.conn, iri)
    if found is None and fetching:
        found = if_served(actor_at, ctx, iri)
    return found if isinstance(found, Person) else None


READERS: Readers = {("Block",): _read_block, ("Undo", "Block"): _read_undo}
