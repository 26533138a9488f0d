"""Two servers with something on every page: alpha, where ann is the admin, and beta, zoe's.

ann runs alpha, mia moderates !cats there, bob and eve are members; zoe runs beta, has !dogs, and
follows !cats. Everything is done with forms of the pages, as anybody would.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.support.nodes import Node, is_free, running
from tests.support.visitor import Unexpected, Visitor

T = TypeVar("T")

SECONDS = 20.0

LONG = """Cats sleep for most of the day. **Why?**

| Hour | What they do |
| --- | --- |
| 3:00 | run |
| 9:00 | sleep |

> They have always done so.

```
while True: sleep()
```

::: spoiler What nobody tells you
They only pretend.
:::
"""


@dataclass(slots=True)
class Town:
    """The two servers, their people, and the addresses of what there is to see."""

    alpha: Node
    beta: Node
    people: dict[str, Visitor]
    paths: dict[str, str] = field(default_factory=dict)


def eventually(look: Callable[[], T | None]) -> T:
    """What `look` finds, as soon as it finds something. Raises Unexpected after 20 seconds."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Unexpected("it did not arrive")
        time.sleep(0.05)


@contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    """Start both servers, people them, fill them; stop them at the end."""
    second = "127.0.0.2" if is_free("127.0.0.2") else "127.0.0.1"
    alpha = Node("alpha", folder / "alpha")
    beta = Node("beta", folder / "beta", address=second)
    with ExitStack() as stack:
        stack.enter_context(running(alpha, beta))
        at = {"ann": alpha, "mia": alpha, "bob": alpha, "eve": alpha, "": alpha, "zoe": beta}
        people = {
            name: stack.enter_context(Visitor(node.origin, name)) for name, node in at.items()
        }
        town = Town(alpha, beta, people)
        _people_arrive(town)
        _they_write(town)
        yield town


def _people_arrive(town: Town) -> None:
    ann, mia, zoe = (town.people[name] for name in ("ann", "mia", "zoe"))
    ann.set_up("Alpha", "cats", "Cats & friends")
    zoe.set_up("Beta", "dogs", "Dogs")
    for name in ("mia", "bob", "eve"):
        town.people[name].register()
    ann.appoint("/c/cats", "mia")
    cats = f"/c/cats@{town.alpha.host}"
    zoe.look_up(f"!cats@{town.alpha.host}")
    zoe.follow(cats)
    eventually(lambda: "Unfollow" in zoe.open(cats).text)
    bob = town.people["bob"]
    dogs = bob.look_up(f"!dogs@{town.beta.host}")
    bob.follow(dogs)
    eventually(lambda: "Unfollow" in bob.open(dogs).text)
    town.paths |= {"cats": "/c/cats", "dogs": dogs, "cats at beta": cats}
    _ = mia


def _they_write(town: Town) -> None:
    bob, eve, mia, zoe = (town.people[name] for name in ("bob", "eve", "mia", "zoe"))
    post = bob.submit("/c/cats", "Why do cats sleep so long?", body=LONG)
    bob.submit("/c/cats", "A link about cats", url="https://news.example/cats?id=1")
    first = eve.reply(post, "Because they *can*.")
    second = bob.reply(post, "Mine does not.", parent=first)
    mia.reply(post, "Give it time.", parent=second)
    gone = eve.reply(post, "Something rude.")
    mia.remove(f"/comment/{gone}", "Be kind")
    bob.edit_comment(second, "Mine does not, ever.")
    own = zoe.submit("/c/dogs", "Dogs are awake", body="All day.")
    dogs = town.paths["dogs"]
    there = eventually(lambda: bob.open(dogs).find_post("Dogs are awake"))
    bob.reply(f"/post/{there}", "Mine sleeps too.")
    eventually(lambda: zoe.open(own).find_comment("Mine sleeps too."))
    cats = town.paths["cats at beta"]
    there_at_beta = eventually(lambda: zoe.open(cats).find_post("Why do cats sleep so long?"))
    zoe.reply(f"/post/{there_at_beta}", "Dogs would never.")
    eventually(lambda: bob.open(post).find_comment("Dogs would never."))
    town.paths |= {
        "post": post,
        "comment": f"/comment/{second}",
        "own post of bob": post,
        "post from beta": f"/post/{there}",
    }
