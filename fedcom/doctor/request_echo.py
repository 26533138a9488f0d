"""What a signed request of our own looks like when it has passed the proxy.

The server tells only itself: the address has a token that is signed with its secret.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from starlette.requests import Request

from activitypub.errors import ProtocolError
from activitypub.signatures.keys import PublicKey
from activitypub.signatures.request import SignedRequest, examine
from fedcom.errors import Denied
from fedcom.http.instance import Instance
from fedcom.http.signer import HmacSigner, parts_of
from fedcom.queries.actors import find_actor
from fedcom.settings import Settings
from inbox.body import Unreadable, read
from inbox.receive import to_signed_request

PATH = "/doctor"

_PURPOSE = "request echo"
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class RequestEcho:
    """A request as it arrived: `peer` is who connected to us, usually the proxy; `fault` is why its
    signature does not fit, or "".
    """

    host: str
    peer: str
    has_forwarded_for: bool
    fault: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "RequestEcho":
        """As it was answered. Raises ValueError if it is something else."""
        names = ("host", "peer", "has_forwarded_for", "fault")
        match [document.get(name) for name in names]:
            case [str() as host, str() as peer, bool() as has, str() as fault]:
                return cls(host, peer, has, fault)
        raise ValueError("another program answers there")


def echo_address(signer: HmacSigner, origin: str, now: datetime) -> str:
    """The address at which this server tells how a POST arrived, for the next minutes."""
    token = signer.sign(_PURPOSE, str(int(now.timestamp())))
    return f"{origin}{PATH}?token={quote(token)}"


async def answer_echo(request: Request, instance: Instance) -> RequestEcho:
    """What to answer. Raises Denied without a token that was signed here in the last minutes."""
    token, now = request.query_params.get("token", ""), instance.clock()
    # Until it is verified, the number may be anything.
    is_ours = instance.signer.verify(_PURPOSE, token)
    if not is_ours or not 0 <= now.timestamp() - int(*parts_of(token, 1)) < _SECONDS:
        raise Denied("not_an_admin", "Only this server itself may ask this.")
    actor = await instance.read(lambda conn: find_actor(conn, f"{instance.settings.origin}/actor"))
    key = PublicKey(
        id=actor.public_key_id or "" if actor else "",
        owner=actor.iri if actor else "",
        pem=actor.public_key_pem or "" if actor else "",
    )
    try:
        signed = to_signed_request(request, await read(request))
        await asyncio.to_thread(_verify, signed, key, instance.settings, now)
        fault = ""
    except Unreadable as error:
        fault = error.problem.detail
    except ProtocolError as error:
        fault = error.detail
    client = request.client.host if request.client else ""
    return RequestEcho(
        host=request.headers.get("host", ""),
        peer=getattr(request.state, "peer", client),
        has_forwarded_for="x-forwarded-for" in request.headers,
        fault=fault[:200],  # of an answer to a POST, half a kilobyte is read
    )


def _verify(signed: SignedRequest, key: PublicKey, settings: Settings, now: datetime) -> None:
    scheme = settings.origin.partition(":")[0]
    examine(signed, hosts=frozenset({settings.host}), now=now, scheme=scheme).check(key)
