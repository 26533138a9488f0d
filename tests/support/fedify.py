"""Servers made with Fedify (`tests/npm/fedify.mjs`): their actors' activities, and their
inboxes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.support.javascript import Program
from tests.support.peers import PUBLIC, Json, shape_of


class Fedify:
    """One server. `origin` is its address, `software` its name in NodeInfo."""

    def __init__(
        self, program: Program, software: str, address: str, actors: dict[str, str]
    ) -> None:
        """`actors` are their types ("Person", "Group") by name."""
        self.software = software
        self._program = program
        self._numbers = count(1)
        self.origin: str = program.ask("serve", address=address, software=software, actors=actors)
        self.host = self.origin.removeprefix("http://")

    def iri(self, name: str) -> str:
        """The id of an actor here."""
        return f"{self.origin}/users/{name}"

    # Sending

    def note(self, by: str, group: str, html: str, **more: Any) -> Json:
        """A public note that mentions the group, served at its id; `more` are Fedify's
        properties.
        """
        return self.put(
            {
                "type": "Note",
                "id": f"{self.origin}/note/{next(self._numbers)}",
                "attribution": self.iri(by),
                "content": html,
                "tos": [PUBLIC],
                "ccs": [group],
                "tags": [{"type": "Mention", "href": group, "name": "@group"}],
                **more,
            }
        )

    def put(self, described: Json) -> Json:
        """Serve an object at its id."""
        self._program.ask("put", object=described)
        return described

    def activity(self, by: str, kind: str, obj: Any, *, cc: str, **more: Any) -> Json:
        """An activity in Fedify's properties, public and with a copy to `cc`."""
        return {
            "type": kind,
            "id": f"{self.origin}/activity/{next(self._numbers)}",
            "actor": self.iri(by),
            "object": obj,
            "to": PUBLIC,
            "cc": cc,
            **more,
        }

    def say(self, by: str, kind: str, obj: Any, *, to: str, **more: Any) -> Json:
        """Deliver an activity to the actor `to`. Raises Refusal if it is not accepted."""
        created = self.activity(by, kind, obj, cc=to, **more)
        self._program.ask("send", by=by, to=[to], activity=created)
        return created

    # Reading

    def look(self, iri: str) -> Json:
        """The object that Fedify reads at an id."""
        return dict(self._program.ask("look", up=iri))

    def items(self, iri: str) -> list[Json]:
        """The items that Fedify reads in a collection."""
        return list(self._program.ask("walk", collection=iri))

    def received(self) -> list["Read"]:
        """Every accepted activity, in order."""
        return [Read(**one) for one in self._program.ask("heard")]

    def refused(self) -> list[str]:
        """The deliveries that Fedify did not accept, and why."""
        return list(self._program.ask("refused"))

    def wait(self, shape: str, matches: Callable[[Json], object] = lambda _: True) -> "Read":
        """The first activity of this shape that matches."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for one in (received := self.received()):
                if one.shape == shape and matches(one.activity):
                    return one
            time.sleep(0.05)
        shapes = [one.shape for one in received]
        raise AssertionError(f"no {shape} came to {self.software}: {shapes} {self.refused()}")


@dataclass(frozen=True, slots=True)
class Read:
    """An activity as Fedify reads it; `proven` says whether the proof of an announced object is
    valid,
    None without one.
    """

    activity: Json
    proven: bool | None

    @property
    def shape(self) -> str:
        """`Announce{Create{Page}}`; an object that Fedify only has an id of reads `id`."""
        return shape_of(self.activity)
