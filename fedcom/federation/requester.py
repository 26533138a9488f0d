"""The requester of a document: a microblog server or not.

Both forms of a public document are public, so the request's own claims are enough: no signature is
verified for it.
"""

import re

from sqlalchemy import Connection
from starlette.datastructures import Headers

from activitypub.errors import Malformed
from activitypub.iri import host_of
from fedcom.remote.peers import find_peer
from fedcom.rules.dialects import Dialect, dialect_of, is_microblog_agent

ASKED_BY = "Accept, User-Agent, Signature, Signature-Input"
"""The `Vary` of responses that differ for microblog servers."""

# In `Signature` (draft-cavage) or in `Signature-Input` (RFC 9421).
_KEY_ID = re.compile(r'\bkeyid="([^"]{1,2000})"', re.IGNORECASE)


def is_microblog(conn: Connection, headers: Headers) -> bool:
    """Whether a request comes from a microblog server.

    By the software of the host whose key it names, if NodeInfo has told us; else by its User-Agent.
    """
    host = _key_host(headers)
    known = None if host is None else find_peer(conn, host)
    if known is not None and known.software is not None:
        dialect = dialect_of(known.software, reached=known.reached)
        if dialect is not Dialect.UNFAMILIAR:
            return dialect is Dialect.MICROBLOG
    return is_microblog_agent(headers.get("user-agent", ""))


def _key_host(headers: Headers) -> str | None:
    for name in ("signature", "signature-input"):
        found = _KEY_ID.search(headers.get(name, ""))
        if found is not None:
            try:
                return host_of(found[1])
            except Malformed:
                return None
    return None
