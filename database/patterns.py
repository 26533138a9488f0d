"""Texts as patterns for LIKE, in which no sign of theirs means anything."""

import re

from sqlalchemy import ColumnElement

_WILD = re.compile("[%_~]")


def containing(text: str) -> str:
    """The pattern of texts that contain this one."""
    return f"%{beginning(text)}"


def beginning(text: str) -> str:
    """The pattern of texts that begin with this one."""
    return _WILD.sub(lambda sign: f"~{sign[0]}", text) + "%"


def fits(text: ColumnElement[str], pattern: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether `text` fits a pattern of these functions."""
    return text.like(pattern, escape="~")
