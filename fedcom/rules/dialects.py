"""Which words a peer understands, judged by the software that its NodeInfo names."""

from enum import Enum, auto

# They speak FEP-1b12: a community announces whole activities. (PieFed, Mbin and NodeBB say so in
# their documentation; the others were read by Lemmy's maintainers.)
FORUMS = frozenset(
    {
        "lemmy", "piefed", "mbin", "kbin", "nodebb", "discourse", "fedcom", "lotide", "hubzilla",
        "friendica", "peertube", "mobilizon", "smithereen", "streams", "forte", "flipboard",
    }
)  # fmt: skip
# They show what a Group boosts and drop, at the price of a request, whatever else it announces.
MICROBLOGS = frozenset(
    {
        "mastodon", "hometown", "gotosocial", "misskey", "sharkey", "firefish", "calckey",
        "iceshrimp", "iceshrimp.net", "cherrypick", "foundkey", "catodon", "akkoma", "pleroma",
        "fedibird", "kmyblue", "pixelfed", "takahe", "snac", "snac2", "mitra", "hollo", "wafrn",
        "gnusocial", "threads", "microblogpub", "honk", "bonfire", "ktistec", "glitchcafe",
        "writefreely", "wordpress", "ghost", "microdotblog", "bookwyrm", "loops", "vernissage",
    }
)  # fmt: skip


class Dialect(Enum):
    """How a community speaks to a peer."""

    FORUM = auto()
    MICROBLOG = auto()
    # Reached, but unfamiliar software: it gets both forms of a new post.
    UNFAMILIAR = auto()
    # Never reached: the form that disturbs nobody.
    UNKNOWN = auto()

    @property
    def takes_activities(self) -> bool:
        """Gets `Announce{activity}`."""
        return self in (Dialect.FORUM, Dialect.UNFAMILIAR)

    @property
    def takes_boosts(self) -> bool:
        """Gets `Announce{"<id of the post>"}`."""
        return self is not Dialect.FORUM


def dialect_of(software: str | None, *, reached: bool) -> Dialect:
    """The dialect of a peer whose NodeInfo gave `software` (lower case), if it was `reached`."""
    if software in FORUMS:
        return Dialect.FORUM
    if software in MICROBLOGS:
        return Dialect.MICROBLOG
    return Dialect.UNFAMILIAR if reached and software else Dialect.UNKNOWN
