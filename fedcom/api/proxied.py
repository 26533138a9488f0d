"""With the setting `proxy_pictures_for_apps`: answers name pictures of other servers at ours.

A shape says with the type of a property that it is the address of a picture, or a text that may
show some. Which addresses are fetched, and how, is in `media.remote`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_type_hints

import msgspec

from fedcom.text.pictures import move_markdown_pictures

_PICTURE, _LINK, _TEXT = "picture", "link", "text"

PictureUrl = Annotated[str, msgspec.Meta(extra={"shows": _PICTURE})]
"""The address of a picture."""

LinkUrl = Annotated[str, msgspec.Meta(extra={"shows": _LINK})]
"""The address of a page, or of the picture that another property of the same shape names."""

MarkdownText = Annotated[str, msgspec.Meta(extra={"shows": _TEXT})]
"""A text that may show pictures."""


@dataclass(frozen=True, slots=True)
class _Contents:
    """The properties of a shape that name pictures, and those that hold other shapes."""

    pictures: tuple[str, ...]
    links: tuple[str, ...]
    texts: tuple[str, ...]
    parts: tuple[str, ...]


def move_pictures_in(answer: object, address: Callable[[str], str]) -> None:
    """Replace each address of a picture in an answer by `address(url)`; a second time changes
    nothing if that leaves its own results alone.
    """
    if isinstance(answer, list):
        for part in answer:
            move_pictures_in(part, address)
        return
    if not isinstance(answer, msgspec.Struct):
        return
    contents = _contents_of(type(answer))
    moved = {url: address(url) for name in contents.pictures if (url := getattr(answer, name))}
    for name in (*contents.pictures, *contents.links):
        url = getattr(answer, name)
        if url in moved:
            setattr(answer, name, moved[url])
    for name in contents.texts:
        if text := getattr(answer, name):
            setattr(answer, name, move_markdown_pictures(text, address))
    for name in contents.parts:
        move_pictures_in(getattr(answer, name), address)


@cache
def _contents_of(shape: type[msgspec.Struct]) -> _Contents:
    kinds: dict[str, list[str]] = {_PICTURE: [], _LINK: [], _TEXT: [], "": []}
    for name, hint in get_type_hints(shape, include_extras=True).items():
        for kind in set(_kinds_in(hint)):
            kinds[kind].append(name)
    return _Contents(*(tuple(names) for names in kinds.values()))


def _kinds_in(hint: Any) -> Iterator[str]:
    """What values of this type show; "" for other shapes within."""
    if isinstance(hint, msgspec.Meta):
        if hint.extra:
            yield hint.extra["shows"]
    elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield ""
    for part in get_args(hint):
        yield from _kinds_in(part)
