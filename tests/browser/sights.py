"""Every page, and who looks at it; in the order of the addresses."""

from dataclasses import dataclass

from tests.browser.town import Town


@dataclass(frozen=True, slots=True)
class Sight:
    """A page: `path` may name things of the town in braces, `who` is "" for a guest."""

    name: str
    path: str
    who: str = ""

    def address(self, town: Town) -> str:
        """The path in this town."""
        return self.path.format_map(town.paths)

    def __str__(self) -> str:
        return self.name


SIGHTS = [
    Sight("front-guest", "/"),
    Sight("front", "/?list=local", "bob"),
    Sight("front-compact", "/?list=all&view=compact", "bob"),
    Sight("post-guest", "{post}"),
    Sight("post", "{post}", "bob"),
    Sight("post-moderator", "{post}", "mia"),
    Sight("comment", "{comment}", "bob"),
    Sight("community", "/c/cats", "bob"),
    Sight("community-elsewhere", "{dogs}", "bob"),
    Sight("communities", "/communities", "bob"),
]
