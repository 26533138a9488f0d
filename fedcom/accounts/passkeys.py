"""Passkeys: keys in members' devices, which log them in (W3C, Web Authentication, level 3).

A device asks its owner for a finger, a face or a PIN before it signs (user verification is
required), so a passkey counts as both factors. It is valid for our host only, so there is nothing
to type into another site. Our side is the public key; attestation is not asked for.

Each signature answers a challenge of ours, which is stored as a hash, counts once, and only for
what it was made for. So the caller takes it (`take_challenge`) in a transaction of its own, before
the one that may be refused (docs/decisions/0064).
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import Connection, delete, func, insert, select, update
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_client_data_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from database.inserts import insert_ignoring
from database.pruning import Outdated, outdated_in
from fedcom.context import Context
from fedcom.errors import Conflict, Denied, Invalid, NotFound
from fedcom.models.account import passkey, passkey_challenge
from fedcom.models.base import columns_of, to_row
from fedcom.rules.limits import check_display_name

T = TypeVar("T")

VALID = timedelta(minutes=15)
"""How long a challenge may be answered: a log-in page may be open for a while."""

MOST = 20
"""Passkeys of one member."""

MAX_NAME = 64
MAX_CREDENTIAL = 16_000
"""Characters of what a browser sends; without attestation it is a tenth of that."""

_REQUIRED = UserVerificationRequirement.REQUIRED
# What parsing and checking raise for what no honest browser sends.
_BROKEN = (WebAuthnException, ValueError, TypeError, LookupError, RecursionError, AttributeError)


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey, as its owner knows it."""

    id: int
    name: str
    created_at: datetime
    # None before its first use.
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser sent, as JSON, and the challenge that it answers."""

    credential: str
    challenge: bytes


def list_passkeys(conn: Connection, account_id: int) -> list[Passkey]:
    """Those of this account, the oldest first."""
    rows = conn.execute(
        select(*columns_of(Passkey, passkey))
        .where(passkey.c.account_id == account_id)
        .order_by(passkey.c.id)
    ).mappings()
    return [to_row(Passkey, row) for row in rows]


def begin_adding(ctx: Context, account_id: int, name: str, site_name: str) -> dict[str, Any]:
    """What a browser needs to make a passkey for the member called `name`, as JSON.

    Raises Conflict("passkeys_too_many").
    """
    known = ctx.conn.execute(
        select(passkey.c.credential_id).where(passkey.c.account_id == account_id)
    ).scalars()
    excluded = [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known]
    if len(excluded) >= MOST:
        raise _too_many()
    options = webauthn.generate_registration_options(
        rp_id=_host(ctx),
        rp_name=site_name,
        user_name=name,
        user_id=_handle(account_id),
        challenge=_new_challenge(ctx, account_id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_REQUIRED
        ),
        exclude_credentials=excluded,
    )
    return options_to_json_dict(options)


def take_challenge(ctx: Context, credential: str, account_id: int | None) -> Answer:
    """What a browser sent, with the challenge that it answers, which does not count again.

    It must be one for adding a passkey to this account, or for logging in (None). Raises
    Invalid("passkey_invalid").
    """
    challenge = _checked(_invalid, lambda: _challenge_in(credential))
    taken = ctx.conn.execute(
        delete(passkey_challenge)
        .where(passkey_challenge.c.digest == _digest(challenge))
        .returning(passkey_challenge.c.account_id, passkey_challenge.c.expires_at)
    ).first()
    if taken is None or taken.account_id != account_id or taken.expires_at <= ctx.now:
        raise _invalid()
    return Answer(credential, challenge)


def finish_adding(ctx: Context, account_id: int, name: str, answer: Answer) -> Passkey:
    """Store the passkey that a browser made after `begin_adding`.

    Raises Invalid: `passkey_invalid`, `passkey_name_required`, `display_name_…`; and Conflict:
    `passkeys_too_many`, `passkey_known`.
    """
    title = check_passkey_name(name)
    made = _checked(
        _invalid,
        lambda: webauthn.verify_registration_response(
            credential=answer.credential,
            expected_challenge=answer.challenge,
            expected_rp_id=_host(ctx),
            expected_origin=ctx.origin,
            require_user_verification=True,
        ),
    )
    mine = select(func.count()).where(passkey.c.account_id == account_id)
    if ctx.conn.execute(mine).scalar_one() >= MOST:
        raise _too_many()
    values = {
        "account_id": account_id,
        "credential_id": bytes_to_base64url(made.credential_id),
        "public_key": made.credential_public_key,
        "sign_count": made.sign_count,
        "name": title,
        "created_at": ctx.now,
    }
    if not insert_ignoring(ctx.conn, passkey, values):
        raise Conflict("passkey_known", "This passkey is already in your list.")
    return list_passkeys(ctx.conn, account_id)[-1]


def begin_using(ctx: Context) -> dict[str, Any]:
    """What a browser needs to log in with whichever passkey it has for this server, as JSON."""
    options = webauthn.generate_authentication_options(
        rp_id=_host(ctx), challenge=_new_challenge(ctx, None), user_verification=_REQUIRED
    )
    return options_to_json_dict(options)


def use_passkey(ctx: Context, answer: Answer) -> int:
    """The account that a passkey has just logged in; stores that it was used.

    Raises Denied("passkey_refused") for a passkey that is not known here, was used without its
    owner being verified, or whose counter has not grown: then a copy of it exists.
    """
    sent = _checked(_refused, lambda: parse_authentication_credential_json(answer.credential))
    # Locked, so that of two uses at the same time the second sees the counter of the first.
    known = select(passkey).where(passkey.c.credential_id == sent.id).with_for_update()
    row = ctx.conn.execute(known).first()
    if row is None or sent.response.user_handle not in (None, _handle(row.account_id)):
        raise _refused()
    used = _checked(
        _refused,
        lambda: webauthn.verify_authentication_response(
            credential=sent,
            expected_challenge=answer.challenge,
            expected_rp_id=_host(ctx),
            expected_origin=ctx.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        ),
    )
    mine = passkey.c.id == row.id
    ctx.conn.execute(
        update(passkey).where(mine).values(sign_count=used.new_sign_count, used_at=ctx.now)
    )
    account_id: int = row.account_id
    return account_id


def rename_passkey(conn: Connection, account_id: int, passkey_id: int, name: str) -> None:
    """Give a passkey of this account another name. Raises Invalid as `finish_adding`, NotFound."""
    mine = (passkey.c.id == passkey_id) & (passkey.c.account_id == account_id)
    changed = conn.execute(update(passkey).where(mine).values(name=check_passkey_name(name)))
    if changed.rowcount != 1:
        raise _unknown()


def remove_passkey(conn: Connection, account_id: int, passkey_id: int) -> str:
    """Delete a passkey of this account; its name. Raises NotFound."""
    mine = (passkey.c.id == passkey_id) & (passkey.c.account_id == account_id)
    name: str | None = conn.execute(delete(passkey).where(mine).returning(passkey.c.name)).scalar()
    if name is None:
        raise _unknown()
    return name


def check_passkey_name(name: str) -> str:
    """The name as it is stored. Raises Invalid."""
    title = check_display_name(name)
    if not title:
        raise Invalid("passkey_name_required", "Enter a name for the passkey.")
    return title[:MAX_NAME]


def expired_challenges(now: datetime) -> Outdated:
    """The challenges that nobody answered."""
    return outdated_in(passkey_challenge, passkey_challenge.c.expires_at <= now)


def _new_challenge(ctx: Context, account_id: int | None) -> bytes:
    challenge = secrets.token_bytes(32)
    values = {
        "digest": _digest(challenge),
        "account_id": account_id,
        "expires_at": ctx.now + VALID,
    }
    ctx.conn.execute(insert(passkey_challenge).values(values))
    return challenge


def _challenge_in(credential: str) -> bytes:
    """The challenge that this credential claims to answer. Raises one of `_BROKEN`."""
    if len(credential) > MAX_CREDENTIAL:
        raise ValueError("too long for a credential")
    client_data = base64url_to_bytes(json.loads(credential)["response"]["clientDataJSON"])
    return parse_client_data_json(client_data).challenge


def _checked(refusal: Callable[[], Exception], check: Callable[[], T]) -> T:
    """The result of `check`; `refusal` for what is broken or wrong."""
    try:
        return check()
    except _BROKEN as error:
        raise refusal() from error


def _host(ctx: Context) -> str:
    """The id of the relying party: the host, without a port."""
    return urlsplit(ctx.origin).hostname or ""


def _handle(account_id: int) -> bytes:
    """How devices know the account: nothing about the person, as the standard asks."""
    return str(account_id).encode()


def _digest(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()


def _invalid() -> Invalid:
    return Invalid("passkey_invalid", "The passkey could not be added. Please try again.")


def _refused() -> Denied:
    return Denied(
        "passkey_refused", "This passkey isn't known here, or it took too long. Please try again."
    )


def _too_many() -> Conflict:
    return Conflict("passkeys_too_many", "You can have at most %(most)s passkeys.", most=MOST)


def _unknown() -> NotFound:
    return NotFound("passkey_unknown", "This passkey has already been removed.")
