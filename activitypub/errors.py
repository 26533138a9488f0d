"""Everything that can go wrong between two servers, as one tree, with whose fault it is.

    ProtocolError
    ├── Malformed           theirs: the document or a header is broken           → 400
    ├── SignatureInvalid    theirs: we cannot tell who sent it                   → 401
    ├── Unauthentic         theirs: the sender is known, but may not say this    → 403
    └── FetchFailed         a peer gave us no usable document
        ├── Gone            410, or a Tombstone where an object was asked for
        ├── NotThere        404
        ├── FetchRefused    any other permanent answer: 4xx, wrong type, wrong id, bad JSON
        ├── TooBig          larger than our limit
        ├── PrivateAddress  our own guard refused to connect
        ├── Unreachable     temporary: DNS, connect, timeout, 5xx, 408, 429
        └── BudgetSpent     this activity has used up its requests

Every error has a stable snake_case `code` for machines (logs, answers, tests), a sentence `detail`
for people, and `facts`: the values we computed and the ones we received, so that the authors of a
peer can find the difference without access to our machine.
"""


class ProtocolError(Exception):
    """A peer broke the protocol, or could not be asked.

    `code` is stable snake_case, `detail` a sentence, `facts` short strings by name.
    """

    code: str
    detail: str
    facts: dict[str, str]

    def __init__(self, code: str, detail: str, **facts: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class Malformed(ProtocolError):
    """A document or a header is broken; the same bytes will never be right (400)."""


class SignatureInvalid(ProtocolError):
    """The signature does not prove who sent this (401).

    `facts` has `check`, and where they apply `computed`, `received`, `signing_string`, `key_id`.
    """


class Unauthentic(ProtocolError):
    """The sender is known, but has no authority to say this (403)."""


class FetchFailed(ProtocolError):
    """A GET did not give a usable document.

    `url` is the address we asked, `status` the HTTP status if there was one.
    """

    url: str
    status: int | None

    def __init__(
        self, code: str, detail: str, *, url: str = "", status: int | None = None, **facts: str
    ) -> None:
        super().__init__(code, detail, **facts)
        self.url = url
        self.status = status


class Gone(FetchFailed):
    """The origin says that the document was deleted: 410, or a Tombstone where an object was asked
    for.
    """


class NotThere(FetchFailed):
    """The origin answers 404. An origin that blocks us may do so too, so nothing is deleted."""


class FetchRefused(FetchFailed):
    """The origin gives no usable document and asking again will not help."""


class TooBig(FetchFailed):
    """The response is larger than our limit."""


class PrivateAddress(FetchFailed):
    """The name resolves only to addresses that our guard refuses."""


class Unreachable(FetchFailed):
    """A temporary fault: DNS, connect, timeout, 5xx, 408, 429.

    `retry_after` is the delay in seconds that the peer asked for, if it did.
    """

    retry_after: float | None

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        url: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        **facts: str,
    ) -> None:
        super().__init__(code, detail, url=url, status=status, **facts)
        self.retry_after = retry_after


class BudgetSpent(FetchFailed):
    """One activity has used up its share of requests or time."""
