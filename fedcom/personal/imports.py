"""The import of a member's settings: our own export, or the one of Lemmy 0.19 and 1.0.

The profile and the preferences take effect at once. What the file names by its id is looked up in
the background, in small steps (`fedcom.background.imports`), because most of it may be unknown
here. Pictures are not imported: they are files of another server.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from fedcom.accounts.rate_limits import act
from fedcom.actions.follow import Follow
from fedcom.actions.perform import perform
from fedcom.actions.profile import EditProfile
from fedcom.context import Context
from fedcom.errors import FedcomError, Invalid
from fedcom.models.account import account
from fedcom.models.actor import Community, Person
from fedcom.models.base import columns_of, to_row
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.models.settings_import import ImportItem, ImportKind, import_item
from fedcom.queries.actors import get_person
from fedcom.rules.limits import check_body
from fedcom.wire.body import Body

MAX_ITEMS = 1_000
"""Things that one import may name (Lemmy 0.19)."""

LONGEST = 2_000
"""Of an id, in characters."""

_LISTS: Mapping[str, ImportKind] = {
    "followed_communities": "follow",
    "saved_posts": "save_post",
    "saved_comments": "save_comment",
    "blocked_communities": "block_actor",
    "blocked_users": "block_actor",
    "blocked_instances": "block_host",
    # Lemmy 1.0 has two lists of servers, and we have one kind of block.
    "blocked_instances_communities": "block_host",
    "blocked_instances_persons": "block_host",
}
# The lists of our own export, with the key of what they name.
_OWN_LISTS: Mapping[str, tuple[str, ImportKind]] = {
    "follows": ("iri", "follow"),
    "saved_posts": ("iri", "save_post"),
    "saved_comments": ("iri", "save_comment"),
    "blocked": ("iri", "block_actor"),
    "blocked_hosts": ("host", "block_host"),
}
_FLAGS = {
    "show_nsfw": "show_nsfw",
    "show_read_posts": "show_read_posts",
    "show_bot_accounts": "show_bot_accounts",
    "send_notifications_to_email": "mail_notifications",
    "mail_notifications": "mail_notifications",
    "compact_lists": "compact_lists",
    "keyboard_shortcuts": "keyboard_shortcuts",
    "flat_threads": "flat_threads",
}


@dataclass(frozen=True, slots=True)
class ImportedSettings:
    """The content of a file: what None means stays as it is."""

    display_name: str | None = None
    bio: str | None = None
    matrix_user_id: str | None = None
    is_bot: bool | None = None
    # As apps name them; `app_preferences` knows which are usable.
    settings: Mapping[str, Any] = field(default_factory=dict)
    # Of the columns of the account.
    flags: Mapping[str, bool] = field(default_factory=dict)
    items: tuple[tuple[ImportKind, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is; `failed` are those that could not be imported."""

    waiting: int
    done: int
    failed: tuple[ImportItem, ...]

    @property
    def total(self) -> int:
        """All things that the file named."""
        return self.waiting + self.done + len(self.failed)


def read_settings(content: bytes) -> ImportedSettings:
    """The settings in a file. Raises Invalid: `file_malformed`, `too_many_items`."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _malformed() from error
    if not isinstance(document, dict):
        raise _malformed()
    return settings_in(document)


def settings_in(document: Mapping[str, Any]) -> ImportedSettings:
    """The settings in a document that was read already. Raises as `read_settings`."""
    profile, mine = document.get("profile"), document.get("account")
    if isinstance(profile, dict) and isinstance(mine, dict):
        return ImportedSettings(
            _text(profile.get("title")),
            _text(profile.get("summary_source")),
            _text(profile.get("matrix_user_id")),
            profile.get("kind") == "Service",
            _own_preferences(mine),
            _flags(mine),
            _few(_own_items(document)),
        )
    settings, is_bot = document.get("settings"), document.get("bot_account")
    settings = settings if isinstance(settings, dict) else {}
    return ImportedSettings(
        _text(document.get("display_name")),
        _text(document.get("bio")),
        _text(document.get("matrix_id")),
        is_bot if isinstance(is_bot, bool) else None,
        settings,
        _flags(settings),
        _few(_items(document)),
    )


def begin_import(ctx: Context, by: Person, imported: ImportedSettings, bio: Body | None) -> int:
    """Take over profile and preferences, and enqueue the rest; how many things wait. `bio` is the
    rendered biography. An earlier import that is not done is forgotten.

    Raises what `EditProfile` raises.
    """
    wanted = EditProfile(
        by=by,
        title=by.title if imported.display_name is None else imported.display_name,
        summary=Body(by.summary_source, by.summary_html) if bio is None else bio,
        matrix_user_id=imported.matrix_user_id,
        is_bot=imported.is_bot,
    )
    act(ctx, wanted)
    if imported.flags:
        change = update(account).where(account.c.actor_id == by.id)
        ctx.conn.execute(change.values(**imported.flags))
    ctx.conn.execute(delete(import_item).where(import_item.c.person_id == by.id))
    rows = [{"person_id": by.id, "kind": kind, "target": target} for kind, target in imported.items]
    if rows:
        ctx.conn.execute(insert(import_item), rows)
    return len(rows)


def find_progress(conn: Connection, person_id: int) -> ImportProgress:
    """How far the member's last import is."""
    mine = import_item.c.person_id == person_id
    number = func.count().label("number")
    counted = select(import_item.c.state, number).where(mine).group_by(import_item.c.state)
    counts = {row.state: row.number for row in conn.execute(counted)}
    failed = select(*columns_of(ImportItem, import_item)).where(
        mine, import_item.c.state == "failed"
    )
    rows = conn.execute(failed.order_by(import_item.c.id)).mappings()
    return ImportProgress(
        counts.get("waiting", 0),
        counts.get("done", 0),
        tuple(to_row(ImportItem, row) for row in rows),
    )


def list_waiting(conn: Connection, limit: int) -> list[ImportItem]:
    """What is to be imported next: of each member in turn, the longest-waiting first."""
    turn = func.row_number().over(partition_by=import_item.c.person_id, order_by=import_item.c.id)
    waiting = (
        select(*columns_of(ImportItem, import_item))
        .where(import_item.c.state == "waiting")
        .order_by(turn, import_item.c.id)
        .limit(limit)
    )
    rows = conn.execute(waiting).mappings()
    return [to_row(ImportItem, row) for row in rows]


def end_item(conn: Connection, item: ImportItem, error: FedcomError | None = None) -> None:
    """Note that it was imported, or why it was not."""
    values = {"state": "done"} if error is None else {"state": "failed", "error": error.detail}
    conn.execute(update(import_item).where(import_item.c.id == item.id).values(**values))


def follow_imported(ctx: Context, item: ImportItem, found: Community | Person) -> None:
    """Let the member follow the community. Raises what `Follow` raises."""
    perform(ctx, Follow(by=get_person(ctx.conn, item.person_id), target=found))


def check_kind(item: ImportItem, found: Community | Person | Post | Comment) -> None:
    """Whether what was found is of the kind that the file says. Raises Invalid("wrong_kind")."""
    kinds: Mapping[ImportKind, tuple[type, ...]] = {
        "follow": (Community,),
        "save_post": (Post,),
        "save_comment": (Comment,),
        "block_actor": (Community, Person),
    }
    if not isinstance(found, kinds[item.kind]):
        raise Invalid("wrong_kind", "This is something else than the file says.")


def _items(document: Mapping[str, Any]) -> Iterator[tuple[ImportKind, str]]:
    for name, kind in _LISTS.items():
        for value in _list(document.get(name)):
            yield kind, _target(value)


def _own_items(document: Mapping[str, Any]) -> Iterator[tuple[ImportKind, str]]:
    for name, (key, kind) in _OWN_LISTS.items():
        for value in _list(document.get(name)):
            yield kind, _target(value.get(key) if isinstance(value, dict) else None)


def _few(items: Iterator[tuple[ImportKind, str]]) -> tuple[tuple[ImportKind, str], ...]:
    found = tuple(dict.fromkeys(items))
    if len(found) > MAX_ITEMS:
        raise Invalid(
            "too_many_items",
            "The file may name at most %(maximum)s things; this one names %(count)s.",
            maximum=MAX_ITEMS,
            count=len(found),
        )
    return found


def _target(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise _malformed()
    return check_body(value)


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _malformed()
    return value


def _flags(settings: Mapping[str, Any]) -> dict[str, bool]:
    return {
        column: settings[name]
        for name, column in _FLAGS.items()
        if isinstance(settings.get(name), bool)
    }


def _own_preferences(mine: Mapping[str, Any]) -> Mapping[str, Any]:
    """The preferences of apps in our own export, where they are JSON in a text."""
    try:
        stored = json.loads(mine.get("app_preferences") or "{}")
    except (TypeError, ValueError, RecursionError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _malformed() -> Invalid:
    return Invalid("file_malformed", "This is not a file of exported settings.")
