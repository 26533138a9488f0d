"""What goes wrong between two servers, drawn as one tree, with whose fault it is.

    ProtocolError
    ├── Malformed           theirs: the document or a header is broken           → 400
    ├── SignatureInvalid    theirs: we cannot tell who said it                   → 401
    ├── Unauthentic         theirs: we know who said it, it is not theirs to say → 403
    └── FetchFailed         asking a peer did not give a document
        ├── Gone            410, or a Tombstone where an object was asked for
        ├── NotThere        404
        ├── FetchRefused         any other lasting answer: 4xx, wrong type, wrong id, bad JSON
        ├── TooBig          more bytes than we read
        ├── PrivateAddress  our own guard refused to connect
        ├── Unreachable     a passing fault: DNS, connect, timeout, 5xx, 408, 429
        └── BudgetSpent     we asked enough for one activity

Every error has a stable snake_case `code` for machines (logs, answers, tests), a sentence `detail`
for people, and `facts`: what we computed beside what we received, so that the author of a peer can
find the difference without access to our machine.
"""


class ProtocolError(Exception):
    """Something between two servers is not as it must be.

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
    """The sender is known, but this is not the sender's to say (403)."""


class FetchFailed(ProtocolError):
    """A GET did not give a usable document.

    `url` is what was asked for, `status` the HTTP status when there was one.
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
    """The origin says that it was deleted: 410, or a Tombstone where an object was asked for."""


class NotThere(FetchFailed):
    """The origin answers 404. An origin that blocks us may say so too, so nothing is deleted."""


class FetchRefused(FetchFailed):
    """The origin gives no usable document and asking again will not help."""


class TooBig(FetchFailed):
    """The answer is larger than what we read."""


class PrivateAddress(FetchFailed):
    """The name leads to an address that our guard does not connect to."""


class Unreachable(FetchFailed):
    """A passing fault: DNS, connect, timeout, 5xx, 408, 429.

    `retry_after` is the peer's own wish in seconds, when it gave one.
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
    """One activity has caused enough requests or taken enough time."""
