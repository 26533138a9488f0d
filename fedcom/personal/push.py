"""A member's browsers that show push messages, and the key that identifies this server to their
push services (RFC 8292).
"""

import base64
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, delete, insert, or_, select, update

from fedcom.accounts.rate_limits import LISTS, count_action
from fedcom.accounts.sessions import Session
from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.models.account import session
from fedcom.models.actor import Person
from fedcom.models.base import columns_of, to_row
from fedcom.models.push import push_subscription
from fedcom.models.site import site

MAX_DEVICES = 10
"""Browsers of one member; another one takes the place of the oldest."""

MAX_ENDPOINT = 1000
"""Characters. Those of Chrome, Firefox, Safari and Edge have 150 to 400."""

AUTH_BYTES = 16  # RFC 8291, section 3.2


@dataclass(frozen=True, slots=True)
class PushDevice:
    """A browser that shows push messages, with the session that it is logged in with."""

    id: int
    session: Session
    created_at: datetime


def find_vapid_key(conn: Connection) -> str | None:
    """The private key of this server, base64url; None before anyone needed it."""
    return conn.execute(select(site.c.vapid_key)).scalar()


def make_vapid_key(ctx: Context) -> str:
    """As `find_vapid_key`, made if there is none. It is never changed: browsers subscribe with it,
    and would have to subscribe anew.
    """
    scalar = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    unset = update(site).where(site.c.vapid_key.is_(None))
    # Of two processes that do this at the same time, the second keeps the key of the first.
    ctx.conn.execute(unset.values(vapid_key=_encode(scalar.to_bytes(32, "big"))))
    return find_vapid_key(ctx.conn) or ""


def read_vapid_key(text: str) -> ec.EllipticCurvePrivateKey:
    """The private key as `find_vapid_key` gives it."""
    return ec.derive_private_key(int.from_bytes(decode(text), "big"), ec.SECP256R1())


def public_key_of(text: str) -> str:
    """The public key of a private one, as browsers and push services take it: the uncompressed
    point, base64url (RFC 8292, section 3.2).
    """
    public = read_vapid_key(text).public_key()
    return _encode(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def subscribe(
    ctx: Context, by: Person, session_id: int, *, endpoint: str, p256dh: str, auth: str
) -> None:
    """Send push messages to the browser of this session, in place of any that it subscribed before.

    Raises Invalid("push_subscription_invalid") for what no browser makes, TooMany. Whether the
    endpoint may be connected to is checked with every connection.
    """
    _check(endpoint, p256dh, auth)
    count_action(ctx, by, LISTS)
    table = push_subscription
    ctx.conn.execute(
        delete(table).where(or_(table.c.session_id == session_id, table.c.endpoint == endpoint))
    )
    row = {"account_id": by.id, "session_id": session_id, "created_at": ctx.now}
    keys = {"endpoint": endpoint, "p256dh": p256dh, "auth": auth}
    ctx.conn.execute(insert(table).values(row | keys))
    mine = select(table.c.id).where(table.c.account_id == by.id).order_by(table.c.id.desc())
    oldest = ctx.conn.execute(mine.offset(MAX_DEVICES)).scalars().all()
    ctx.conn.execute(delete(table).where(table.c.id.in_(oldest)))


def unsubscribe(conn: Connection, person_id: int, device_id: int) -> None:
    """Send no more push messages to the browser with this row id, if it is the member's."""
    table = push_subscription
    conn.execute(delete(table).where(table.c.id == device_id, table.c.account_id == person_id))


def list_devices(conn: Connection, person_id: int, now: datetime) -> list[PushDevice]:
    """The member's browsers that show push messages, the newest first."""
    table = push_subscription
    rows = conn.execute(
        select(table.c.id, table.c.created_at, *columns_of(Session, session, prefix="session_"))
        .join(session, session.c.id == table.c.session_id)
        .where(table.c.account_id == person_id, session.c.expires_at > now)
        .order_by(table.c.id.desc())
    ).mappings()
    return [
        PushDevice(row["id"], to_row(Session, row, "session_"), row["created_at"]) for row in rows
    ]


def decode(text: str) -> bytes:
    """The bytes of base64url, with or without padding. Raises ValueError."""
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", True)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _check(endpoint: str, p256dh: str, auth: str) -> None:
    is_address = endpoint.startswith(("https://", "http://")) and endpoint.isascii()
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(p256dh))
        is_whole = len(decode(auth)) == AUTH_BYTES
    except ValueError:
        is_whole = False
    if not (is_address and endpoint.isprintable() and len(endpoint) <= MAX_ENDPOINT and is_whole):
        raise Invalid("push_subscription_invalid", "The browser's subscription can't be used.")
