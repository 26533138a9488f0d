"""Two-factor authentication: codes of an app on the member's phone, and recovery codes.

The codes are those of RFC 6238 with Lemmy 0.19's parameters (`crates/api/src/lib.rs`): SHA-1, six
digits, 30 seconds. The member's clock may be off by one step. No code counts twice, as section 5.2
requires. The secret of the codes is stored encrypted, recovery codes are stored as hashes.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import Connection, delete, func, insert, select, update

from database.inserts import insert_ignoring
from database.pruning import Outdated, outdated_in
from fedcom.context import Context
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.account import recovery_code, two_factor
from fedcom.remote.keys import KeyCipher

STEP = 30
"""Seconds for which an app shows one code."""

DRIFT = 1
"""Steps by which the member's clock may be off, in both directions."""

PENDING = timedelta(hours=1)
"""How long a secret waits for its first code."""

RECOVERY_CODES = 10

_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_BYTES = 10
_GROUP = 4


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that an app on the member's phone is to store: in base32, and as `otpauth:` URL."""

    secret: str
    url: str


@dataclass(frozen=True, slots=True)
class TwoFactorState:
    """Whether it is on, and how many recovery codes have not been used."""

    is_on: bool
    recovery_codes: int = 0


def find_state(conn: Connection, account_id: int) -> TwoFactorState:
    """The state of this account."""
    if not has_two_factor(conn, account_id):
        return TwoFactorState(is_on=False)
    mine = recovery_code.c.account_id == account_id
    left = conn.execute(select(func.count()).select_from(recovery_code).where(mine)).scalar_one()
    return TwoFactorState(is_on=True, recovery_codes=left)


def has_two_factor(conn: Connection, account_id: int) -> bool:
    """Whether a log-in to this account needs a code."""
    return account_id in list_with_two_factor(conn, [account_id])


def list_with_two_factor(conn: Connection, account_ids: Collection[int]) -> set[int]:
    """Those of these accounts for which a log-in needs a code."""
    on = two_factor.c.account_id.in_(account_ids) & two_factor.c.confirmed_at.is_not(None)
    return set(conn.execute(select(two_factor.c.account_id).where(on)).scalars())


def generate(ctx: Context, cipher: KeyCipher, account_id: int, name: str) -> Enrolment:
    """A new secret for the member called `name`, in place of one that waits for its first code.

    It has no effect before `confirm`. Raises Conflict("totp_already_enabled").
    """
    waits = two_factor.c.confirmed_at.is_(None)
    ctx.conn.execute(delete(two_factor).where(two_factor.c.account_id == account_id, waits))
    secret = pyotp.random_base32()
    values = {
        "account_id": account_id,
        "encrypted_secret": cipher.encrypt(secret),
        "created_at": ctx.now,
        "used_step": 0,
    }
    if not insert_ignoring(ctx.conn, two_factor, values):
        raise _already_on()
    return _enrolment(secret, ctx.host, name)


def find_enrolment(ctx: Context, cipher: KeyCipher, account_id: int, name: str) -> Enrolment | None:
    """The secret that waits for its first code; None if there is none."""
    secret = _find_secret(ctx, cipher, account_id, is_on=False)
    return None if secret is None else _enrolment(secret, ctx.host, name)


def confirm(ctx: Context, cipher: KeyCipher, account_id: int, code: str) -> list[str]:
    """Switch it on with the first code; the recovery codes, which are not stored.

    Raises Conflict("totp_already_enabled"), Invalid("missing_totp_secret") if no secret waits, and
    Denied("incorrect_totp_token").
    """
    if has_two_factor(ctx.conn, account_id):
        raise _already_on()
    secret = _find_secret(ctx, cipher, account_id, is_on=False)
    if secret is None:
        raise Invalid("missing_totp_secret", "This took longer than an hour. Please start again.")
    _use_step(ctx, account_id, secret, code)
    mine = two_factor.c.account_id == account_id
    ctx.conn.execute(update(two_factor).where(mine).values(confirmed_at=ctx.now))
    return _make_recovery_codes(ctx.conn, account_id)


def use_code(ctx: Context, cipher: KeyCipher, account_id: int, code: str) -> None:
    """Accept a code of the app or a recovery code, and each only once.

    Raises Denied: `missing_totp_token` without any code, `incorrect_totp_token`.
    """
    if not code.strip():
        raise code_missing()
    secret = _find_secret(ctx, cipher, account_id, is_on=True)
    if secret is None:
        raise code_incorrect()
    if _CODE.fullmatch(_bare(code)):
        _use_step(ctx, account_id, secret, code)
        return
    mine = recovery_code.c.account_id == account_id
    used = ctx.conn.execute(
        delete(recovery_code).where(mine, recovery_code.c.code_hash == _hash(account_id, code))
    )
    if used.rowcount != 1:
        raise code_incorrect()


def renew_recovery_codes(ctx: Context, cipher: KeyCipher, account_id: int, code: str) -> list[str]:
    """New recovery codes in place of all old ones. Raises what `use_code` raises."""
    use_code(ctx, cipher, account_id, code)
    return _make_recovery_codes(ctx.conn, account_id)


def set_two_factor(
    ctx: Context, cipher: KeyCipher, account_id: int, code: str, *, enabled: bool
) -> list[str]:
    """Switch it on as `confirm` does, or off with a code; the new recovery codes, if any.

    Raises what `confirm` and `use_code` raise.
    """
    if enabled:
        return confirm(ctx, cipher, account_id, code)
    use_code(ctx, cipher, account_id, code)
    switch_off(ctx.conn, account_id)
    return []


def switch_off(conn: Connection, account_id: int) -> bool:
    """Delete secret and recovery codes; whether there was anything. An admin does it without a
    code, for members who have lost everything.
    """
    conn.execute(delete(recovery_code).where(recovery_code.c.account_id == account_id))
    ended = conn.execute(delete(two_factor).where(two_factor.c.account_id == account_id))
    return ended.rowcount == 1


def abandoned_secrets(now: datetime) -> Outdated:
    """The secrets whose first code never came."""
    waits = two_factor.c.confirmed_at.is_(None)
    return outdated_in(two_factor, waits & (two_factor.c.created_at <= now - PENDING))


def code_missing() -> Denied:
    """The error for a log-in without the code that it needs."""
    return Denied("missing_totp_token", "Enter the code from your authenticator app.")


def code_incorrect() -> Denied:
    """The error for a wrong code, and for one that was used before."""
    return Denied("incorrect_totp_token", "The code is wrong, or has been used before.")


def _already_on() -> Conflict:
    return Conflict("totp_already_enabled", "Two-factor authentication is already on.")


def _enrolment(secret: str, host: str, name: str) -> Enrolment:
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=host))


def _find_secret(ctx: Context, cipher: KeyCipher, account_id: int, *, is_on: bool) -> str | None:
    wanted = select(two_factor.c.encrypted_secret).where(two_factor.c.account_id == account_id)
    if is_on:
        wanted = wanted.where(two_factor.c.confirmed_at.is_not(None))
    else:
        waits = two_factor.c.confirmed_at.is_(None)
        wanted = wanted.where(waits, two_factor.c.created_at > ctx.now - PENDING)
    found = ctx.conn.execute(wanted).scalar()
    return None if found is None else cipher.decrypt(found)


def _use_step(ctx: Context, account_id: int, secret: str, code: str) -> None:
    """Remember the step of a right code, so that neither it nor an earlier one counts again."""
    step = _step_of(secret, _bare(code), ctx.now)
    if step is None:
        raise code_incorrect()
    # Of two log-ins with one code at the same time, only one changes the row.
    unused = (two_factor.c.account_id == account_id) & (two_factor.c.used_step < step)
    if ctx.conn.execute(update(two_factor).where(unused).values(used_step=step)).rowcount != 1:
        raise code_incorrect()


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step whose code this is, among those that the clock allows."""
    if not _CODE.fullmatch(code):
        return None
    current, totp = int(now.timestamp()) // STEP, pyotp.TOTP(secret)
    steps = range(current - DRIFT, current + DRIFT + 1)
    fitting = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), code)]
    return max(fitting, default=None)


def _make_recovery_codes(conn: Connection, account_id: int) -> list[str]:
    conn.execute(delete(recovery_code).where(recovery_code.c.account_id == account_id))
    codes = [_make_recovery_code() for _ in range(RECOVERY_CODES)]
    rows = [{"account_id": account_id, "code_hash": _hash(account_id, code)} for code in codes]
    conn.execute(insert(recovery_code), rows)
    return codes


def _make_recovery_code() -> str:
    """80 random bits in four groups of letters and digits."""
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def _hash(account_id: int, code: str) -> str:
    # 80 random bits need no slow hash. With the account, no two rows have the same one.
    text = f"{account_id}:{_bare(code).lower()}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _bare(code: str) -> str:
    """The code without the spaces and hyphens between its groups."""
    return re.sub(r"[\s-]", "", code)
