"""The modlog: Lemmy keeps a list for each kind of action."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from fedcom.api.endpoint import Shape
from fedcom.api.v3.shapes.comment import Comment
from fedcom.api.v3.shapes.community import Community
from fedcom.api.v3.shapes.person import Person
from fedcom.api.v3.shapes.post import Known, Post
from fedcom.views.modlog import ModlogView
from fedcom.views.viewer import NOBODY


class ModRemovePost(Shape):
    """A post was removed, or restored."""

    id: int
    mod_person_id: int
    post_id: int
    reason: str | None = None
    removed: bool
    when_: datetime


class ModRemovePostView(Shape):
    """With the post."""

    mod_remove_post: ModRemovePost
    moderator: Person | None = None
    post: Post
    community: Community


class ModLockPost(Shape):
    """A post was locked, or unlocked."""

    id: int
    mod_person_id: int
    post_id: int
    locked: bool
    when_: datetime


class ModLockPostView(Shape):
    """With the post."""

    mod_lock_post: ModLockPost
    moderator: Person | None = None
    post: Post
    community: Community


class ModFeaturePost(Shape):
    """A post was pinned in its community or on the whole site, or unpinned."""

    id: int
    mod_person_id: int
    post_id: int
    featured: bool
    when_: datetime
    is_featured_community: bool


class ModFeaturePostView(Shape):
    """With the post."""

    mod_feature_post: ModFeaturePost
    moderator: Person | None = None
    post: Post
    community: Community


class ModRemoveComment(Shape):
    """A comment was removed, or restored."""

    id: int
    mod_person_id: int
    comment_id: int
    reason: str | None = None
    removed: bool
    when_: datetime


class ModRemoveCommentView(Shape):
    """With the comment."""

    mod_remove_comment: ModRemoveComment
    moderator: Person | None = None
    comment: Comment
    commenter: Person
    post: Post
    community: Community


class ModRemoveCommunity(Shape):
    """A community was closed, or reopened."""

    id: int
    mod_person_id: int
    community_id: int
    reason: str | None = None
    removed: bool
    when_: datetime


class ModRemoveCommunityView(Shape):
    """With the community."""

    mod_remove_community: ModRemoveCommunity
    moderator: Person | None = None
    community: Community


class ModBanFromCommunity(Shape):
    """A person was banned from a community, or the ban was lifted."""

    id: int
    mod_person_id: int
    other_person_id: int
    community_id: int
    reason: str | None = None
    banned: bool
    expires: datetime | None = None
    when_: datetime


class ModBanFromCommunityView(Shape):
    """With the person."""

    mod_ban_from_community: ModBanFromCommunity
    moderator: Person | None = None
    community: Community
    banned_person: Person


class ModBan(Shape):
    """A person was banned from the whole site, or the ban was lifted."""

    id: int
    mod_person_id: int
    other_person_id: int
    reason: str | None = None
    banned: bool
    expires: datetime | None = None
    when_: datetime


class ModBanView(Shape):
    """With the person."""

    mod_ban: ModBan
    moderator: Person | None = None
    banned_person: Person


class ModAddCommunity(Shape):
    """A moderator was appointed, or dismissed."""

    id: int
    mod_person_id: int
    other_person_id: int
    community_id: int
    removed: bool
    when_: datetime


class ModAddCommunityView(Shape):
    """With the person."""

    mod_add_community: ModAddCommunity
    moderator: Person | None = None
    community: Community
    modded_person: Person


class ModTransferCommunity(Shape):
    """Another moderator became the first one."""

    id: int
    mod_person_id: int
    other_person_id: int
    community_id: int
    when_: datetime


class ModTransferCommunityView(Shape):
    """With the person."""

    mod_transfer_community: ModTransferCommunity
    moderator: Person | None = None
    community: Community
    modded_person: Person


class ModAdd(Shape):
    """An admin was appointed, or dismissed."""

    id: int
    mod_person_id: int
    other_person_id: int
    removed: bool
    when_: datetime


class ModAddView(Shape):
    """With the person."""

    mod_add: ModAdd
    moderator: Person | None = None
    modded_person: Person


class AdminPurgePerson(Shape):
    """A person was purged."""

    id: int
    admin_person_id: int
    reason: str | None = None
    when_: datetime


class AdminPurgePersonView(Shape):
    """With the admin."""

    admin_purge_person: AdminPurgePerson
    admin: Person | None = None


class AdminPurgeCommunity(Shape):
    """A community was purged."""

    id: int
    admin_person_id: int
    reason: str | None = None
    when_: datetime


class AdminPurgeCommunityView(Shape):
    """With the admin."""

    admin_purge_community: AdminPurgeCommunity
    admin: Person | None = None


class AdminPurgePost(Shape):
    """A post was purged."""

    id: int
    admin_person_id: int
    community_id: int
    reason: str | None = None
    when_: datetime


class AdminPurgePostView(Shape):
    """With the community that it was in."""

    admin_purge_post: AdminPurgePost
    admin: Person | None = None
    community: Community


class AdminPurgeComment(Shape):
    """A comment was purged."""

    id: int
    admin_person_id: int
    post_id: int
    reason: str | None = None
    when_: datetime


class AdminPurgeCommentView(Shape):
    """With the post that it was on."""

    admin_purge_comment: AdminPurgeComment
    admin: Person | None = None
    post: Post


class ModHideCommunity(Shape):
    """A community was hidden from the lists, or shown there again."""

    id: int
    community_id: int
    mod_person_id: int
    when_: datetime
    reason: str | None = None
    hidden: bool


class ModHideCommunityView(Shape):
    """With the community."""

    mod_hide_community: ModHideCommunity
    admin: Person | None = None
    community: Community


class GetModlogResponse(Shape):
    """A page of the modlog, by kind."""

    removed_posts: list[ModRemovePostView]
    locked_posts: list[ModLockPostView]
    featured_posts: list[ModFeaturePostView]
    removed_comments: list[ModRemoveCommentView]
    removed_communities: list[ModRemoveCommunityView]
    banned_from_community: list[ModBanFromCommunityView]
    banned: list[ModBanView]
    added_to_community: list[ModAddCommunityView]
    transferred_to_community: list[ModTransferCommunityView]
    added: list[ModAddView]
    admin_purged_persons: list[AdminPurgePersonView]
    admin_purged_communities: list[AdminPurgeCommunityView]
    admin_purged_posts: list[AdminPurgePostView]
    admin_purged_comments: list[AdminPurgeCommentView]
    hidden_communities: list[ModHideCommunityView]


@dataclass(frozen=True, slots=True)
class Logged:
    """What the entries of one page name, by row id."""

    known: Known
    comments: Mapping[int, Comment]
    # Admins see the texts of closed communities.
    is_admin: bool

    def moderator(self, entry: ModlogView) -> Person | None:
        """Who did it, if the viewer is told."""
        return None if entry.moderator is None else self.known.person(entry.moderator.id)

    def subject(self, entry: ModlogView) -> Person:
        """The person concerned."""
        return self.known.person(_subject_id(entry))

    def community(self, number: int) -> Community:
        """A community; of a closed one only the name, as on its page."""
        full = self.known.communities[number]
        shown = self.known.community(number)
        if full.is_open or self.is_admin:
            return shown
        return msgspec.structs.replace(
            shown, title=full.name, description=None, icon=None, banner=None
        )

    def post(self, entry: ModlogView, number: int) -> Post:
        """A post; only that there is one, if the viewer may not read it."""
        shown = self.known.post(number)
        if entry.title is not None:
            return shown
        return msgspec.structs.replace(
            shown,
            name="",
            url=None,
            body=None,
            embed_title=None,
            embed_description=None,
            thumbnail_url=None,
            alt_text=None,
        )

    def comment(self, entry: ModlogView, number: int) -> Comment:
        """A comment; without its text if the viewer may not read what it is on."""
        shown = self.comments[number]
        return shown if entry.title is not None else msgspec.structs.replace(shown, content="")


def modlog_of(entries: list[ModlogView], logged: Logged) -> GetModlogResponse:
    """The entries by kind. Those whose subject a purge has erased are left out."""
    lists: dict[str, list[Any]] = {name: [] for name in GetModlogResponse.__struct_fields__}
    for entry in entries:
        name, make = _list_of(entry)
        try:
            lists[name].append(make(entry, logged))
        except KeyError:
            continue
    return GetModlogResponse(**lists)


def _mod(entry: ModlogView) -> int:
    """Lemmy's apps expect a number even where the name is withheld."""
    return NOBODY if entry.moderator is None else entry.moderator.id


def _subject_id(entry: ModlogView) -> int:
    return NOBODY if entry.subject is None else entry.subject.id


def _community_id(entry: ModlogView) -> int:
    return NOBODY if entry.community is None else entry.community.id


def _removed_post(entry: ModlogView, logged: Logged) -> ModRemovePostView:
    number = entry.post_id or 0
    return ModRemovePostView(
        mod_remove_post=ModRemovePost(
            id=entry.id,
            mod_person_id=_mod(entry),
            post_id=number,
            reason=entry.reason or None,
            removed=entry.kind == "remove",
            when_=entry.created_at,
        ),
        moderator=logged.moderator(entry),
        post=logged.post(entry, number),
        community=logged.community(_community_id(entry)),
    )


def _locked_post(entry: ModlogView, logged: Logged) -> ModLockPostView:
    number = entry.post_id or 0
    return ModLockPostView(
        mod_lock_post=ModLockPost(
            id=entry.id,
            mod_person_id=_mod(entry),
            post_id=number,
            locked=entry.kind == "lock",
            when_=entry.created_at,
        ),
        moderator=logged.moderator(entry),
        post=logged.post(entry, number),
        community=logged.community(_community_id(entry)),
    )


def _featured_post(entry: ModlogView, logged: Logged) -> ModFeaturePostView:
    number = entry.post_id or 0
    return ModFeaturePostView(
        mod_feature_post=ModFeaturePost(
            id=entry.id,
            mod_person_id=_mod(entry),
            post_id=number,
            featured=entry.kind in {"pin", "pin_on_site"},
            when_=entry.created_at,
            is_featured_community=entry.kind in {"pin", "unpin"},
        ),
        moderator=logged.moderator(entry),
        post=logged.post(entry, number),
        community=logged.community(_community_id(entry)),
    )


def _removed_comment(entry: ModlogView, logged: Logged) -> ModRemoveCommentView:
    shown = logged.comment(entry, entry.comment_id or 0)
    return ModRemoveCommentView(
        mod_remove_comment=ModRemoveComment(
            id=entry.id,
            mod_person_id=_mod(entry),
            comment_id=shown.id,
            reason=entry.reason or None,
            removed=entry.kind == "remove",
            when_=entry.created_at,
        ),
        moderator=logged.moderator(entry),
        comment=shown,
        commenter=logged.subject(entry),
        post=logged.post(entry, shown.post_id),
        community=logged.community(_community_id(entry)),
    )


def _removed_community(entry: ModlogView, logged: Logged) -> ModRemoveCommunityView:
    return ModRemoveCommunityView(
        mod_remove_community=ModRemoveCommunity(
            id=entry.id,
            mod_person_id=_mod(entry),
            community_id=_subject_id(entry),
            reason=entry.reason or None,
            removed=entry.kind == "remove_community",
            when_=entry.created_at,
        ),
        moderator=logged.moderator(entry),
        community=logged.community(_subject_id(entry)),
    )


def _hidden_community(entry: ModlogView, logged: Logged) -> ModHideCommunityView:
    return ModHideCommunityView(
        mod_hide_community=ModHideCommunity(
            id=entry.id,
            community_id=_subject_id(entry),
            mod_person_id=_mod(entry),
            when_=entry.created_at,
            reason=entry.reason or None,
            hidden=entry.kind == "hide_community",
        ),
        admin=logged.moderator(entry),
        community=logged.community(_subject_id(entry)),
    )


def _banned_from_community(entry: ModlogView, logged: Logged) -> ModBanFromCommunityView:
    number = _community_id(entry)
    return ModBanFromCommunityView(
        mod_ban_from_community=ModBanFromCommunity(
            id=entry.id,
            mod_person_id=_mod(entry),
            other_person_id=_subject_id(entry),
            community_id=number,
            reason=entry.reason or None,
            banned=entry.kind == "ban",
            expires=entry.expires_at,
            when_=entry.created_at,
        ),
        moderator=logged.moderator(entry),
        community=logged.community(number),
        banned_person=logged.subject(entry),
    )


def _banned(entry: ModlogView, logged: Logged) -> ModBanView:
    return ModBanView(
        mod_ban=ModBan(
            id=entry.id,
            mod_person_id=_mod(entry),
            other_person_id=_subject_id(entry),
            reason=entry.reason or None,
            banned=entry.kind == "ban",
            expires=entry.expires_at,
            when_=entry.created_at,
        ),
        moderator=logged.moderator(entry),
        banned_person=logged.subject(entry),
    )


def _added_to_community(entry: ModlogView, logged: Logged) -> ModAddCommunityView:
    number = _community_id(entry)
    return ModAddCommunityView(
        mod_add_community=ModAddCommunity(
            id=entry.id,
            mod_person_id=_mod(entry),
            other_person_id=_subject_id(entry),
            community_id=number,
            removed=entry.kind == "remove_moderator",
            when_=entry.created_at,
        ),
        moderator=logged.moderator(entry),
        community=logged.community(number),
        modded_person=logged.subject(entry),
    )


def _transferred(entry: ModlogView, logged: Logged) -> ModTransferCommunityView:
    number = _community_id(entry)
    return ModTransferCommunityView(
        mod_transfer_community=ModTransferCommunity(
            id=entry.id,
            mod_person_id=_mod(entry),
            other_person_id=_subject_id(entry),
            community_id=number,
            when_=entry.created_at,
        ),
        moderator=logged.moderator(entry),
        community=logged.community(number),
        modded_person=logged.subject(entry),
    )


def _added(entry: ModlogView, logged: Logged) -> ModAddView:
    return ModAddView(
        mod_add=ModAdd(
            id=entry.id,
            mod_person_id=_mod(entry),
            other_person_id=_subject_id(entry),
            removed=entry.kind == "remove_admin",
            when_=entry.created_at,
        ),
        moderator=logged.moderator(entry),
        modded_person=logged.subject(entry),
    )


def _purged_person(entry: ModlogView, logged: Logged) -> AdminPurgePersonView:
    return AdminPurgePersonView(
        admin_purge_person=AdminPurgePerson(
            id=entry.id,
            admin_person_id=_mod(entry),
            reason=entry.reason or None,
            when_=entry.created_at,
        ),
        admin=logged.moderator(entry),
    )


def _purged_community(entry: ModlogView, logged: Logged) -> AdminPurgeCommunityView:
    return AdminPurgeCommunityView(
        admin_purge_community=AdminPurgeCommunity(
            id=entry.id,
            admin_person_id=_mod(entry),
            reason=entry.reason or None,
            when_=entry.created_at,
        ),
        admin=logged.moderator(entry),
    )


def _purged_post(entry: ModlogView, logged: Logged) -> AdminPurgePostView:
    number = _community_id(entry)
    return AdminPurgePostView(
        admin_purge_post=AdminPurgePost(
            id=entry.id,
            admin_person_id=_mod(entry),
            community_id=number,
            reason=entry.reason or None,
            when_=entry.created_at,
        ),
        admin=logged.moderator(entry),
        community=logged.community(number),
    )


def _purged_comment(entry: ModlogView, logged: Logged) -> AdminPurgeCommentView:
    number = entry.post_id or 0
    return AdminPurgeCommentView(
        admin_purge_comment=AdminPurgeComment(
            id=entry.id,
            admin_person_id=_mod(entry),
            post_id=number,
            reason=entry.reason or None,
            when_=entry.created_at,
        ),
        admin=logged.moderator(entry),
        post=logged.post(entry, number),
    )


_Made = tuple[str, Callable[[ModlogView, Logged], Shape]]
_LISTS: Mapping[str, _Made] = {
    "lock": ("locked_posts", _locked_post),
    "unlock": ("locked_posts", _locked_post),
    "pin": ("featured_posts", _featured_post),
    "unpin": ("featured_posts", _featured_post),
    "pin_on_site": ("featured_posts", _featured_post),
    "unpin_on_site": ("featured_posts", _featured_post),
    "remove_community": ("removed_communities", _removed_community),
    "restore_community": ("removed_communities", _removed_community),
    "add_moderator": ("added_to_community", _added_to_community),
    "remove_moderator": ("added_to_community", _added_to_community),
    "transfer_community": ("transferred_to_community", _transferred),
    "add_admin": ("added", _added),
    "remove_admin": ("added", _added),
    "purge_person": ("admin_purged_persons", _purged_person),
    "purge_community": ("admin_purged_communities", _purged_community),
    "purge_post": ("admin_purged_posts", _purged_post),
    "purge_comment": ("admin_purged_comments", _purged_comment),
    "hide_community": ("hidden_communities", _hidden_community),
    "unhide_community": ("hidden_communities", _hidden_community),
}


def _list_of(entry: ModlogView) -> _Made:
    if entry.kind in {"remove", "restore"}:
        if entry.comment_id is not None:
            return "removed_comments", _removed_comment
        return "removed_posts", _removed_post
    if entry.kind in {"ban", "unban"}:
        if entry.community is None:
            return "banned", _banned
        return "banned_from_community", _banned_from_community
    return _LISTS[entry.kind]
