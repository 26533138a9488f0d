"""Translations: the texts of the pages in the reader's language.

Texts in the code are marked by the functions here, those in tables with `mark`, and those in
templates with `_()` and `{% trans %}`; the domain's error messages are found by their classes.
`make translations` updates the catalogues.

Call `speak` once per request: it sets the language and the time zone for the rest of that request.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from functools import cache, lru_cache

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_decimal
from babel.units import format_unit

from database.counting import COUNTED
from fedcom.catalogues import DEFAULT, LANGUAGES, catalogue
from fedcom.errors import Duration, FedcomError, Sentence, fill
from fedcom.http.accepting import preferred
from fedcom.rules.time_zones import to_zone

_SIZES = ("kilobyte", "megabyte", "gigabyte", "terabyte")

_language: ContextVar[str] = ContextVar("language", default=DEFAULT)
_zone: ContextVar[str] = ContextVar("zone", default="")


def choose(accept_language: str, wanted: str = "") -> str:
    """The best of `LANGUAGES`: the `wanted` one, else by the browser's Accept-Language."""
    if wanted in LANGUAGES:
        return wanted
    found = negotiate_locale(preferred(accept_language), list(LANGUAGES), sep="-")
    return found or DEFAULT


def speak(language: str, zone: str = "") -> None:
    """Use `language`, and the time zone of this name, for the rest of this request; "" for UTC,
    with which times say so.
    """
    _language.set(language)
    _zone.set(zone)


def zone() -> str:
    """The name of the time zone in use; "" for UTC as nobody's choice."""
    return _zone.get()


def language() -> str:
    """The language in use, as `lang` attributes name it."""
    return _language.get()


def direction() -> str:
    """The direction of its script: "ltr" or "rtl"."""
    return _locale(language()).text_direction


def gettext(message: str) -> str:
    """The message in the reader's language."""
    return catalogue(language()).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The message for one or for many, in the reader's language."""
    return catalogue(language()).ngettext(one, many, count)


def sentence(error: Exception, otherwise: str) -> str:
    """The message of a domain error in the reader's language; `otherwise` for other errors."""
    if isinstance(error, FedcomError):
        return _said(error.template, error.facts)
    return gettext(otherwise)


def _said(template: str, facts: Mapping[str, object]) -> str:
    return fill(gettext(template), {name: _fact(fact) for name, fact in facts.items()})


def _fact(fact: object) -> object:
    if isinstance(fact, Sentence):
        return _said(fact.template, fact.facts)
    return fact.say(language()) if isinstance(fact, Duration) else fact


def age(then: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits; the future is "just now"."""
    seconds = int((now - then).total_seconds())
    if seconds < 60:
        return gettext("just now")
    return _ago(language(), seconds // 60 * 60)


def exact(moment: datetime) -> str:
    """The time to the minute, in the reader's zone and in the format of their language."""
    return _exact(language(), moment.replace(second=0, microsecond=0), zone())


def day(moment: date) -> str:
    """A day in the format of the reader's language, such as "30 Nov 2026"."""
    return format_date(moment, locale=_locale(language()))


def span(length: timedelta) -> str:
    """A duration in the largest unit that fits."""
    return format_timedelta(length, threshold=1, locale=_locale(language()))


def number(value: int) -> str:
    """A number with the separators of the reader's language."""
    return str(value) if -1000 < value < 1000 else format_decimal(value, locale=_locale(language()))


def counted(value: int) -> str:
    """A number that was counted up to `COUNTED`, with a plus if there may be more."""
    return number(value) + "+" * (value >= COUNTED)


def size(count: int) -> str:
    """A number of bytes, in the largest unit that fits."""
    power = min((len(str(count)) - 1) // 3, len(_SIZES))
    if power == 0:  # Babel's is the same for one and many
        return ngettext("%(count)s byte", "%(count)s bytes", count) % {"count": count}
    unit, locale = f"digital-{_SIZES[power - 1]}", _locale(language())
    return format_unit(count / 1000**power, unit, "short", "#,##0.#", locale=locale)


# A thread has hundreds of these, and formatting one costs as much as rendering a comment.
@lru_cache(maxsize=4096)
def _ago(language: str, seconds: int) -> str:
    ago = timedelta(seconds=-seconds)
    return format_timedelta(ago, threshold=1, add_direction=True, locale=_locale(language))


@lru_cache(maxsize=4096)
def _exact(language: str, moment: datetime, zone: str) -> str:
    locale = _locale(language)
    try:
        local = moment.astimezone(to_zone(zone))
    except OverflowError:  # a peer's "for ever", at the end of the year 9999
        local = moment
    day = format_date(local, locale=locale)
    # Else Babel would turn it back into UTC.
    hour = format_time(local.time(), "short", locale=locale)
    text = str(get_datetime_format(locale=locale)).format(hour, day)
    return text if zone else f"{text} UTC"


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)
