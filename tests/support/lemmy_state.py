"""What instances of ours should have in common about a community, read through Lemmy's API alone.

Row ids are replaced by the ids that all instances share. Left out is what every instance has for
itself, as in Lemmy: times of arrival, who is an admin, what a viewer did, and users active lately.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.support.lemmy_client import Refused
from tests.support.lemmy_story import LONGEST, Instance, Member, Story, kind_of, slug

Json = Any

_POST = (
    *("name", "url", "body", "alt_text", "nsfw", "language_id", "published", "updated"),
    *("deleted", "removed", "locked", "featured_community"),
)
_COMMENT = (
    *("content", "language_id", "published", "updated", "deleted", "removed", "distinguished"),
)
_COUNTS = ("upvotes", "downvotes", "score", "comments", "newest_comment_time", "child_count")
_COMMUNITY = (
    *("name", "title", "description", "nsfw", "deleted", "removed", "published", "updated"),
    *("posting_restricted_to_mods", "icon", "banner"),
)
_PERSON = ("name", "display_name", "bio", "banned", "ban_expires", "bot_account")
_MESSAGE = ("content", "published", "updated")
_OWN_LISTS = ("transferred_to_community", "hidden_communities", "added")
"""Lists of the modlog that no other instance can have. Others learn that a community was
transferred from the order of its moderators, and not from Lemmy 0.19.
"""
_PURGES = "admin_purged"


def state_of(one: Instance, story: Story, people: Sequence[Member]) -> dict[str, Json]:
    """Everything about the community of the story and these people, by what it is."""
    whole = one.community(story.community)
    state: dict[str, Json] = {
        "moderators": story.moderators(one),
        "community": {
            **_pick(whole["community_view"]["community"], _COMMUNITY),
            **_pick(whole["community_view"]["counts"], ("posts", "comments")),
        },
    }
    for iri in story.posts:
        state[f"post {iri}"] = _content(one, story, iri)
        state |= {f"comment {key}": value for key, value in _thread(one, story, iri)}
    for iri in (*story.posts, *story.voted):  # of other comments, only the author's counts
        state[f"votes on {iri}"] = _votes(one, story, iri)
    state["reports"] = [
        *_reports(one, story, "post"),
        *_reports(one, story, "comment"),
    ]
    for who in people:
        state[f"person {who.iri}"] = _person(one, who)
    state["modlog"] = modlog_of(one, {story.community, *(who.iri for who in people)})
    return state


def messages_of(who: Member) -> list[Json]:
    """The private messages that a member wrote and got and that are not deleted: only who wrote
    one sees it then.
    """
    listed = who.get("/private_message/list", limit=LONGEST)["private_messages"]
    return [
        {
            "id": view["private_message"]["ap_id"],
            "from": view["creator"]["actor_id"],
            "to": view["recipient"]["actor_id"],
            **_pick(view["private_message"], _MESSAGE),
        }
        for view in listed
        if not view["private_message"]["deleted"]
    ]


def _pick(shown: Mapping[str, Json], names: Iterable[str]) -> dict[str, Json]:
    return {name: shown.get(name) for name in names}


def _content(one: Instance, story: Story, iri: str) -> Json:
    """A post; None if nobody but its author may read it, or it is not there."""
    view = one.view(iri, story.community)
    return None if view is None else _of_view(view, "post")


def _of_view(view: Json, kind: str) -> dict[str, Json]:
    return {
        **_pick(view[kind], _POST if kind == "post" else _COMMENT),
        **_pick(view["counts"], _COUNTS),
        "by": view["creator"]["actor_id"],
        "in": view["community"]["actor_id"],
        "by_banned": view["creator_banned_from_community"],
        "by_moderator": view["creator_is_moderator"],
    }


def _thread(one: Instance, story: Story, post: str) -> list[tuple[str, Json]]:
    """The comments on a post with their paths; none if the post may not be read."""
    number = one.number(post, story.community)
    try:
        listed = one.admin.get("/comment/list", post_id=number, max_depth=300, sort="Old")
    except Refused:
        return []
    iris = {str(view["comment"]["id"]): view["comment"]["ap_id"] for view in listed["comments"]}
    found = []
    for view in listed["comments"]:
        above = [iris[part] for part in view["comment"]["path"].split(".")[1:]]
        shown = {**_of_view(view, "comment"), "path": above, "on": view["post"]["ap_id"]}
        found.append((view["comment"]["ap_id"], shown))
    return found


def _votes(one: Instance, story: Story, iri: str) -> Json:
    kind = kind_of(iri)
    what = {f"{kind}_id": one.number(iri, story.community)}
    try:
        listed = one.admin.get(f"/{kind}/like/list", **what, limit=LONGEST)[f"{kind}_likes"]
    except Refused as refused:
        return refused.code
    return sorted(
        (view["creator"]["actor_id"], view["score"], view["creator_banned_from_community"])
        for view in listed
    )


def _reports(one: Instance, story: Story, kind: str) -> list[Json]:
    """Of posts or comments: who reported what, why, and whether it is resolved."""
    inside = one.number(story.community)
    listed = one.admin.get(f"/{kind}/report/list", community_id=inside, limit=LONGEST)
    return [
        (
            view["creator"]["actor_id"],
            view[kind]["ap_id"],
            view[f"{kind}_report"]["reason"],
            view[f"{kind}_report"]["resolved"],
        )
        for view in listed[f"{kind}_reports"]
    ]


def _person(one: Instance, who: Member) -> Json:
    """None for one who was purged: their own instance only keeps the key that signs it."""
    try:
        found = one.admin.get("/user", username=slug(who.iri), limit=1)
    except Refused:
        return None
    if found["person_view"]["person"]["deleted"]:
        return None
    return {
        **_pick(found["person_view"]["person"], _PERSON),
        **_pick(found["person_view"]["counts"], ("post_count", "comment_count")),
        "moderates": [view["community"]["actor_id"] for view in found["moderates"]],
    }


def modlog_of(one: Instance, about: set[str]) -> list[Json]:
    """The entries that name the community or one of the people, oldest first; without an admin's
    ban of somebody from another instance, which is a matter of that admin's own.
    """
    entries: list[tuple[int, Json]] = []
    page = 1
    while True:
        answer = one.admin.get("/modlog", page=page, limit=LONGEST)
        found = [
            _entry(kind, view)
            for kind, views in answer.items()
            if kind not in _OWN_LISTS and not kind.startswith(_PURGES)
            for view in views
        ]
        entries += [
            (number, entry)
            for number, entry in found
            if about & set(entry.values()) and not _is_own_ban(entry)
        ]
        if not any(answer.values()):
            return [entry for _, entry in sorted(entries, key=lambda one: one[0])]
        page += 1


def _is_own_ban(entry: Json) -> bool:
    if entry["kind"] != "banned":
        return False
    moderator, person = (urlsplit(entry[name]).netloc for name in ("moderator", "banned_person"))
    return moderator != person


def _entry(kind: str, view: Json) -> tuple[int, Json]:
    """The number of an entry, and what all instances know of it."""
    (logged,) = (part for part in view.values() if "when_" in part)
    known = {
        name: value
        for name, value in logged.items()
        if name not in {"id", "when_"} and not name.endswith("_id")
    }
    named = {
        name: part.get("ap_id") or part["actor_id"]
        for name, part in view.items()
        if "when_" not in part
    }
    return logged["id"], {"kind": kind, **known, **named}
