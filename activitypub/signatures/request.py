"""The entry point for HTTP signatures: `examine` incoming requests, `sign` outgoing ones.

Nothing is fetched here. The caller runs `examine` first, which checks everything that needs no key,
so that a bad request never makes us fetch one; then it finds the key and passes it to
`SignatureClaim.check`. Other modules decide who owns the key and what its owner may say. `steps`
shows every check.

There are two schemes. A request with a Signature-Input header is verified by RFC 9421 only, every
other one by draft-cavage: coverage by one scheme never counts for the other. A request must have
exactly one signature; if there are several, none is chosen.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import cached_property, lru_cache
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
"""Seconds that a signature is valid without `expires`: a Date counts from -65 to +60 minutes."""

EXPIRES_SLACK = 300
"""Seconds that our clock may be ahead of the signer's when a signature has `expires`."""

MAX_LIFETIME = 12 * 3600
"""Seconds after which a signature is invalid regardless of its `expires` (Mastodon 4.6)."""

CONTENT_TYPE = "application/activity+json"

Profile = Literal["cavage", "rfc9421"]

_SINGLE = ("signature", "signature-input", "digest", "content-digest", "host", "date")
_BODILESS = frozenset({"GET", "HEAD"})
_SAFE_IN_TARGET = "/?:@!$&'()*+,;=%-._~[]|^`{}"


@dataclass(frozen=True)
class SignedRequest:
    """A request as received on the wire.

    `target` is the raw path and query, never rebuilt from a parsed URL; `headers` have lower-case
    names and latin-1 text, in order and with repetitions; `body` is the raw bytes.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        """All values of one header, given its lower-case name."""
        return self._by_name.get(name, [])

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name, value in self.headers:
            found[name].append(value.strip())
        return dict(found)

    @cached_property
    def parameters(self) -> cavage.CavageParameters | rfc9421.Rfc9421Parameters:
        """Each step of the verification reads the signature; it is parsed once."""
        return _parse(self)

    @property
    def profile(self) -> Profile:
        """The scheme of the request: RFC 9421 if it has a Signature-Input, else draft-cavage."""
        return "rfc9421" if self.values("signature-input") else "cavage"


def key_id_of(request: SignedRequest) -> str:
    """The id of the key with which the request claims to be signed.

    Raises `SignatureInvalid` for an unsigned request (`signature_missing`) or one with several
    signatures (`signature_several`), `Malformed` for one whose signature cannot be parsed or is
    repeated.
    """
    return request.parameters.key_id or ""


@dataclass(frozen=True, slots=True)
class SignatureClaim:
    """A request that has passed every check that needs no key.

    `texts` are the possible signed texts, the most likely first: with draft-cavage the signing
    string as sent, then without the query, then with Host without its port; with RFC 9421 the
    signature base.
    """

    profile: Profile
    key_id: str
    algorithm: str | None
    texts: tuple[str, ...]
    signature: bytes

    def check(self, key: PublicKey) -> None:
        """Raises `SignatureInvalid` unless `key` signed it, `Malformed` if the key is invalid.

        The `facts` name the `check` (`algorithm` or `signature`), the `key_id`, and the
        `signing_string` (or the signature base of RFC 9421).
        """
        try:
            _check_kind(self, key)
            if not any(self._fits(text, key) for text in self.texts):
                raise SignatureInvalid(
                    "signature_mismatch",
                    "The signature does not match the request and the key.",
                    check="signature",
                    signing_string=self.texts[0],
                )
        except ProtocolError as error:
            error.facts.setdefault("key_id", self.key_id)
            raise

    def _fits(self, text: str, key: PublicKey) -> bool:
        if self.profile == "cavage":
            return cavage.verify(text, self.signature, key.rsa)
        return rfc9421.verify(text, self.signature, key)


@dataclass(frozen=True, slots=True)
class Step:
    """One check that needs no key: the facts it compared, and the error if it failed."""

    name: str
    facts: Mapping[str, str]
    error: ProtocolError | None = None


def steps(
    request: SignedRequest, *, hosts: frozenset[str], now: datetime, scheme: str = "https"
) -> Iterator[Step]:
    """All checks of `examine` in order, also after one has failed.

    Raises as `key_id_of` for a request whose signature cannot even be parsed.
    """
    parameters = request.parameters
    for name, check in _checks(request, parameters, hosts, now.timestamp()):
        try:
            yield Step(name, check())
        except ProtocolError as error:
            error.facts.setdefault("key_id", parameters.key_id or "")
            yield Step(name, error.facts, error)


def examine(
    request: SignedRequest, *, hosts: frozenset[str], now: datetime, scheme: str = "https"
) -> SignatureClaim:
    """Check everything in a signed request that needs no key: form, coverage, host, time, digest.

    A draft-cavage signature must cover `(request-target)`, `host`, `date` or `(created)`, and
    `digest` if there is a body; an RFC 9421 one `@method`, `@target-uri`, and `content-digest` if
    there is a body (Mastodon 4.5). `hosts` are our own, as `host_of` writes them; `scheme` is that
    of our own IRIs, `http` in development. Raises `Malformed` for broken or repeated headers, else
    `SignatureInvalid`; its `facts` name the `check` that failed, the `key_id`, and where they apply
    `computed`, `received`, `clock_offset` (seconds by which the sender's clock is ahead of ours).
    """
    for step in steps(request, hosts=hosts, now=now, scheme=scheme):
        if step.error is not None:
            raise step.error
    return claim_of(request, hosts=hosts, scheme=scheme)


def claim_of(
    request: SignedRequest, *, hosts: frozenset[str], scheme: str = "https"
) -> SignatureClaim:
    """The claim of a request without the checks of `examine`, for debugging.

    Raises as `key_id_of`, and `SignatureInvalid` if a covered header is missing.
    """
    parameters = request.parameters
    try:
        texts = _texts(request, parameters, hosts, scheme)
    except ProtocolError as error:
        error.facts.setdefault("key_id", parameters.key_id or "")
        raise
    return SignatureClaim(
        request.profile,
        parameters.key_id or "",
        parameters.algorithm,
        texts,
        parameters.signature,
    )


def signing_time(request: SignedRequest) -> float:
    """When the request was signed, in epoch seconds by its sender's clock.

    The earliest of the covered times: only the signer can have set it.
    Raises as `examine` for a request that covers no time.
    """
    starts, _ = _times(request, request.parameters)
    return min(starts)


def sign(  # noqa: PLR0913 - what is signed, by whom, when, and two options for the receiver
    method: str,
    url: str,
    body: bytes | None,
    key: PrivateKey | ProofKey,
    now: datetime,
    *,
    cover_query: bool = True,
    profile: Profile = "cavage",
) -> dict[str, str]:
    """The headers that sign a request: Host, Date, Signature, and with a body its digest and type.

    `url` must be exactly the one that is sent; `now` is aware. Sign again for every attempt: some
    peers accept a signature for one minute only. `cover_query=False` leaves the query out of the
    target that draft-cavage signs, for peers that drop it (PieFed, Mbin, Pleroma before 2024). The
    signed headers and the algorithm are the set that every known peer accepts; draft-cavage needs
    an RSA key, and any other raises `ValueError`.
    """
    headers = {
        "Host": host_of(url),
        "Date": _http_date(int(now.timestamp())),
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
        raise ValueError("draft-cavage signatures need an RSA key")  # noqa: TRY004 - not a type
    target = _target_of(url)
    return headers | _sign_cavage(
        method, target if cover_query else _without_query(target), headers, key
    )


@lru_cache(maxsize=16)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def _sign_cavage(
    method: str, target: str, headers: Mapping[str, str], key: PrivateKey
) -> dict[str, str]:
    values = {cavage.REQUEST_TARGET: f"{method.lower()} {target}"}
    values |= {name.lower(): value for name, value in headers.items()}
    # As `cavage.signing_string`, which also has to read what others have covered.
    text = "\n".join([f"{name}: {value}" for name, value in values.items()])
    return {
        "Signature": f'keyId="{key.id}",algorithm="rsa-sha256",headers="{" ".join(values)}",'
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


def _parse(request: SignedRequest) -> cavage.CavageParameters | rfc9421.Rfc9421Parameters:
    for name in _SINGLE:
        if len(request.values(name)) > 1:
            raise Malformed(
                "header_duplicate", f"The header {name} was sent more than once.", header=name
            )
    values = request.values("signature")
    if not values:
        raise SignatureInvalid("signature_missing", "The request is not signed.", check="signature")
    if request.profile == "cavage":
        return cavage.parse_signature_header(values[0])
    found = rfc9421.parse_signatures(request.values("signature-input")[0], values[0])
    if len(found) > 1:
        raise SignatureInvalid(
            "signature_several",
            "The request has several signatures, and no rule says which one counts.",
            check="signature",
            received=" ".join(found),
        )
    (parameters,) = found.values()
    if not parameters.key_id or parameters.created is None:
        raise Malformed(
            "signature_incomplete", "Signature-Input has no keyid or no created parameter."
        )
    return parameters


_Checks = list[tuple[str, Callable[[], Mapping[str, str]]]]


def _checks(
    request: SignedRequest,
    parameters: cavage.CavageParameters | rfc9421.Rfc9421Parameters,
    hosts: frozenset[str],
    now: float,
) -> _Checks:
    """Each check with its name. A check returns what it compared, or raises."""
    if isinstance(parameters, rfc9421.Rfc9421Parameters):
        covered, needed = parameters.components, _needed_by_rfc9421(request)
        digest = (rfc9421.CONTENT_DIGEST in covered, "content-digest", check_content_digest)
    else:
        covered, needed = parameters.headers, _needed_by_cavage(request, parameters)
        digest = ("digest" in covered, "digest", check_digest)
    return [
        ("algorithm", lambda: _check_algorithm(parameters)),
        ("headers", lambda: _require(needed, covered)),
        ("host", lambda: _check_host(request, hosts)),
        ("time", lambda: _check_time(request, parameters, now)),
        ("digest", lambda: _check_body(request, *digest)),
    ]


def _check_body(
    request: SignedRequest,
    covered: bool,
    name: str,
    check: Callable[[Sequence[str], bytes], None],
) -> Mapping[str, str]:
    if not covered:
        return {"received": "not covered", "computed": ""}
    check(request.values(name), request.body)
    made = digest_header if name == "digest" else content_digest_header
    return {"received": request.values(name)[0], "computed": made(request.body)}


def _check_kind(claim: SignatureClaim, key: PublicKey) -> None:
    if claim.profile == "cavage" and key.kind != "rsa":
        raise SignatureInvalid(
            "signature_algorithm",
            "draft-cavage signatures are supported with RSA keys only; use RFC 9421 with other"
            " keys.",
            check="algorithm",
            received=key.kind,
        )
    # The key decides how to verify, never the name: hmac-sha256 would use the PEM as a secret.
    expected = rfc9421.ALGORITHMS[key.kind]
    if claim.profile == "rfc9421" and claim.algorithm not in (None, expected):
        raise SignatureInvalid(
            "signature_algorithm",
            "The algorithm does not match the type of the key.",
            check="algorithm",
            computed=expected,
            received=str(claim.algorithm),
        )


def _needed_by_rfc9421(request: SignedRequest) -> set[str]:
    needed = {rfc9421.METHOD, rfc9421.TARGET_URI}
    return needed | ({rfc9421.CONTENT_DIGEST} if _needs_digest(request) else set())


def _needed_by_cavage(request: SignedRequest, parameters: cavage.CavageParameters) -> set[str]:
    needed = {cavage.REQUEST_TARGET, "host"}
    if cavage.CREATED not in parameters.headers:
        needed.add("date")
    return needed | ({"digest"} if _needs_digest(request) else set())


def _texts(
    request: SignedRequest,
    parameters: cavage.CavageParameters | rfc9421.Rfc9421Parameters,
    hosts: frozenset[str],
    scheme: str,
) -> tuple[str, ...]:
    if isinstance(parameters, rfc9421.Rfc9421Parameters):
        origin = f"{scheme}://{_host_meant(request, hosts)}"
        return (rfc9421.signature_base(parameters, _component_values(request, origin)),)
    return tuple(dict.fromkeys(_signing_strings(request, parameters)))


def _component_values(request: SignedRequest, origin: str) -> dict[str, str]:
    """The components that a signature can cover (RFC 9421 §2), by identifier.

    The address is our own, never the one by which the request was routed. Components with
    parameters (`;sf`, `;bs`, `;key`, `;req`, `@query-param`) are not supported: no peer sends any.
    """
    if not request.target.startswith("/"):
        # Appended to an origin, `.evil.example/` would make another origin.
        raise Malformed("target_malformed", "The request target is not a path.", check="target")
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


def _check_algorithm(
    parameters: cavage.CavageParameters | rfc9421.Rfc9421Parameters,
) -> Mapping[str, str]:
    algorithm = parameters.algorithm
    if isinstance(parameters, rfc9421.Rfc9421Parameters):
        known: Iterable[str] = rfc9421.ALGORITHMS.values()
        is_known = algorithm is None or algorithm in known
    else:
        known = sorted(cavage.ALGORITHMS)
        is_known = algorithm is None or algorithm.lower() in known
    if not is_known:
        raise SignatureInvalid(
            "signature_algorithm",
            f"Unsupported algorithm; supported are {' and '.join(known)}.",
            check="algorithm",
            received=str(algorithm),
        )
    if isinstance(parameters, cavage.CavageParameters):
        _check_timed(parameters)
    return {"received": algorithm or "none named"}


def _check_timed(parameters: cavage.CavageParameters) -> None:
    timed = {cavage.CREATED, cavage.EXPIRES}.intersection(parameters.headers)
    if timed and (parameters.algorithm or "hs2019").lower() != "hs2019":
        raise SignatureInvalid(
            "signature_algorithm",
            "(created) and (expires) may be used only with hs2019 (draft-cavage-12 §2.3).",
            check="algorithm",
            received=str(parameters.algorithm),
        )


def _needs_digest(request: SignedRequest) -> bool:
    return request.method.upper() not in _BODILESS or bool(request.body)


def _require(needed: set[str], covered: tuple[str, ...]) -> Mapping[str, str]:
    missing = needed.difference(covered)
    if missing:
        raise SignatureInvalid(
            "signature_coverage",
            "The signature does not cover everything it must.",
            check="headers",
            received=" ".join(covered),
            missing=" ".join(sorted(missing)),
        )
    return {"received": " ".join(covered)}


def _check_host(request: SignedRequest, hosts: frozenset[str]) -> Mapping[str, str]:
    return {"received": _header(request, "host"), "computed": _host_meant(request, hosts)}


def _host_meant(request: SignedRequest, hosts: frozenset[str]) -> str:
    """The one of `hosts` that the request is for."""
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


def _check_time(
    request: SignedRequest,
    parameters: cavage.CavageParameters | rfc9421.Rfc9421Parameters,
    now: float,
) -> Mapping[str, str]:
    # Only covered values count: anybody could have changed the others.
    starts, expires = _times(request, parameters)
    _check_window(starts, expires, now)
    return {
        "received": str(int(starts[0])),
        "computed": str(int(now)),
        "clock_offset": str(int(starts[0] - now)),
    }


def _times(
    request: SignedRequest, parameters: cavage.CavageParameters | rfc9421.Rfc9421Parameters
) -> tuple[list[float], float | None]:
    """Every covered time of signing, and the time at which the signature expires."""
    if isinstance(parameters, rfc9421.Rfc9421Parameters):
        starts = [float(parameters.created or 0)]
        if '"date"' in parameters.components:
            starts.append(_date(_header(request, "date")))
        return starts, parameters.expires
    starts = []
    if "date" in parameters.headers:
        starts.append(_date(_header(request, "date")))
    if cavage.CREATED in parameters.headers:
        starts.append(_seconds(parameters.created, cavage.CREATED))
    if not starts:
        raise SignatureInvalid(
            "signature_coverage", "The signature covers no date.", check="headers", missing="date"
        )
    expires = None
    if cavage.EXPIRES in parameters.headers:
        expires = _seconds(parameters.expires, cavage.EXPIRES)
    return starts, expires


def _check_window(starts: list[float], expires: float | None, now: float) -> None:
    for start in starts:
        last = start + LIFETIME + CLOCK_SKEW
        if expires is not None:
            if expires < start:
                raise SignatureInvalid(
                    "signature_expires",
                    "The signature expires before it was created.",
                    check="expires",
                    computed=str(int(start)),
                    received=str(int(expires)),
                )
            last = min(expires, start + MAX_LIFETIME) + EXPIRES_SLACK
        if start > now + CLOCK_SKEW or last < now:
            raise SignatureInvalid(
                "signature_time",
                "The signature is too old, or the clock of its sender is wrong.",
                check="time",
                computed=str(int(now)),
                received=str(int(start)),
                clock_offset=str(int(start - now)),
            )


def _signing_strings(request: SignedRequest, parameters: cavage.CavageParameters) -> Iterator[str]:
    """The possible signed texts: as sent, without the query, and with Host without its port."""
    headers = _joined_headers(request)
    without_port = headers | {
        name: _without_port(value) for name, value in headers.items() if name == "host"
    }
    for values in (headers, without_port):
        for target in (request.target, _without_query(request.target)):
            yield cavage.signing_string(
                parameters.headers,
                method=request.method,
                target=target,
                headers=values,
                parameters=parameters,
            )


def _joined_headers(request: SignedRequest) -> dict[str, str]:
    """Each header once; repeated ones are joined with a comma, as both schemes require."""
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
            f"The signature covers {name}, which is missing from the request.",
            check="headers",
            received=name,
        )
    return values[0]


def _date(text: str) -> float:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise Malformed(
            "date_malformed", "The Date header is not a valid date.", received=text
        ) from error


def _seconds(digits: str | None, name: str) -> float:
    if digits is None:
        raise SignatureInvalid(
            "signature_header_absent",
            f"The signature covers {name}, but has no such parameter.",
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
