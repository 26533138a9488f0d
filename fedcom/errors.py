"""What can go wrong in the domain: a stable code for programs, a sentence for people.

    FedcomError
    ├── BadRequest  400  the request itself is malformed
    ├── Denied      403  you may not
    ├── NotFound    404  it is not here
    ├── Conflict    409  it collides with what is here
    ├── Invalid     422  it makes no sense as it stands
    └── TooMany     429  not so fast
        └── Busy    503  too much at once

    Missing              not an error of anybody's: an object we do not have yet (control flow)

The surfaces turn these into pages, JSON, exit codes and refusals; nothing below them does.
"""

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from babel.dates import format_timedelta


class Sentence:
    """A sentence that is a fact of another one: it is said in the same language."""

    def __init__(self, template: str, **facts: object) -> None:
        self.template = template
        self.facts = facts

    def __str__(self) -> str:
        return fill(self.template, self.facts)


class Duration:
    """A length of time that is a fact of a sentence: said in the same language.

    In whole seconds, minutes, hours or days, rounded up: who waits as long has waited long enough.
    """

    def __init__(self, length: timedelta) -> None:
        seconds = length.total_seconds()
        unit = next((unit for unit in (86_400, 3_600, 60) if seconds >= 2 * unit), 1)
        self.length = timedelta(seconds=math.ceil(seconds / unit) * unit)

    def say(self, locale: str) -> str:
        """The words, such as "3 minutes"."""
        return format_timedelta(self.length, threshold=1, locale=locale)

    def __str__(self) -> str:
        return self.say("en")


def fill(template: str, facts: Mapping[str, object]) -> str:
    """The template with its facts; a fact at its end may be empty."""
    return (template % facts).rstrip() if facts else template


class FedcomError(Exception):
    """The base of what the domain raises.

    `code` is a stable snake_case word for programs (Lemmy's words where it has one), `detail` a
    sentence that may be shown to whoever asked, `status` the HTTP status that says the same.
    The sentence is given as a template with the `facts` that go into it (`%(handle)s`), so that
    pages can say it in the reader's language; peers and the log get it in English.
    """

    status: ClassVar[int] = 500

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
    """The request does not have the form that its standard demands."""

    status = 400


class Denied(FedcomError):
    """Who asks may not do this."""

    status = 403


class NotFound(FedcomError):
    """What was asked for is not here, or not for whoever asks."""

    status = 404


class Conflict(FedcomError):
    """It collides with what is here already: a name in use, a thing done twice."""

    status = 409


class Invalid(FedcomError):
    """The request was understood and makes no sense: an empty title, a reply in another thread."""

    status = 422


class TooMany(FedcomError):
    """Too much in too short a time; trying again is worth it in `retry_after` seconds."""

    status = 429

    def __init__(
        self, code: str, template: str = "", *, retry_after: float, **facts: object
    ) -> None:
        super().__init__(code, template, **facts)
        self.retry_after = retry_after


class Busy(TooMany):
    """Too much at once, by everybody together: it is the server that cannot keep up."""

    status = 503


class NeedsFetch(Exception):
    """We do not have an object: whoever opened the unit rolls back, fetches `iri`, tries again.

    No unit of work ever waits for the network, so this is how it says what it needs.
    """

    def __init__(self, iri: str, *, required: bool = True) -> None:
        """What is not `required` the work can do without, when it cannot be had just now."""
        super().__init__(iri)
        self.iri = iri
        self.required = required
