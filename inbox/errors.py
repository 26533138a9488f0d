"""What a handler may raise: `Refused` and `Ignored` (never again) and `Later` (not now).

Exception
|- Refused   the peer is told, or the journal records why (after the 202); there is no retry
|  `- Ignored   nobody made a mistake: the peer gets 202, and the journal records why
`- Later     a temporary fault; the row is parked and retried
"""

from collections.abc import Mapping


class Refused(Exception):
    """The activity will never be processed.

    `status` is the HTTP status that the peer gets when this is known before the 202 (403, 404 or
    422 from handlers), `code` a stable snake_case word, `detail` one sentence for a human, and
    `facts` what the peer may need to find its mistake. None of them may contain a secret.
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
    """The activity is valid and concerns nobody here; only raised after the 202."""


class Later(Exception):
    """Something that the activity needs is not available now; try again in `after` seconds.

    Before the 202 the peer gets 503 with Retry-After; after it, the row is parked.
    """

    def __init__(self, after: float, reason: str, *, code: str = "later") -> None:
        super().__init__(f"retry in {after:g} s: {reason}")
        self.after = after
        self.reason = reason
        self.code = code
