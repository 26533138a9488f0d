"""A real SMTP server on loopback that stores mail, or refuses it as configured."""

import base64
import email
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from typing import cast


class SmtpServer(socketserver.ThreadingTCPServer):
    """Accepts e-mail: `messages` are the received ones, `logins` the users who sent them.

    `answers` has responses to commands in place of "250 fine", such as `{"DATA": "451 later"}`.
    With `tls` it offers STARTTLS; `secured` is how often that was used. `has_received` is set with
    the first message.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.messages: list[EmailMessage] = []
        self.has_received = threading.Event()
        self.logins: list[str] = []
        self.answers: dict[str, str] = {}
        self.tls: ssl.SSLContext | None = None
        self.secured = 0

    @property
    def url(self) -> str:
        """Its address as in the settings."""
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = cast("SmtpServer", self.server)
        self.send("220 here")
        while line := self.rfile.readline():
            command, _, rest = line.decode().strip().partition(" ")
            verb = command.upper()
            if verb == "QUIT":
                return self.send("221 bye")
            if verb in server.answers:
                self.send(server.answers[verb])
            elif verb == "EHLO":
                offer = "" if server.tls is None else "250-STARTTLS\r\n"
                self.send(f"250-here\r\n{offer}250 AUTH PLAIN")
            elif verb == "STARTTLS" and server.tls is not None:
                self.send("220 go on")
                self.connection = server.tls.wrap_socket(self.connection, server_side=True)
                self.rfile = self.connection.makefile("rb")
                self.wfile = self.connection.makefile("wb", 0)
                server.secured += 1
            elif verb == "AUTH":
                server.logins.append(base64.b64decode(rest.split()[1]).decode())
                self.send("235 welcome")
            elif verb == "DATA":
                self.send("354 go on")
                server.messages.append(self.read_message())
                server.has_received.set()
                self.send("250 taken")
            else:
                self.send("250 fine")
        return None

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def send(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def read_message(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)
        return email.message_from_bytes(b"".join(lines), policy=default)


@contextmanager
def open_smtp_server() -> Iterator[SmtpServer]:
    """A server that listens until the end of the block."""
    with SmtpServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
