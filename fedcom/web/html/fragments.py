"""Fragments of pages, kept in memory: a comment is not rendered anew for each reader of its thread.

**What a fragment is**: a template that gets the values named in its call (`fragment(…, score=3)` in
templates), and nothing else: no member, no token, no clock. A template that asked for anything else
would fail (`StrictUndefined`).

**The key**: the template, its values and their types, and the language, the only other thing that
texts depend on. So a fragment is never outdated: what it shows is in its key, and anything that
changes makes another key. An age is given as it reads ("3 hours ago"), not as a time. The types are
there because a text and the same text as `Markup` are equal, but only one of them is escaped.

**How it is dropped**: the least recently used, beyond `MAX_BYTES`.

Values must be immutable; they are compared, so give a template the fields that it shows rather than
an object in which others change more often.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

from markupsafe import Markup

from fedcom.web.html import i18n

MAX_BYTES = 16_000_000
"""What the texts and the keys may take: some thousand comments."""

_ENTRY_BYTES = 1_000
"""What an entry takes besides its texts: the key, its numbers and small objects."""


class Fragments:
    """The fragments of one environment. `render` makes the text of a template from values."""

    def __init__(
        self, render: Callable[[str, dict[str, Any]], str], max_bytes: int = MAX_BYTES
    ) -> None:
        self._render = render
        self.max_bytes = max_bytes
        self._size = 0
        self._entries: OrderedDict[Hashable, tuple[Markup, int]] = OrderedDict()
        # Pages are rendered in several threads.
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """The bytes they take, about."""
        return self._size

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._entries.clear()
            self._size = 0

    def get(self, template: str, names: tuple[str, ...], values: tuple[Hashable, ...]) -> Markup:
        """The template with values of these names, from memory if it was rendered with them
        before.
        """
        key = (template, i18n.language(), names, values, *map(type, values))
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                self._entries.move_to_end(key)
                return found[0]
        text = self._render(template, dict(zip(names, values, strict=True)))
        made = Markup(text)  # noqa: S704 - a template's, which escapes
        self._put(key, made, _size_of(made, *values))
        return made

    def _put(self, key: Hashable, made: Markup, size: int) -> None:
        with self._lock:
            if key in self._entries:  # by another thread
                return
            self._entries[key] = made, size
            self._size += size
            while self._size > self.max_bytes:
                self._size -= self._entries.popitem(last=False)[1][1]


def _size_of(*values: Hashable) -> int:
    return _ENTRY_BYTES + sum(sys.getsizeof(value) for value in values if isinstance(value, str))
