"""Lemmy's own client (`tests/npm/lemmy.mjs`), which compares what it reads with its own types."""

import base64
from dataclasses import dataclass, replace
from typing import Any

from tests.support.javascript import Program
from tests.support.visitor import PASSWORD

Json = Any


class Refused(Exception):
    """The server refused a call: `code` is one of Lemmy's, `status` that of HTTP."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class LemmyClient:
    """The client of one member at one instance; of a guest without a `token`."""

    program: Program
    origin: str
    token: str = ""

    def call(self, method: str, **form: Json) -> Json:
        """The answer to a method of `LemmyHttp`.

        Raises Refused, and `javascript.Refusal` if the form, the answer or the refusal is not as
        the client declares it.
        """
        told = self.program.ask("call", base=self.origin, jwt=self.token, method=method, form=form)
        if "refusal" in told:
            raise Refused(told["refusal"], told["message"], told["status"])
        return told.get("answer")

    def log_in(self, name: str, password: str = PASSWORD) -> "LemmyClient":
        """The client of this member."""
        told = self.call("login", username_or_email=name, password=password)
        return replace(self, token=told["jwt"])

    def register(self, name: str, password: str = PASSWORD) -> "LemmyClient":
        """The client of a new member."""
        told = self.call("register", username=name, password=password, password_verify=password)
        return replace(self, token=told["jwt"])

    def upload(self, content: bytes) -> Json:
        """The answer to the upload of a picture."""
        return self.call("uploadImage", image=base64.b64encode(content).decode())
