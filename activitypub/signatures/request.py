"""The front door of HTTP signatures: `verify` a request that came, `sign` one that goes out.

Nothing is fetched here. The caller asks `key_id_of`, finds that key, and calls `verify`; whose key
it is and what its owner may say is decided elsewhere.

There are two schemes. A request with a Signature-Input header is verified by RFC 9421 and by
nothing else, every other one as draft-cavage: what one scheme covers never helps the other. Of
several signatures in one request none is picked; there must be one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Literal
from urllib.parse import quote

from activitypub.errors import Malformed, ProtocolError, SignatureInvalid
from activitypub.iri import host_of, origin_of, without_fragment
from activitypub.signatures import cavage, rfc9421
from activitypub.signatures.digest import (
    check_content_digest,
    check_digest,
    content_digest_header,
    digest_header,
)
from activitypub.signatures.keys import PrivateKey, ProofKey, PublicKey

CLOCK_SKEW = 3600
"""Seconds that clocks may differ in either direction (Mastodon 4.6, Lemmy, Fedify)."""

LIFETIME = 300
"""Seconds a signature lives when it does not say, so a Date counts from -65 to +60 minutes."""

MAX_LIFETIME = 12 * 3600
"""Seconds after which a signature is over whatever its `expires` says (Mastodon 4.6)."""

CONTENT_TYPE = "application/activity+json"

Profile = Literal["cavage", "rfc9421"]

_SINGLE = ("signature", "signature-input", "digest", "content-digest", "host", "date")
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

    @property
    def profile(self) -> Profile:
        """By which scheme the request is verified: RFC 9421 if it says so, else draft-cavage."""
        return "rfc9421" if self.values("signature-input") else "cavage"


def key_id_of(request: SignedRequest) -> str:
    """The id of the key that the request claims to be signed with.

    Raises `SignatureInvalid` for an unsigned request (`signature_missing`) or one with several
    signatures (`signature_several`), `Malformed` for one whose signature cannot be read or is there
    twice.
    """
    return _parameters(request).key_id or ""


def verify(
    request: SignedRequest,
    key: PublicKey,
    *,
    hosts: frozenset[str],
    now: datetime,
    scheme: str = "https",
) -> None:
    """Prove that the owner of `key` sent exactly this request to one of `hosts`, now.

    Covered must be, by draft-cavage, `(request-target)`, `host`, `date` or `(created)`, and with a
    body `digest`; by RFC 9421, `@method`, `@target-uri` and with a body `content-digest` (Mastodon
    4.5). `hosts` are our own, as `host_of` writes them; `scheme` is that of our own IRIs, `http` in
    development. Raises `Malformed` when headers are broken or repeated, else `SignatureInvalid`;
    its `facts` name the `check` that failed, the `key_id`, and where they apply `computed`,
    `received`, `signing_string` (RFC 9421's signature base too), `clock_offset` (seconds that the
    sender's clock is ahead of ours).
    """
    parameters = _parameters(request)
    try:
        if isinstance(parameters, rfc9421.Parameters):
            host = _check_host(request, hosts)
            _check_rfc9421(request, parameters, key, now.timestamp(), f"{scheme}://{host}")
        else:
            _check_cavage(request, parameters, key, hosts, now.timestamp())
    except ProtocolError as error:
        error.facts.setdefault("key_id", parameters.key_id or "")
        raise


def sign(  # noqa: PLR0913 - what is signed, by whom, when, and the receiver's two habits
    method: str,
    url: str,
    body: bytes | None,
    key: PrivateKey | ProofKey,
    now: datetime,
    *,
    cover_query: bool = True,
    profile: Profile = "cavage",
) -> dict[str, str]:
    """The headers that make a request ours: Host, Date, Signature, for a body digest and type.

    `url` must be the one that is sent, to the byte; `now` is aware. Sign anew for every attempt:
    some peers take a signature for a minute only. `cover_query=False` leaves the query out of the
    target that draft-cavage signs, for the peers that drop it (PieFed, Mbin, Pleroma before 2024).
    Signed headers and algorithm are the set that every known peer takes; draft-cavage takes RSA
    only, so another key with it raises `ValueError`.
    """
    headers = {
        "Host": host_of(url),
        "Date": format_datetime(now.astimezone(UTC), usegmt=True),
    }
    if body is not None and profile == "cavage":
        headers["Digest"] = digest_header(body)
    elif body is not None:
        headers["Content-Digest"] = content_digest_header(body)
    if body is not None:
        headers["Content-Type"] = CONTENT_TYPE
    if profile == "rfc9421":
        return headers | _sign_rfc9421(method, url, headers, key, now)
    if not isinstance(key, PrivateKey):
        raise ValueError("draft-cavage is signed with an RSA key")  # noqa: TRY004 - not a type
    target = _target_of(url)
    return headers | _sign_cavage(
        method, target if cover_query else _without_query(target), headers, key
    )


def _sign_cavage(
    method: str, target: str, headers: Mapping[str, str], key: PrivateKey
) -> dict[str, str]:
    covered = (cavage.REQUEST_TARGET, *(name.lower() for name in headers))
    text = cavage.signing_string(
        covered,
        method=method,
        target=target,
        headers={name.lower(): value for name, value in headers.items()},
    )
    return {
        "Signature": f'keyId="{key.id}",algorithm="rsa-sha256",headers="{" ".join(covered)}",'
        f'signature="{cavage.sign(text, key.rsa)}"'
    }


def _sign_rfc9421(
    method: str, url: str, headers: Mapping[str, str], key: PrivateKey | ProofKey, now: datetime
) -> dict[str, str]:
    values = {
        rfc9421.METHOD: method.upper(),
        rfc9421.TARGET_URI: f"{origin_of(url)}{_target_of(url)}",
    }
    if "Content-Digest" in headers:
        values[rfc9421.CONTENT_DIGEST] = headers["Content-Digest"]
    parameters = rfc9421.parameters_of(list(values), key, created=int(now.timestamp()))
    base = rfc9421.signature_base(parameters, values)
    return {
        "Signature-Input": f"{rfc9421.LABEL}={parameters.line}",
        "Signature": f"{rfc9421.LABEL}={rfc9421.sign(base, key)}",
    }


def _parameters(request: SignedRequest) -> cavage.Parameters | rfc9421.Parameters:
    for name in _SINGLE:
        if len(request.values(name)) > 1:
            raise Malformed("header_duplicate", f"{name} is sent more than once.", header=name)
    values = request.values("signature")
    if not values:
        raise SignatureInvalid("signature_missing", "The request is not signed.", check="signature")
    if request.profile == "cavage":
        return cavage.parse_signature_header(values[0])
    found = rfc9421.parse_signatures(request.values("signature-input")[0], values[0])
    if len(found) > 1:
        raise SignatureInvalid(
            "signature_several",
            "There are several signatures, and no rule which of them counts.",
            check="signature",
            received=" ".join(found),
        )
    (parameters,) = found.values()
    if not parameters.key_id or parameters.created is None:
        raise Malformed("signature_incomplete", "Signature-Input has no keyid or no created.")
    return parameters


def _check_cavage(
    request: SignedRequest,
    parameters: cavage.Parameters,
    key: PublicKey,
    hosts: frozenset[str],
    now: float,
) -> None:
    _check_algorithm(parameters, key)
    _check_coverage(request, parameters)
    _check_host(request, hosts)
    _check_time(request, parameters, now)
    if "digest" in parameters.headers:
        check_digest(request.values("digest"), request.body)
    _check_signature(request, parameters, key)


def _check_rfc9421(
    request: SignedRequest,
    parameters: rfc9421.Parameters,
    key: PublicKey,
    now: float,
    origin: str,
) -> None:
    expected = rfc9421.ALGORITHMS[key.kind]
    if parameters.algorithm not in (None, expected):
        raise SignatureInvalid(
            "signature_algorithm",
            "The algorithm is not the one that keys of this kind sign with.",
            check="algorithm",
            computed=expected,
            received=str(parameters.algorithm),
        )
    needed = {rfc9421.METHOD, rfc9421.TARGET_URI}
    if _needs_digest(request):
        needed.add(rfc9421.CONTENT_DIGEST)
    _require(needed, parameters.components)
    starts = [float(parameters.created or 0)]
    if '"date"' in parameters.components:
        starts.append(_date(_header(request, "date")))
    _check_window(starts, parameters.expires, now)
    if rfc9421.CONTENT_DIGEST in parameters.components:
        check_content_digest(request.values("content-digest"), request.body)
    base = rfc9421.signature_base(parameters, _component_values(request, origin))
    if not rfc9421.verify(base, parameters.signature, key):
        raise _mismatch(base)


def _component_values(request: SignedRequest, origin: str) -> dict[str, str]:
    """What a signature can cover (RFC 9421 §2), by identifier.

    The address is our own, never the one that the request was routed by. Components with
    parameters (`;sf`, `;bs`, `;key`, `;req`, `@query-param`) are not among them: no peer sends any.
    """
    if not request.target.startswith("/"):
        # Behind an origin, `.evil.example/` would become another origin.
        raise Malformed("target_malformed", "The request's target is no path.", check="target")
    path, _, query = request.target.partition("?")
    scheme, _, host = origin.partition("://")
    return {f'"{name}"': value for name, value in _joined_headers(request).items()} | {
        rfc9421.METHOD: request.method.upper(),
        rfc9421.TARGET_URI: f"{origin}{request.target}",
        '"@authority"': host,
        '"@scheme"': scheme,
        '"@request-target"': request.target,
        '"@path"': path,
        '"@query"': f"?{query}",
    }


def _check_algorithm(parameters: cavage.Parameters, key: PublicKey) -> None:
    if key.kind != "rsa":
        raise SignatureInvalid(
            "signature_algorithm",
            "draft-cavage is verified with RSA keys only; sign by RFC 9421 with others.",
            check="algorithm",
            received=key.kind,
        )
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
    needed = {cavage.REQUEST_TARGET, "host"}
    if cavage.CREATED not in parameters.headers:
        needed.add("date")
    if _needs_digest(request):
        needed.add("digest")
    _require(needed, parameters.headers)


def _needs_digest(request: SignedRequest) -> bool:
    return request.method.upper() not in _BODILESS or bool(request.body)


def _require(needed: set[str], covered: tuple[str, ...]) -> None:
    missing = needed.difference(covered)
    if missing:
        raise SignatureInvalid(
            "signature_coverage",
            "The signature does not cover all that it must.",
            check="headers",
            received=" ".join(covered),
            missing=" ".join(sorted(missing)),
        )


def _check_host(request: SignedRequest, hosts: frozenset[str]) -> str:
    """Which of `hosts` the request is for."""
    received = _header(request, "host").lower()
    for host in sorted(hosts):
        # PieFed, Mbin and Mastodon send and sign Host without the port.
        if received in (host, _without_port(host), f"{host}:443"):
            return host
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
    expires = None
    if cavage.EXPIRES in parameters.headers:
        expires = _seconds(parameters.expires, cavage.EXPIRES)
    _check_window(starts, expires, now)


def _check_window(starts: list[float], expires: float | None, now: float) -> None:
    for start in starts:
        end = start + LIFETIME
        if expires is not None:
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
    if not any(cavage.verify(text, parameters.signature, key.rsa) for text in texts):
        raise _mismatch(texts[0])


def _mismatch(text: str) -> SignatureInvalid:
    return SignatureInvalid(
        "signature_mismatch",
        "The signature is not the key's for this request.",
        check="signature",
        signing_string=text,
    )


def _signing_strings(request: SignedRequest, parameters: cavage.Parameters) -> Iterator[str]:
    """What may have been signed: as sent, without the query, and with Host without its port."""
    headers = _joined_headers(request)
    for host in (headers["host"], _without_port(headers["host"])):
        for target in (request.target, _without_query(request.target)):
            yield cavage.signing_string(
                parameters.headers,
                method=request.method,
                target=target,
                headers=headers | {"host": host},
                parameters=parameters,
            )


def _joined_headers(request: SignedRequest) -> dict[str, str]:
    """Each header once; what is repeated is joined by a comma, as both schemes say."""
    headers: dict[str, str] = {}
    for name, value in request.headers:
        before = f"{headers[name]}, " if name in headers else ""
        headers[name] = before + value.strip()
    return headers


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
