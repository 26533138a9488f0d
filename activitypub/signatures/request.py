"""The front door of HTTP signatures: `verify` a request that came, `sign` one that goes out.

Nothing is fetched here. The caller asks `key_id_of`, finds that key, and calls `verify`; whose key
it is and what its owner may say is decided elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

from activitypub.errors import Malformed, ProtocolError, SignatureInvalid
from activitypub.iri import host_of, without_fragment
from activitypub.signatures import cavage
from activitypub.signatures.digest import check_digest, digest_header
from activitypub.signatures.keys import PrivateKey, PublicKey

CLOCK_SKEW = 3600
"""Seconds that clocks may differ in either direction (Mastodon 4.6, Lemmy, Fedify)."""

LIFETIME = 300
"""Seconds a signature lives when it does not say, so a Date counts from -65 to +60 minutes."""

MAX_LIFETIME = 12 * 3600
"""Seconds after which a signature is over whatever its `expires` says (Mastodon 4.6)."""

CONTENT_TYPE = "application/activity+json"

_SINGLE = ("signature", "digest", "host", "date")
_BODILESS = frozenset({"GET", "HEAD"})
_SAFE_IN_TARGET = "/?:@!$&'()*+,;=%-._~[]|^`{}"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it came over the wire.

    `target` is the raw path and query, never rebuilt from a parsed URL; `headers` have lower-case
    names and latin-1 text, in order, repeated ones kept; `body` is the raw bytes.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        """All values of one header, given its lower-case name."""
        return [value.strip() for key, value in self.headers if key == name]


def key_id_of(request: SignedRequest) -> str:
    """The id of the key that the request claims to be signed with.

    Raises `SignatureInvalid("signature_missing")` for an unsigned request, `Malformed` for one
    whose signature cannot be read or is there twice.
    """
    return _parameters(request).key_id


def verify(request: SignedRequest, key: PublicKey, *, hosts: frozenset[str], now: datetime) -> None:
    """Prove that the owner of `key` sent exactly this request to one of `hosts`, now.

    Covered must be `(request-target)`, `host`, `date` or `(created)`, and with a body `digest`.
    `hosts` are our own, as `host_of` writes them. Raises `Malformed` when headers are broken or
    repeated, else `SignatureInvalid`; its `facts` name the `check` that failed, the `key_id`, and
    where they apply `computed`, `received`, `signing_string`, `clock_offset` (seconds that the
    sender's clock is ahead of ours).
    """
    parameters = _parameters(request)
    try:
        _check_algorithm(parameters)
        _check_coverage(request, parameters)
        _check_host(request, hosts)
        _check_time(request, parameters, now.timestamp())
        if "digest" in parameters.headers:
            check_digest(request.values("digest"), request.body)
        _check_signature(request, parameters, key)
    except ProtocolError as error:
        error.facts.setdefault("key_id", parameters.key_id)
        raise


def sign(
    method: str,
    url: str,
    body: bytes | None,
    key: PrivateKey,
    now: datetime,
    *,
    cover_query: bool = True,
) -> dict[str, str]:
    """The headers that make a request ours: Host, Date, Signature, for a body Digest and its type.

    `url` must be the one that is sent, to the byte; `now` is aware. Sign anew for every attempt:
    some peers take a signature for a minute only. `cover_query=False` leaves the query out of the
    signed target, for the peers that drop it (PieFed, Mbin, Pleroma before 2024). Signed headers
    and algorithm are the set that every known peer takes (cavage, `rsa-sha256`).
    """
    headers = {
        "Host": host_of(url),
        "Date": format_datetime(now.astimezone(UTC), usegmt=True),
    }
    if body is not None:
        headers["Digest"] = digest_header(body)
        headers["Content-Type"] = CONTENT_TYPE
    covered = (cavage.REQUEST_TARGET, *(name.lower() for name in headers))
    target = _target_of(url)
    text = cavage.signing_string(
        covered,
        method=method,
        target=target if cover_query else _without_query(target),
        headers={name.lower(): value for name, value in headers.items()},
    )
    headers["Signature"] = (
        f'keyId="{key.id}",algorithm="rsa-sha256",headers="{" ".join(covered)}",'
        f'signature="{cavage.sign(text, key.rsa)}"'
    )
    return headers


def _parameters(request: SignedRequest) -> cavage.Parameters:
    for name in _SINGLE:
        if len(request.values(name)) > 1:
            raise Malformed("header_duplicate", f"{name} is sent more than once.", header=name)
    values = request.values("signature")
    if not values:
        raise SignatureInvalid("signature_missing", "The request is not signed.", check="signature")
    return cavage.parse_signature_header(values[0])


def _check_algorithm(parameters: cavage.Parameters) -> None:
    # The key decides how to verify, never this name: hmac-sha256 would make its PEM a secret.
    algorithm = parameters.algorithm
    if algorithm is not None and algorithm.lower() not in cavage.ALGORITHMS:
        raise SignatureInvalid(
            "signature_algorithm",
            "Only rsa-sha256 and hs2019 are verified.",
            check="algorithm",
            received=algorithm,
        )
    timed = {cavage.CREATED, cavage.EXPIRES}.intersection(parameters.headers)
    if timed and (algorithm or "hs2019").lower() != "hs2019":
        raise SignatureInvalid(
            "signature_algorithm",
            "(created) and (expires) go with hs2019 only (draft-cavage-12 §2.3).",
            check="algorithm",
            received=str(algorithm),
        )


def _check_coverage(request: SignedRequest, parameters: cavage.Parameters) -> None:
    covered = set(parameters.headers)
    missing = {cavage.REQUEST_TARGET, "host"} - covered
    if not covered & {"date", cavage.CREATED}:
        missing.add("date")
    if (request.method.upper() not in _BODILESS or request.body) and "digest" not in covered:
        missing.add("digest")
    if missing:
        raise SignatureInvalid(
            "signature_coverage",
            "The signature does not cover all that it must.",
            check="headers",
            received=" ".join(parameters.headers),
            missing=" ".join(sorted(missing)),
        )


def _check_host(request: SignedRequest, hosts: frozenset[str]) -> None:
    received = _header(request, "host").lower()
    # PieFed, Mbin and Mastodon send and sign Host without the port.
    accepted = hosts | {_without_port(host) for host in hosts} | {f"{host}:443" for host in hosts}
    if received not in accepted:
        raise SignatureInvalid(
            "signature_host",
            "The request was signed for another host.",
            check="host",
            computed=" ".join(sorted(hosts)),
            received=received,
        )


def _check_time(request: SignedRequest, parameters: cavage.Parameters, now: float) -> None:
    # Only what is covered counts: anybody could have changed the rest.
    starts = []
    if "date" in parameters.headers:
        starts.append(_date(_header(request, "date")))
    if cavage.CREATED in parameters.headers:
        starts.append(_seconds(parameters.created, cavage.CREATED))
    for start in starts:
        end = start + LIFETIME
        if cavage.EXPIRES in parameters.headers:
            expires = _seconds(parameters.expires, cavage.EXPIRES)
            if expires < start:
                raise SignatureInvalid(
                    "signature_expires",
                    "The signature expires before it was made.",
                    check="expires",
                    computed=str(int(start)),
                    received=str(int(expires)),
                )
            end = min(expires, start + MAX_LIFETIME)
        if start > now + CLOCK_SKEW or end < now - CLOCK_SKEW:
            raise SignatureInvalid(
                "signature_time",
                "The signature is too old, or its sender's clock is wrong.",
                check="time",
                computed=str(int(now)),
                received=str(int(start)),
                clock_offset=str(int(start - now)),
            )


def _check_signature(request: SignedRequest, parameters: cavage.Parameters, key: PublicKey) -> None:
    texts = list(dict.fromkeys(_signing_strings(request, parameters)))
    if any(cavage.verify(text, parameters.signature, key.rsa) for text in texts):
        return
    raise SignatureInvalid(
        "signature_mismatch",
        "The signature is not the key's for this request.",
        check="signature",
        signing_string=texts[0],
    )


def _signing_strings(request: SignedRequest, parameters: cavage.Parameters) -> Iterator[str]:
    """What may have been signed: as sent, without the query, and with Host without its port."""
    headers: dict[str, str] = {}
    for name, value in request.headers:
        before = f"{headers[name]}, " if name in headers else ""
        headers[name] = before + value.strip()
    for host in (headers["host"], _without_port(headers["host"])):
        for target in (request.target, _without_query(request.target)):
            yield cavage.signing_string(
                parameters.headers,
                method=request.method,
                target=target,
                headers=headers | {"host": host},
                parameters=parameters,
            )


def _header(request: SignedRequest, name: str) -> str:
    values = request.values(name)
    if not values:
        raise SignatureInvalid(
            "signature_header_absent",
            f"The signature covers {name}, which the request does not have.",
            check="headers",
            received=name,
        )
    return values[0]


def _date(text: str) -> float:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise Malformed("date_malformed", "The Date header is no date.", received=text) from error


def _seconds(digits: str | None, name: str) -> float:
    if digits is None:
        raise SignatureInvalid(
            "signature_header_absent",
            f"The signature covers {name}, which it does not give.",
            check="headers",
            received=name,
        )
    return float(digits)


def _target_of(url: str) -> str:
    rest = without_fragment(url).partition("://")[2]
    start = min((i for i in (rest.find("/"), rest.find("?")) if i >= 0), default=len(rest))
    target = quote(rest[start:], safe=_SAFE_IN_TARGET)
    return target if target.startswith("/") else f"/{target}"


def _without_query(target: str) -> str:
    return target.partition("?")[0]


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
