"""Who asks for a document: a microblog or not.

Nothing is secret in either form of a public document, so what a request says of itself is taken for
true: no signature is verified for it.
"""

import re

from sqlalchemy import Connection
from starlette.datastructures import Headers

from activitypub.errors import Malformed
from activitypub.iri import host_of
from fedcom.remote.peers import find_peer
from fedcom.rules.dialects import Dialect, dialect_of, is_microblog_agent

ASKED_BY = "Accept, User-Agent, Signature, Signature-Input"
"""The `Vary` of what is different for microblogs."""

# In `Signature` (draft-cavage) or in `Signature-Input` (RFC 9421).
_KEY_ID = re.compile(r'\bkeyid="([^"]{1,2000})"', re.IGNORECASE)


def is_microblog(conn: Connection, headers: Headers) -> bool:
    """Whether a request comes from a server of microblogs.

    By the software of the host whose key it names, as far as NodeInfo has told it; else by its
    User-Agent.
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
