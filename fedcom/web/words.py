"""Marks texts in the code for translation; templates mark theirs with `_()` and `{% trans %}`.

Nothing is translated yet: the functions give back what they are given, so that adding catalogues
later touches this file and `render` only.
"""

from gettext import NullTranslations

_translations = NullTranslations()


def gettext(message: str) -> str:
    """The message in the reader's language."""
    return _translations.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The message for one or for many, in the reader's language."""
    return _translations.ngettext(one, many, count)
