"""HTTP Message Signatures (RFC 9421), with the two algorithms of the keys that peers have.

Only the signature itself: its fields, the signature base, the cryptography. `request` decides what
a signature must cover, when it is too old, and which address it must name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from activitypub.errors import Malformed, SignatureInvalid
from activitypub.signatures.keys import PrivateKey, ProofKey, PublicKey
from activitypub.signatures.structured import (
    Bare,
    InnerList,
    Item,
    parse_dictionary,
    serialize,
)

METHOD = '"@method"'
TARGET_URI = '"@target-uri"'
CONTENT_DIGEST = '"content-digest"'

ALGORITHMS = {"rsa": "rsa-v1_5-sha256", "ed25519": "ed25519"}
"""The algorithm of each kind of key (RFC 9421 §6.2.2). The key decides, never the message."""

LABEL = "sig1"


@dataclass(frozen=True, slots=True)
class Rfc9421Parameters:
    """One signature of a message with its parameters.

    `components` are identifiers as in the signature base, quotes and parameters included
    (`"@method"`, `"@query-param";name="Pet"`), in the order in which they were signed; `line` is
    the value of `@signature-params`; `created` and `expires` are epoch seconds.
    """

    components: tuple[str, ...]
    line: str
    signature: bytes
    key_id: str | None
    algorithm: str | None
    created: int | None
    expires: int | None


def parse_signatures(signature_input: str, signature: str) -> dict[str, Rfc9421Parameters]:
    """Read the fields Signature-Input and Signature: each signature by its label, in order.

    Raises `Malformed`: the `structured_` codes for fields that cannot be parsed, `signature_labels`
    if the two name different signatures, `signature_syntax`, `signature_duplicate` and
    `signature_time` for one that does not follow RFC 9421 §2.3 and §4.
    """
    inputs, values = parse_dictionary(signature_input), parse_dictionary(signature)
    if inputs.keys() != values.keys():
        raise Malformed(
            "signature_labels",
            "Signature and Signature-Input have different labels.",
            received=f"{' '.join(values)} / {' '.join(inputs)}",
        )
    return {label: _parameters(inputs[label], values[label]) for label in inputs}


def signature_base(parameters: Rfc9421Parameters, values: Mapping[str, str]) -> str:
    """The signed lines (§2.5), joined with line feeds.

    `values` maps component identifiers to their values. Raises
    `SignatureInvalid("signature_header_absent")` if a covered component has no value.
    """
    lines = []
    for component in parameters.components:
        if component not in values:
            raise SignatureInvalid(
                "signature_header_absent",
                f"The signature covers {component}, which is missing from the request.",
                check="headers",
                received=component,
            )
        lines.append(f"{component}: {values[component]}")
    return "\n".join([*lines, f'"@signature-params": {parameters.line}'])


def parameters_of(
    components: Sequence[str], key: PrivateKey | ProofKey, *, created: int
) -> Rfc9421Parameters:
    """The parameters of a signature that we are about to make; `signature` is still empty.

    `alg` is included because an RSA key alone does not distinguish PKCS#1 v1.5 from PSS.
    """
    algorithm = ALGORITHMS[key.kind]
    # As `serialize`, which also has to write what others have sent.
    line = (
        f"({' '.join(components)})"
        f';created={created};keyid={serialize(Item(key.id))};alg="{algorithm}"'
    )
    return Rfc9421Parameters(tuple(components), line, b"", key.id, algorithm, created, expires=None)


def sign(base: str, key: PrivateKey | ProofKey) -> str:
    """The member of the Signature field for a signature base: base64 between colons."""
    data = base.encode("latin-1")
    if isinstance(key, PrivateKey):
        raw = key.rsa.sign(data, padding.PKCS1v15(), hashes.SHA256())
    else:
        raw = key.ed25519.sign(data)
    return serialize(Item(raw))


def verify(base: str, signature: bytes, key: PublicKey) -> bool:
    """Whether `key` made `signature` for exactly this base, with the algorithm of its kind.

    Raises `Malformed` with a `key_` code for an invalid key.
    """
    loaded = key.loaded
    try:
        data = base.encode("latin-1")
        if isinstance(loaded, rsa.RSAPublicKey):
            loaded.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        else:
            loaded.verify(signature, data)
    except (InvalidSignature, UnicodeEncodeError):
        return False
    return True


def _parameters(described: Item | InnerList, value: Item | InnerList) -> Rfc9421Parameters:
    if not isinstance(described, InnerList) or not isinstance(value, Item):
        raise Malformed(
            "signature_syntax",
            "Signature-Input must be an inner list, and Signature a byte sequence.",
        )
    if not isinstance(value.value, bytes):
        raise Malformed("signature_syntax", "Signature is not a byte sequence.")
    return Rfc9421Parameters(
        components=_components(described),
        line=serialize(described),
        signature=value.value,
        key_id=_text(described, "keyid"),
        algorithm=_text(described, "alg"),
        created=_seconds(described, "created"),
        expires=_seconds(described, "expires"),
    )


def _components(described: InnerList) -> tuple[str, ...]:
    identities = set()
    for item in described.items:
        name = item.value
        if not isinstance(name, str) or name != name.lower() or name == "@signature-params":
            raise Malformed("signature_syntax", "Signature-Input lists an invalid component name.")
        # The order of the parameters does not matter (§2).
        identities.add((name, frozenset(item.parameters.items())))
    if len(identities) != len(described.items):
        raise Malformed("signature_duplicate", "Signature-Input lists the same component twice.")
    return tuple(serialize(item) for item in described.items)


def _text(described: InnerList, name: str) -> str | None:
    value = described.parameters.get(name)
    if value is None or isinstance(value, str):
        return value
    raise Malformed("signature_syntax", f"{name} in Signature-Input is not a string.")


def _seconds(described: InnerList, name: str) -> int | None:
    value: Bare | None = described.parameters.get(name)
    if value is None or type(value) is int:
        return value
    raise Malformed(
        "signature_time", f"{name} in Signature-Input is not an integer number of seconds."
    )
