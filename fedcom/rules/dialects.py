"""The activities that a peer understands, according to the software in its NodeInfo."""

import re
from enum import Enum, auto

LEMMY_VERSION = "0.19.20"
"""The version of Lemmy whose API apps find here."""

# They implement FEP-1b12: a community announces whole activities. (PieFed, Mbin and NodeBB document
# it; the others were named by Lemmy's maintainers.)
FORUMS = frozenset(
    {
        "lemmy", "piefed", "mbin", "kbin", "nodebb", "discourse", "fedcom", "lotide", "hubzilla",
        "friendica", "peertube", "mobilizon", "smithereen", "streams", "forte", "flipboard",
    }
)  # fmt: skip
# They show an object that a Group boosts and drop its other announcements, after fetching each.
MICROBLOGS = frozenset(
    {
        "mastodon", "hometown", "gotosocial", "misskey", "sharkey", "firefish", "calckey",
        "iceshrimp", "iceshrimp.net", "cherrypick", "foundkey", "catodon", "akkoma", "pleroma",
        "fedibird", "kmyblue", "pixelfed", "takahe", "snac", "snac2", "mitra", "hollo", "wafrn",
        "gnusocial", "threads", "microblogpub", "honk", "bonfire", "ktistec", "glitchcafe",
        "writefreely", "wordpress", "ghost", "microdotblog", "bookwyrm", "loops", "vernissage",
    }
)  # fmt: skip

# They serve the Create of a post at its id with "/activity" behind it: Mastodon, Misskey and the
# forks of both.
_SERVING_CREATES = frozenset(
    {
        "mastodon", "hometown", "fedibird", "kmyblue", "glitchcafe", "misskey", "sharkey",
        "firefish", "calckey", "iceshrimp", "cherrypick", "foundkey", "catodon",
    }
)  # fmt: skip
# They accept a private message as a ChatMessage (PieFed and Mbin by their sources); for Lemmy it
# depends on the version. All others know a Note that is addressed to people only.
_CHATTING = frozenset({"piefed", "mbin", "kbin"})
# Seconds for which it responds "already known" to an activity that it failed to process: the id is
# stored before the activity is processed (PieFed 1.7).
_MEMORY = {"piefed": 90.0}
# Seconds between two deliveries. Discourse's plugin accepts ten POSTs a minute from one address;
# four are sent at once, so four every half minute.
_INTERVALS = {"discourse": 7.6}
# Their servers end a follow by themselves when the community bans the follower, however short the
# ban (Lemmy 0.19), and do not renew it.
_UNFOLLOWING = frozenset({"lemmy"})
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})")
# `Mastodon/4.4.2 (http.rb/5.3; +https://…)`, `Pleroma 2.9; https://…`, `… (Takahe/0.11; +https://…)`
_PRODUCT = re.compile(r"(?<![\w./@:-])([A-Za-z][A-Za-z0-9.-]{1,40})[/ ]v?\d")


class Dialect(Enum):
    """The form in which a community sends posts to a peer."""

    FORUM = auto()
    MICROBLOG = auto()
    # Reached, but unfamiliar software: it gets both forms of a new post.
    UNFAMILIAR = auto()
    # Never reached: the form that is harmless everywhere.
    UNKNOWN = auto()

    @property
    def takes_activities(self) -> bool:
        """Whether it gets `Announce{activity}`."""
        return self in (Dialect.FORUM, Dialect.UNFAMILIAR)

    @property
    def takes_boosts(self) -> bool:
        """Whether it gets `Announce{"<id of the post>"}`."""
        return self is not Dialect.FORUM


def dialect_of(software: str | None, *, reached: bool) -> Dialect:
    """The dialect of a peer whose NodeInfo gave `software` (lower case), if it was `reached`."""
    if software in FORUMS:
        return Dialect.FORUM
    if software in MICROBLOGS:
        return Dialect.MICROBLOG
    return Dialect.UNFAMILIAR if reached and software else Dialect.UNKNOWN


def is_microblog_agent(user_agent: str) -> bool:
    """Whether a User-Agent names microblog software and no forum software."""
    named = {product.lower() for product in _PRODUCT.findall(user_agent[:500])}
    return not named.isdisjoint(MICROBLOGS) and named.isdisjoint(FORUMS)


def id_memory(software: str | None) -> float:
    """Seconds within which this software takes a repeated delivery for a duplicate."""
    return _MEMORY.get(software or "", 0.0)


def delivery_interval(software: str | None) -> float:
    """Seconds that this software wants between two deliveries, on average."""
    return _INTERVALS.get(software or "", 0.0)


def ends_follow_with_ban(software: str | None) -> bool:
    """Whether this software silently ends the follow of a banned person."""
    return software in _UNFOLLOWING


def takes_chat(software: str | None, version: str | None) -> bool:
    """Whether a private message is sent there as a ChatMessage rather than a Note.

    Lemmy 1.0 (whose pre-releases are 0.20 and later) draws the same line between its peers.
    """
    return _is_lemmy_0(version) if software == "lemmy" else software in _CHATTING


def reads_announced_flags(software: str | None, version: str | None) -> bool:
    """Whether a community can forward a report in an Announce (Lemmy from 1.0 on, PieFed, Mbin).

    Lemmy 0.19 accepts a Flag from the reporter only, also for content in a remote community.
    """
    return software != "lemmy" or not _is_lemmy_0(version)


def reads_rejects(software: str | None, version: str | None) -> bool:
    """Whether a Reject of a Follow ends the follow there.

    Lemmy 0.19 does not know that activity and responds 400; Lemmy has it from 1.0 on.
    """
    return software != "lemmy" or not _is_lemmy_0(version)


def reads_announced_ids(software: str | None) -> bool:
    """Whether an Announce of the bare id of a post or comment is read there.

    Lemmy (0.19 and 1.0) expects an activity at that id, and refuses an object.
    """
    return software != "lemmy"


def reads_warnings(software: str | None, version: str | None) -> bool:
    """Whether a Warn reaches the person there: Lemmy has it from 1.0 on, Fedcom has it."""
    return software == "fedcom" or (software == "lemmy" and not _is_lemmy_0(version))


def serves_creates(software: str | None) -> bool:
    """Whether this software serves the Create of its objects at `<id>/activity`."""
    return software in _SERVING_CREATES


def refuses_own(software: str | None) -> bool:
    """Whether this software refuses its own posts and comments in another server's Announce.

    Lemmy (0.19 and 1.0) responds 400 to a Create or Update of its local objects.
    """
    return software == "lemmy"


def reads_profile_updates(software: str | None) -> bool:
    """Whether an Update of a person is read there.

    Lemmy refuses it, and fetches the people it knows again once a day.
    """
    return software != "lemmy"


def ignores_restore_data(software: str | None, version: str | None) -> bool:
    """Whether `restoreData` on the Undo of a Block fails to restore the content that the Block
    removed.

    Lemmy knows it from 1.0 on. Apart from Fedcom, no other software is known to read it.
    """
    return software != "fedcom" and (software != "lemmy" or _is_lemmy_0(version))


def purges_deleted(software: str | None, _version: str | None) -> bool:
    """Whether an Undo cannot restore an object that was deleted there (NodeBB 4 purges it)."""
    return software == "nodebb"


def _is_lemmy_0(version: str | None) -> bool:
    """Whether a Lemmy is older than 1.0; one without a version counts as older."""
    found = _VERSION.match(version or "")
    return found is None or (int(found[1]), int(found[2])) < (0, 20)
