"""Who may do what, for local and remote people alike.

Every function takes facts, never a connection, and raises `Denied` with a code, Lemmy's if its
clients know one. Local and remote people never get different rules. `now` is the time of the
action: an expired ban does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fedcom.errors import Denied, Sentence
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.message import Message
from fedcom.models.moderation import CommunityBan
from fedcom.models.post import Post


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's standing in a community: filled by `standing` in `fedcom/queries/actors.py`."""

    is_moderator: bool = False
    is_admin: bool = False
    # From this community, expired or not.
    ban: CommunityBan | None = None

    def is_banned(self, now: datetime) -> bool:
        """Whether they are banned from the community."""
        return self.ban is not None and self.ban.holds(now)

    @property
    def may_moderate(self) -> bool:
        """Whether they may moderate it: its moderators, and its own instance's admins."""
        return self.is_moderator or self.is_admin


def may_act(person: Person, now: datetime) -> None:
    """Whether they may act at all: raises Denied for banned and deleted people."""
    if person.deleted_at is not None:
        raise Denied("deleted", "%(person)s has been deleted.", person=person.handle)
    if person.is_banned(now):
        why = why_banned(person.ban_reason, person.ban_expires_at)
        raise Denied(
            "site_ban",
            "%(person)s is banned from this server. %(why)s",
            person=person.handle,
            why=why,
        )


def why_banned(reason: str, expires_at: datetime | None) -> Sentence | str:
    """The text about a ban for the person refused: its end and reason; "" if neither is known."""
    if expires_at is None:
        return Sentence("Reason: %(reason)s", reason=reason) if reason else ""
    until = f"{expires_at:%Y-%m-%d %H:%M} UTC"
    if not reason:
        return Sentence("The ban ends at %(until)s.", until=until)
    return Sentence("The ban ends at %(until)s. Reason: %(reason)s", until=until, reason=reason)


def must_be_open(community: Community) -> None:
    """Raises Denied if the community was removed or deleted."""
    if not community.is_open:
        raise Denied(
            "community_closed", "The community %(community)s is closed.", community=community.handle
        )


def may_take_part(person: Person, community: Community, standing: Standing, now: datetime) -> None:
    """Take part in the community: it must be open, and the person not banned from it."""
    may_act(person, now)
    must_be_open(community)
    if standing.ban is not None and standing.ban.holds(now):
        why = why_banned(standing.ban.reason, standing.ban.expires_at)
        raise Denied(
            "person_is_banned_from_community",
            "%(person)s is banned from %(community)s. %(why)s",
            person=person.handle,
            community=community.handle,
            why=why,
        )


def may_post(person: Person, community: Community, standing: Standing, now: datetime) -> None:
    """Write a post: the community must be open, and not restricted to moderators unless they are
    one.
    """
    may_take_part(person, community, standing, now)
    if community.posting_restricted and not standing.may_moderate:
        raise Denied(
            "only_mods_can_post_in_community",
            "Only moderators may post in %(community)s.",
            community=community.handle,
        )


def may_comment(
    person: Person,
    community: Community,
    standing: Standing,
    post: Post,
    parent: Comment | None,
    now: datetime,
) -> None:
    """Reply to a post or a comment that is neither deleted nor removed nor locked.

    Moderators may reply to locked comments too, as in Lemmy.
    """
    may_take_part(person, community, standing, now)
    if not post.is_shown or (parent is not None and not parent.is_shown):
        raise Denied("deleted", "You can't reply: this has been deleted.")
    if post.locked_at is not None:
        raise Denied("locked", "This post is locked. No more comments are accepted.")
    if parent is not None and parent.locked_at is not None and not standing.may_moderate:
        raise Denied("locked", "This comment is locked. No more replies are accepted.")


def may_vote(
    person: Person,
    community: Community,
    standing: Standing,
    target: Post | Comment,
    now: datetime,
) -> None:
    """Vote on a post or comment that is neither deleted nor removed."""
    may_take_part(person, community, standing, now)
    if not target.is_shown:
        raise Denied("deleted", "You can't vote: this has been deleted.")


def may_downvote(*, downvotes: bool) -> None:
    """Vote down: `downvotes` says whether the site has them."""
    if not downvotes:
        raise Denied("downvotes_are_disabled", "There are no downvotes on this server.")


def may_create_community(*, is_admin: bool) -> None:
    """Create a community on a server where only admins do."""
    if not is_admin:
        raise Denied(
            "only_admins_can_create_communities",
            "Only admins may create communities on this server.",
        )


def may_be_nsfw(*, sensitive: bool, nsfw: bool) -> None:
    """Mark a post or a community as sensitive: `nsfw` says whether the site has such content."""
    if sensitive and not nsfw:
        raise Denied("nsfw_not_allowed", "Sensitive content is not allowed on this server.")


def may_edit(person: Person, target: Post | Comment | Message, now: datetime) -> None:
    """Edit, delete or restore one's own content."""
    may_act(person, now)
    if target.author_id != person.id:
        raise Denied("not_the_author", "%(person)s is not the author.", person=person.handle)


def must_be_admin(person: Person, is_admin: bool, now: datetime) -> None:
    """Run this server."""
    may_act(person, now)
    if not is_admin:
        raise Denied("not_an_admin", "Only admins of this server can do that.")


def may_see_voters(person: Person, standing: Standing, is_admin: bool, now: datetime) -> None:
    """Read who voted on something in a community: its moderators, and admins everywhere (Lemmy
    0.19).
    """
    may_act(person, now)
    if not (is_admin or standing.may_moderate):
        raise Denied("not_a_mod_or_admin", "Only moderators and admins can see who voted.")


def must_be_first_moderator(person: Person, moderators: Sequence[int], now: datetime) -> None:
    """Delete and restore the community with these moderators, the first one first, as in Lemmy."""
    may_act(person, now)
    if person.id not in moderators[:1]:
        raise Denied("not_top_mod", "Only the first moderator can do that.")


def must_moderate(person: Person, community: Community, standing: Standing, now: datetime) -> None:
    """Remove and restore content, change the community, appoint moderators."""
    may_act(person, now)
    if not standing.may_moderate:
        raise Denied(
            "not_a_moderator",
            "%(person)s is not a moderator of %(community)s.",
            person=person.handle,
            community=community.handle,
        )
