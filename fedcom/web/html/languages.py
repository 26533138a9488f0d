"""A box for each language that posts can have, in forms (`language_choices.html`)."""

from fedcom.rules.languages import LANGUAGES
from fedcom.web.html.forms import Form


def language_fields(chosen: str) -> dict[str, str]:
    """The fields with their values; `chosen` are codes separated by spaces."""
    codes = chosen.split()
    return {f"language_{code}": "on" if code in codes else "" for code in LANGUAGES}


def languages_in(form: Form) -> tuple[str, ...]:
    """The codes of the ticked boxes."""
    return tuple(code for code in LANGUAGES if form.checked(f"language_{code}"))
