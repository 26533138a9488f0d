"""The domain's errors: a stable code for programs, a sentence for people.

    FedcomError
    ├── BadRequest  400  the request itself is malformed
    ├── Denied      403  not permitted
    ├── NotFound    404  it does not exist here
    ├── Conflict    409  it collides with existing data
    ├── Invalid     422  it is well-formed but makes no sense
    └── TooMany     429  too many requests from one client
        └── Busy    503  too many requests altogether

    NeedsFetch           no error: an object has to be fetched first (control flow)

The interfaces turn these into pages, JSON, exit codes and refusals; nothing below them does.
"""

import math
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import ClassVar

from babel.dates import format_timedelta


class Sentence:
    """A sentence that is a fact of another one: it is given in the same language."""

    def __init__(self, template: str, **facts: object) -> None:
        self.template = template
        self.facts = facts

    def __str__(self) -> str:
        return fill(self.template, self.facts)


class Duration:
    """A length of time that is a fact of a sentence: given in the same language.

    In whole seconds, minutes, hours or days, rounded up, so that waiting this long is enough.
    """

    def __init__(self, length: timedelta) -> None:
        seconds = length.total_seconds()
        unit = next((unit for unit in (86_400, 3_600, 60) if seconds >= 2 * unit), 1)
        self.length = timedelta(seconds=math.ceil(seconds / unit) * unit)

    def say(self, locale: str) -> str:
        """The text, such as "3 minutes"."""
        return format_timedelta(self.length, threshold=1, locale=locale)

    def __str__(self) -> str:
        return self.say("en")


def fill(template: str, facts: Mapping[str, object]) -> str:
    """The template with its facts; a fact at its end may be empty."""
    return (template % facts).rstrip() if facts else template


class FedcomError(Exception):
    """The base class of the domain's errors.

    `code` is a stable snake_case identifier for programs (Lemmy's where it has one), `detail` a
    sentence that may be shown to the requester, `status` the corresponding HTTP status. The
    sentence is given as a template with the `facts` that go into it (`%(handle)s`), so that pages
    can show it in the reader's language; peers and the log get it in English.

    `others` are further errors of the same request (`Checks`): forms show all of them, programs get
    this one.
    """

    status: ClassVar[int] = 500
    others: tuple["FedcomError", ...] = ()

    def __init__(self, code: str, template: str = "", **facts: object) -> None:
        self.code = code
        self.template = template or code.replace("_", " ").capitalize() + "."
        self.facts = facts
        super().__init__(f"{self.code}: {self.detail}")

    @property
    def detail(self) -> str:
        """The sentence in English."""
        return fill(self.template, self.facts)


class BadRequest(FedcomError):
    """The request does not have the form that its standard requires."""

    status = 400


class Denied(FedcomError):
    """The requester has no permission for this."""

    status = 403


class NotFound(FedcomError):
    """The requested object does not exist here, or not for this requester."""

    status = 404


class Conflict(FedcomError):
    """It collides with existing data: a name in use, an action done twice."""

    status = 409


class Invalid(FedcomError):
    """The request was understood and makes no sense: an empty title, a parent in another thread."""

    status = 422


class TooMany(FedcomError):
    """Too much in too short a time; a retry makes sense after `retry_after` seconds."""

    status = 429

    def __init__(
        self, code: str, template: str = "", *, retry_after: float, **facts: object
    ) -> None:
        super().__init__(code, template, **facts)
        self.retry_after = retry_after


class Busy(TooMany):
    """Too many requests by all clients together: the server cannot keep up."""

    status = 503


class NeedsFetch(Exception):
    """An object is missing: the opener of the unit rolls back, fetches `iri`, and tries again.

    No unit of work ever waits for the network, so this is how it requests a document.
    """

    def __init__(self, iri: str, *, required: bool = True) -> None:
        """If not `required`, the work can continue without it when the fetch fails."""
        super().__init__(iri)
        self.iri = iri
        self.required = required


class Checks:
    """Several checks whose errors are raised together, so that a form can show all of them:

        checks = Checks()
        with checks:
            title = check_title(typed)
        with checks:
            url = check_url(link)
        checks.finish()

    A check that fails assigns nothing, so its value must not be used before `finish`.
    """

    def __init__(self) -> None:
        self._errors: list[FedcomError] = []

    def __enter__(self) -> None:
        """Begin one check."""

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> bool:
        """Keep the error of the check for `finish`."""
        if not isinstance(error, FedcomError):
            return False
        self._errors += [error, *error.others]
        error.others = ()
        return True

    @property
    def have_failed(self) -> bool:
        """Whether one of the checks so far has failed."""
        return bool(self._errors)

    def finish(self) -> None:
        """Raise the first error, with all `others`; nothing if no check failed."""
        if self._errors:
            first, *others = self._errors
            first.others = tuple(others)
            raise first
