"""The public modlog, in the kinds that Lemmy knows.

What Lemmy has no kind for is left out: blocked servers, moved communities, locked comments and
warnings.
"""

from collections.abc import Mapping
from typing import Literal

from fedcom.api.caller import Caller
from fedcom.api.endpoint import Parameters, Resource
from fedcom.api.v3.known import read_known
from fedcom.api.v3.params import Id, Limit, PageAt, page_of
from fedcom.api.v3.shapes.comment import comment
from fedcom.api.v3.shapes.modlog import GetModlogResponse, Logged, modlog_of
from fedcom.queries.comments import get_comment
from fedcom.queries.posts import get_post
from fedcom.views.comment import find_comment_views
from fedcom.views.full import find_posts, find_sources
from fedcom.views.modlog import LogFilter, LogGroup, ModlogView, list_modlog

resource = Resource()

ModlogActionType = Literal[
    "All", "ModRemovePost", "ModLockPost", "ModFeaturePost", "ModRemoveComment",
    "ModRemoveCommunity", "ModBanFromCommunity", "ModAddCommunity", "ModTransferCommunity",
    "ModAdd", "ModBan", "ModHideCommunity", "AdminPurgePerson", "AdminPurgeCommunity",
    "AdminPurgePost", "AdminPurgeComment",
]  # fmt: skip

GROUPS: Mapping[ModlogActionType, LogGroup] = {
    "ModRemovePost": LogGroup(("remove", "restore"), "post"),
    "ModLockPost": LogGroup(("lock", "unlock"), "post"),
    "ModFeaturePost": LogGroup(("pin", "unpin", "pin_on_site", "unpin_on_site"), "post"),
    "ModRemoveComment": LogGroup(("remove", "restore"), "comment"),
    "ModRemoveCommunity": LogGroup(("remove_community", "restore_community")),
    "ModBanFromCommunity": LogGroup(("ban", "unban"), "community"),
    "ModAddCommunity": LogGroup(("add_moderator", "remove_moderator")),
    "ModTransferCommunity": LogGroup(("transfer_community",)),
    "ModAdd": LogGroup(("add_admin", "remove_admin")),
    "ModBan": LogGroup(("ban", "unban"), "instance"),
    "ModHideCommunity": LogGroup(("hide_community", "unhide_community")),
    "AdminPurgePerson": LogGroup(("purge_person",)),
    "AdminPurgeCommunity": LogGroup(("purge_community",)),
    "AdminPurgePost": LogGroup(("purge_post",)),
    "AdminPurgeComment": LogGroup(("purge_comment",), "post"),
}
"""Our entries for each of Lemmy's kinds."""


class GetModlog(Parameters):
    """A page of the log, of all kinds or of one. `other_person_id` is the person concerned."""

    mod_person_id: Id | None = None
    community_id: Id | None = None
    page: PageAt | None = None
    limit: Limit = 10
    type_: ModlogActionType = "All"
    other_person_id: Id | None = None
    post_id: Id | None = None
    comment_id: Id | None = None


@resource.reads("/modlog")
def get_modlog(caller: Caller, wanted: GetModlog) -> GetModlogResponse:
    """What moderators and admins did, newest first. `limit` counts the entries of all kinds
    together (in Lemmy, those of each kind), so that pages continue one another.
    """
    groups = tuple(GROUPS.values()) if wanted.type_ == "All" else (GROUPS[wanted.type_],)
    target = ""
    if wanted.comment_id is not None:
        target = get_comment(caller.conn, wanted.comment_id).iri
    elif wanted.post_id is not None:
        target = get_post(caller.conn, wanted.post_id).iri
    found = list_modlog(
        caller.conn,
        LogFilter(
            community_id=wanted.community_id,
            moderator_id=wanted.mod_person_id,
            person_id=wanted.other_person_id,
            target_iri=target,
            groups=groups,
        ),
        viewer_id=caller.viewer_id,
        after=page_of(wanted.page),
        limit=wanted.limit,
    )
    return _answer(caller, list(found.items))


def _answer(caller: Caller, entries: list[ModlogView]) -> GetModlogResponse:
    subjects = [one.subject for one in entries if one.subject]
    comments = find_comment_views(
        caller.conn,
        (one.comment_id for one in entries if one.comment_id),
        viewer_id=caller.viewer_id,
        now=caller.now,
    )
    sources = find_sources(caller.conn, comments, viewer_id=caller.viewer_id)
    posts = {
        *(one.post_id for one in entries if one.post_id),
        *(one.post.id for one in comments.values()),
    }
    known = read_known(
        caller,
        people={
            *(one.id for one in subjects),
            *(one.moderator.id for one in entries if one.moderator),
        },
        communities={
            *(one.id for one in subjects if one.kind == "Group"),
            *(one.community.id for one in entries if one.community),
        },
        posts=find_posts(caller.conn, posts, viewer_id=caller.viewer_id),
    )
    shown = {number: comment(one, sources[number].body_source) for number, one in comments.items()}
    return modlog_of(entries, Logged(known, shown, caller.is_admin))
