"""Who may do what, for members and for people elsewhere alike.

Every function takes facts, never a connection, and raises `Denied` with a code that Lemmy's clients
know where there is one. Local and remote people never get different rules.
"""

from dataclasses import dataclass

from fedcom.errors import Denied
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person is to a community: filled by `fedcom.queries.standing`."""

    is_moderator: bool = False
    is_admin: bool = False

    @property
    def may_moderate(self) -> bool:
        """Moderators do, and the admins of the instance that hosts the community."""
        return self.is_moderator or self.is_admin


def may_act(person: Person) -> None:
    """Anything at all: raises Denied for the banned and the deleted."""
    if person.deleted_at is not None:
        raise Denied("deleted", f"{person.handle} has been deleted.")
    if person.banned_at is not None:
        reason = f" Reason: {person.ban_reason}" if person.ban_reason else ""
        raise Denied("site_ban", f"{person.handle} is banned from this instance.{reason}")


def must_be_open(community: Community) -> None:
    """Raises Denied when the community was removed or deleted."""
    if community.deleted_at is not None or community.removed_at is not None:
        raise Denied("community_closed", f"The community {community.handle} is closed.")


def may_post(person: Person, community: Community, standing: Standing) -> None:
    """Write a post: the community must be open, and to all or to this moderator."""
    may_act(person)
    must_be_open(community)
    if community.posting_restricted and not standing.may_moderate:
        raise Denied(
            "only_mods_can_post_in_community",
            f"Only moderators may post in {community.handle}.",
        )


def may_comment(person: Person, community: Community, post: Post, parent: Comment | None) -> None:
    """Answer a post or a comment that is still there and not locked."""
    may_act(person)
    must_be_open(community)
    if not post.is_shown or (parent is not None and not parent.is_shown):
        raise Denied("deleted", "What you answer has been deleted.")
    if post.locked_at is not None:
        raise Denied("locked", "The post is locked: it takes no more comments.")


def may_vote(person: Person, community: Community, target: Post | Comment) -> None:
    """Vote on something that is still there."""
    may_act(person)
    must_be_open(community)
    if not target.is_shown:
        raise Denied("deleted", "What you vote on has been deleted.")


def may_edit(person: Person, target: Post | Comment) -> None:
    """Edit, delete or restore one's own."""
    may_act(person)
    if target.author_id != person.id:
        raise Denied("not_the_author", f"{person.handle} did not write this.")


def may_moderate(person: Person, community: Community, standing: Standing) -> None:
    """Remove and restore, change the community, appoint moderators."""
    may_act(person)
    if not standing.may_moderate:
        raise Denied(
            "not_a_moderator", f"{person.handle} is not a moderator of {community.handle}."
        )
