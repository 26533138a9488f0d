"""Verifies a captured request as the inbox does, without a server, and shows every step.

The functions and their order are those of the inbox. Later checks are shown even if an earlier one
has failed; the first failure is the verdict. No database and no network: either the key is given,
or the output says from where the inbox would fetch it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request

from activitypub.authority import FetchFirst
from activitypub.document import Document
from activitypub.errors import Malformed, ProtocolError, SignatureInvalid
from activitypub.iri import check_iri, host_of, same_host, without_fragment
from activitypub.parse import parse
from activitypub.problem import Problem
from activitypub.signatures import integrity
from activitypub.signatures.keys import PublicKey
from activitypub.signatures.request import (
    SignedRequest,
    claim_of,
    key_id_of,
    steps,
)
from fedcom.remote.keys import keys_of
from inbox.body import Unreadable, check_head
from inbox.errors import Refused
from inbox.problem import of_error
from inbox.validate import check_form, check_id, check_relay

_BODILESS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step: its name, whether it passed (None: for information only), and its text."""

    name: str
    holds: bool | None
    text: str
    block: str = ""


@dataclass(slots=True)
class Verification:
    """All steps. `problem` is the error that the inbox would answer; None is 202, or undecided if
    the key is missing."""

    shown: list[StepResult] = field(default_factory=list)
    problem: Problem | None = None
    undecided: bool = False

    def show(self, name: str, text: str, *, holds: bool | None = None, block: str = "") -> None:
        """Add a step."""
        self.shown.append(StepResult(name, holds, text, block))

    def fail(self, name: str, error: ProtocolError | Refused | Unreadable) -> None:
        """Add a failed step; the first one is the verdict."""
        problem = error.problem if isinstance(error, Unreadable) else of_error(error)
        text = f"{problem.code}: {problem.detail}{_facts(problem.facts)}"
        self.show(name, text, holds=False)
        self.problem = self.problem or problem


@dataclass(frozen=True, slots=True)
class CapturedCase:
    """A request received at `now` by one of `hosts`, which are ours; `scheme` is that of our ids.

    `key_text` is a PEM, a Multikey's `publicKeyMultibase`, or the JSON of the actor or the key.
    """

    request: SignedRequest
    hosts: frozenset[str]
    scheme: str
    now: datetime
    key_text: str | None = None

    @property
    def is_development(self) -> bool:
        """Whether http, ports and loopback are permitted."""
        return self.scheme == "http"


def verify_capture(case: CapturedCase) -> Verification:
    """Verify a request, step by step."""
    seen, request = Verification(), case.request
    size = f"{len(request.headers)} headers, {len(request.body)} bytes of body"
    seen.show("request", f"{request.method} {request.target}, {size}")
    activity = None
    if request.method not in _BODILESS:
        activity = _judge_document(case, seen)
    _judge_signature(case, seen, activity)
    if activity is not None:
        _judge_proof(case, seen, activity)
    return seen


def _judge_document(case: CapturedCase, seen: Verification) -> Document | None:
    try:
        check_head(_to_starlette(case.request))
    except Unreadable as error:
        seen.fail("head", error)
    try:
        activity = Document(parse(case.request.body))
        check_form(activity, development=case.is_development)
    except ProtocolError as error:
        seen.fail("document", error)
        return None
    seen.show("document", f"{' of '.join(activity.shape)} by {activity.owner}", holds=True)
    return activity


def _to_starlette(request: SignedRequest) -> Request:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]
    return Request({"type": "http", "method": request.method, "path": "/", "headers": headers})


def _judge_signature(case: CapturedCase, seen: Verification, activity: Document | None) -> None:
    request = case.request
    by = "RFC 9421" if request.profile == "rfc9421" else "draft-cavage-12 (no Signature-Input)"
    seen.show("scheme", by)
    for name in ("signature-input", "signature"):
        for value in request.values(name):
            seen.show(f"{name} header", value)
    try:
        key_id = check_iri(key_id_of(request), development=case.is_development)
        seen.show("key id", key_id)
    except ProtocolError as error:
        seen.fail("key id", error)
        return
    try:
        _check_claims(case, key_id, activity)
    except (ProtocolError, Refused) as error:
        seen.fail("claims", error)
    for step in steps(request, hosts=case.hosts, now=case.now, scheme=case.scheme):
        if step.error is not None:
            seen.fail(step.name, step.error)
        else:
            seen.show(step.name, _facts(step.facts).removeprefix("; "), holds=True)
    _judge_key(case, seen, key_id, activity)


def _check_claims(case: CapturedCase, key_id: str, activity: Document | None) -> None:
    actor = activity.owner if activity is not None else None
    if activity is not None and actor is not None:
        check_id(activity, actor)
    if {host_of(key_id), host_of(actor or key_id)} & case.hosts:
        raise Refused(
            403, "actor_is_ours", "Neither the actor nor its key may be local to this server."
        )


def _judge_key(
    case: CapturedCase, seen: Verification, key_id: str, activity: Document | None
) -> None:
    try:
        claim = claim_of(case.request, hosts=case.hosts, scheme=case.scheme)
    except ProtocolError as error:
        seen.fail("signing string", error)
        return
    what = "signature base" if claim.profile == "rfc9421" else "signing string"
    also = f", or one of {len(claim.texts) - 1} alternatives" if len(claim.texts) > 1 else ""
    seen.show(what, f"as computed here{also}", block=claim.texts[0])
    if case.key_text is None:
        seen.show("key", f"not given: fetch {without_fragment(key_id)} and pass it with --key")
        seen.undecided = True
        return
    try:
        key = find_key(case.key_text, key_id)
        seen.show("key", f"{key.kind} of {key.owner}", holds=True)
        if not same_host(key.id, key.owner):
            raise SignatureInvalid(
                "key_on_other_host", "The key is not on the host of its owner.", check="key"
            )
        claim.check(key)
    except Malformed as error:
        detail = f"The signing key is not usable: {error.detail}"
        facts = {"check": "key", "fetch": error.code} | error.facts
        seen.fail("key", Refused(401, "key_not_usable", detail, facts))
        return
    except SignatureInvalid as error:
        error.facts.pop("signing_string", None)
        seen.fail("signature", error)
        return
    seen.show("signature", "made with this key", holds=True)
    if activity is not None:
        _show_signer(case, seen, key, activity)


def _show_signer(
    case: CapturedCase, seen: Verification, key: PublicKey, activity: Document
) -> None:
    if activity.owner == key.owner:
        seen.show("actor", "is the signer", holds=True)
        return
    try:
        verdict = check_relay(activity, key.owner, case.hosts)
    except Refused as error:
        seen.fail("actor", error)
        return
    if isinstance(verdict, FetchFirst):
        seen.show("actor", f"differs from the signer: its origin is asked at {verdict.iri}")
    else:
        seen.show("actor", "differs from the signer: its proof must be valid and new")


def find_key(text: str, key_id: str) -> PublicKey:
    """The key with this id in a PEM, a Multikey, or the JSON of an actor or a key.

    A PEM and a Multikey name no owner; it is derived from the id. Raises `Malformed`.
    """
    text = text.strip()
    owner = without_fragment(key_id) if "#" in key_id else key_id.rpartition("/")[0]
    if not text.startswith("{"):
        if "-----BEGIN" in text:
            key = PublicKey(key_id, owner, text)
            _ = key.loaded
            return key
        return PublicKey.from_multibase(key_id, owner, text)
    document = Document(parse(text.encode()))
    listed = keys_of(document)
    if not document.is_actor:
        listed = {key.id: PublicKey(key.id, key.owner, key.pem) for key in document.public_keys}
        for method in document.assertion_methods:
            listed[method.id] = PublicKey.from_multibase(method.id, method.owner, method.multibase)
    if key_id not in listed:
        raise Malformed(
            "key_not_listed",
            f"{document.id} does not list the key {key_id} as its own.",
            received=", ".join(listed),
        )
    _ = listed[key_id].loaded
    return listed[key_id]


def _judge_proof(case: CapturedCase, seen: Verification, activity: Document) -> None:
    """The integrity proof in the body; the inbox needs it only if the sender is not the actor."""
    if not activity.has_proof:
        seen.show("proof", "none")
        return
    try:
        proof = integrity.proof_of(activity.raw)
        method = proof.verification_method if proof is not None else ""
        if case.key_text is None:
            seen.show("proof", f"by {method}, but its key was not given")
            return
        integrity.verify(activity.raw, find_key(case.key_text, method), now=case.now)
    except ProtocolError as error:
        text = f"{error.code}: {error.detail}{_facts(error.facts)}"
        seen.show("proof", text, holds=False)
        return
    seen.show("proof", f"by {method}", holds=True)


def _facts(facts: Mapping[str, str]) -> str:
    shown = {name: text for name, text in facts.items() if name not in ("check", "key_id")}
    return "".join(f"; {name} {text}" for name, text in shown.items())
