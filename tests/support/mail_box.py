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


class MailBox(socketserver.ThreadingTCPServer):
    """Accepts e-mail: `letters` are the received messages, `logins` the users who sent them.

    `answers` has responses to commands in place of "250 fine", such as `{"DATA": "451 later"}`.
    With `tls` it offers STARTTLS; `secured` is how often that was used.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.letters: list[EmailMessage] = []
        self.logins: list[str] = []
        self.answers: dict[str, str] = {}
        self.tls: ssl.SSLContext | None = None
        self.secured = 0

    @property
    def url(self) -> str:
        """Its address as in the settings."""
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box = cast("MailBox", self.server)
        self.say("220 here")
        while line := self.rfile.readline():
            command, _, rest = line.decode().strip().partition(" ")
            word = command.upper()
            if word == "QUIT":
                return self.say("221 bye")
            if word in box.answers:
                self.say(box.answers[word])
            elif word == "EHLO":
                offer = "" if box.tls is None else "250-STARTTLS\r\n"
                self.say(f"250-here\r\n{offer}250 AUTH PLAIN")
            elif word == "STARTTLS" and box.tls is not None:
                self.say("220 go on")
                self.connection = box.tls.wrap_socket(self.connection, server_side=True)
                self.rfile = self.connection.makefile("rb")
                self.wfile = self.connection.makefile("wb", 0)
                box.secured += 1
            elif word == "AUTH":
                box.logins.append(base64.b64decode(rest.split()[1]).decode())
                self.say("235 welcome")
            elif word == "DATA":
                self.say("354 go on")
                box.letters.append(self.read_letter())
                self.say("250 taken")
            else:
                self.say("250 fine")
        return None

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def read_letter(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)
        return email.message_from_bytes(b"".join(lines), policy=default)


@contextmanager
def open_mail_box() -> Iterator[MailBox]:
    """A server that listens until the end of the block."""
    with MailBox() as box:
        thread = threading.Thread(target=box.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield box
        finally:
            box.shutdown()
            thread.join()
