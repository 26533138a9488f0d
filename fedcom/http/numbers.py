"""Whole numbers in addresses, queries and forms, none larger than a database holds."""

from starlette.requests import HTTPConnection

LARGEST = 2**53 - 1
"""No id of ours is larger; databases refuse numbers that are much larger."""


def number_of(request: HTTPConnection) -> int:
    """The row id in the address; 0, which no row has, for one that is too large."""
    number = int(request.path_params["number"])
    return number if number <= LARGEST else 0


def number_in(text: str) -> int:
    """A row id from a form or a query; 0, which no row has, if it is not one."""
    return whole_number(text, LARGEST) or 0


def whole_number(text: str, most: int) -> int | None:
    """The number written in these digits, from 0 to `most`; None if it is not one, or is larger."""
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(LARGEST)):
        return None
    number = int(text)
    return number if number <= most else None
