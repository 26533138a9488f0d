"""Sends the queued mail by SMTP, in the background: no request ever waits for a mail server.

Mail is deleted after the server has accepted it, so after a crash in between it is sent twice
rather than lost.
"""

import asyncio
import smtplib
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime, make_msgid
from functools import partial
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import structlog
from sqlalchemy.exc import SQLAlchemyError

from fedcom.accounts.digest import BATCH, UnsubscribeUrl, write_digests
from fedcom.accounts.mail import drop_mail, list_due, postpone_mail
from fedcom.clock import Clock
from fedcom.models.mail import Mail
from fedcom.settings import Settings
from fedcom.units import Units

POLL_SECONDS = 5.0
"""Seconds between two queries of the queue."""

DIGESTS_EVERY = 6
"""How many queries of the queue there are for each search for notifications to mail."""

TIMEOUT = 30.0
"""Seconds that each step of the mail server may take."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server to use."""

    host: str
    port: int
    is_tls: bool
    user: str
    password: str

    @classmethod
    def read(cls, url: str) -> "Server":
        """`smtp://user:password@host:port` or `smtps://…`, as the settings have checked it."""
        parts = urlsplit(url)
        is_tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname or "",
            port=parts.port or (465 if is_tls else 587),
            is_tls=is_tls,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, so that nobody can read along on the network."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class Mailer:
    """Sends the queued mail. Does nothing when the settings name no mail server."""

    def __init__(
        self,
        units: Units,
        settings: Settings,
        clock: Clock,
        unsubscribe_url: UnsubscribeUrl,
    ) -> None:
        self._units = units
        self._clock = clock
        self._unsubscribe_url = unsubscribe_url
        self._sender = settings.mail_sender
        url = settings.smtp_url
        self._server = None if url is None else Server.read(url.get_secret_value())

    async def run(self, *, only_if: Callable[[], Awaitable[bool]]) -> None:
        """Send mail whenever it is due, until cancelled, while `only_if` says that this process is
        the one to do it."""
        rounds = 0
        while self._server is not None:
            if not await only_if():
                await asyncio.sleep(POLL_SECONDS)
                continue
            try:
                if rounds % DIGESTS_EVERY == 0:
                    await self.write_digests()
                await self.send_due()
            except SQLAlchemyError:
                logger.exception("mail_queue_failed")
            rounds += 1
            await asyncio.sleep(POLL_SECONDS)

    async def check(self) -> None:
        """Connect to the mail server and log in, without sending anything.

        Raises SMTPException, OSError and ValueError; does nothing without a mail server.
        """
        if self._server is not None:
            await asyncio.to_thread(_greet, self._server)

    async def write_digests(self) -> None:
        """Enqueue mail about notifications to all members for whom it is due."""
        some = partial(write_digests, unsubscribe_url=self._unsubscribe_url)
        while await self._units.unit(some) == BATCH:
            pass

    async def send_due(self) -> int:
        """Send the mail that is due, one after the other; how many were sent."""
        if self._server is None:
            return 0
        sent = 0
        for queued in await self._units.read(lambda conn: list_due(conn, self._clock())):
            sent += await self._send(self._server, queued)
        return sent

    async def _send(self, server: Server, queued: Mail) -> bool:
        try:
            await asyncio.to_thread(_transmit, server, _compose(queued, self._sender))
        # ValueError: smtplib and email raise it for what they cannot encode, such as a password
        # with umlauts.
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if _is_final(error):
                logger.warning("mail_rejected", mail=queued.id)
                await self._units.unit(lambda ctx: drop_mail(ctx.conn, queued.id))
                return False
            # Without its text: a mail server may repeat what it was sent.
            why = f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()
            again = await self._units.unit(
                lambda ctx: postpone_mail(ctx.conn, queued, self._clock())
            )
            logger.warning("mail_not_sent", mail=queued.id, error=why, retry=again)
            return False
        await self._units.unit(lambda ctx: drop_mail(ctx.conn, queued.id))
        return True


def _is_final(error: Exception) -> bool:
    """Whether the recipient was refused for good (5yz, RFC 5321 §4.2.1) and not for now (4yz)."""
    return isinstance(error, smtplib.SMTPRecipientsRefused) and all(
        code >= 500 for code, _ in error.recipients.values()
    )


def _compose(queued: Mail, sender: str) -> EmailMessage:
    # Lines as long as SMTP permits (RFC 5321 §4.5.3.1.6): an address must not be broken in two.
    message = EmailMessage(default.clone(max_line_length=998))
    message["From"] = sender
    message["To"] = queued.recipient
    message["Subject"] = queued.subject
    message["Date"] = format_datetime(queued.created_at)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no "I am on holiday" comes back
    if queued.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{queued.unsubscribe_url}>"  # RFC 2369
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message.set_content(queued.body)
    if queued.html:
        message.add_alternative(queued.html, subtype="html")
    return message


def _transmit(server: Server, message: EmailMessage) -> None:
    """Send it; blocks while the mail server works. Raises SMTPException and OSError."""
    with _connected(server) as line:
        if server.user:
            line.login(server.user, server.password)
        line.send_message(message)


def _greet(server: Server) -> None:
    with _connected(server) as line:
        if server.user:
            line.login(server.user, server.password)
        line.noop()


@contextmanager
def _connected(server: Server) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    if server.is_here:
        # It usually has a self-signed certificate, and nobody can impersonate it on this machine.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    open_line = partial(smtplib.SMTP_SSL, context=context) if server.is_tls else smtplib.SMTP
    with open_line(server.host, server.port, timeout=TIMEOUT) as line:
        line.ehlo()
        if not server.is_tls and line.has_extn("starttls"):
            line.starttls(context=context)
            line.ehlo()
        elif server.user and not server.is_tls and not server.is_here:
            raise smtplib.SMTPNotSupportedError(
                "the mail server offers no TLS, and a password is never sent without it"
            )
        yield line
