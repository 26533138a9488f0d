"""What a handler may raise: `Refused` and `Ignored` (never again) and `Later` (not now).

Exception
|- Refused   the peer is told (or, after the 202, the journal keeps why); nothing is tried again
|  `- Ignored   nobody did wrong: the peer is answered 202, and the journal keeps why
`- Later     a passing fault; the row is parked and tried again
"""

from collections.abc import Mapping


class Refused(Exception):
    """The activity will not be done, now or later.

    `status` is the HTTP status a peer sees when the door already knows (403, 404 or 422 for
    handlers), `code` a stable snake_case word, `detail` one sentence for a human, and `facts` what
    the peer may need to find its mistake. No secret may be in any of them.
    """

    def __init__(
        self, status: int, code: str, detail: str, facts: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.facts: dict[str, str] = dict(facts or {})


class Ignored(Refused):
    """The activity is in order and concerns nobody here; raised after the 202 only."""


class Later(Exception):
    """Something the activity needs cannot be had now; try again in `after` seconds.

    Before the 202 the peer is told 503 with Retry-After, after it the row is parked.
    """

    def __init__(self, after: float, reason: str, *, code: str = "later") -> None:
        super().__init__(f"retry in {after:g} s: {reason}")
        self.after = after
        self.reason = reason
        self.code = code
