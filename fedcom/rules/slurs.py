"""Slurs: the words that the admins do not allow in what is published here."""

from fedcom.errors import Invalid
from fedcom.text.slurs import has_slur


def check_slurs(pattern: str, *texts: str) -> None:
    """Raises Invalid(`slurs`) if the admins' filter matches in one of these texts."""
    if pattern and any(has_slur(pattern, text) for text in texts):
        raise Invalid("slurs", "The text contains words that are not allowed on this server.")
