"""Forms: what was typed, what is wrong with it, and that it came from a page of ours.

A form that cannot be accepted is shown again with everything that was typed and the message beside
its field; nothing anybody wrote is lost to an error.
"""

import hashlib
import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from activitypub.errors import ProtocolError
from fedcom.catalogues import mark
from fedcom.errors import Denied, FedcomError, Invalid
from fedcom.http.csrf import check_token
from fedcom.http.instance import instance_of
from fedcom.http.problems import to_problem, wants_page
from fedcom.http.sessions import session_token
from fedcom.offload import offload
from fedcom.web.html import flash as notices
from fedcom.web.html.i18n import sentence
from fedcom.web.html.request_context import Visit, visit_of

R = TypeVar("R", bound=Response)

MAX_BYTES = 2**20
"""The largest form: our longest text, every character of it escaped."""

OFFLOADED_FROM = 32 * 1024
"""Bytes of a form from which on it is read beside the event loop: a megabyte takes 60 ms."""

MAX_FIELDS = 100
MAX_FILES = 4
MAX_TOO_LARGE = 10
"""How many times the bytes of the largest picture are read to the end, to say that it is too large
in the form and not to cut the line."""

TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field

ONCE_FIELD = "once"
"""Random in each form that makes something: who sends the same form again gets the same thing."""

# What people spend time on; shown again even where a page of an error takes the form's place.
_TEXTS = ("title", "url", "display_name", "summary", "body", "reason", "answer", "rules")

# Where a code does not begin with the name of its field.
_CODES = {
    "comment_empty": "body",
    "message_empty": "body",
    "couldnt_find_actor": "community",
    "couldnt_find_community": "community",
    "couldnt_find_person": "person",
    "own_host": "host",
}


@dataclass(slots=True)
class Form:
    """One form: `values` as typed, `errors` by field, `error` for what concerns the whole."""

    values: dict[str, str]
    # What was chosen in fields for files, as far as it may be taken; larger ones are in `too_big`.
    files: dict[str, bytes] = field(default_factory=dict)
    too_big: frozenset[str] = frozenset()
    sent: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    error: str = ""
    status: int = 200
    # The same for repeats of one form, of its token and of all that was typed; "" without a token.
    key: str = ""
    # Of the answer that shows it: when to try again.
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """It was sent, from a page of ours: what it asks for may be tried."""
        return self.sent and self.status == 200

    def text(self, name: str) -> str:
        """The value of a field as typed, line ends made plain; "" when there is none."""
        return self.values.get(name, "")

    def line(self, name: str) -> str:
        """The value of a field without the spaces around it."""
        return self.text(name).strip()

    def checked(self, name: str) -> bool:
        """Whether the box was ticked."""
        return bool(self.values.get(name))

    @contextmanager
    def keeping(self, field: str = "") -> Iterator[None]:
        """Turn what the domain refuses in the block into messages; the block ends there.

        What concerns no field in particular stands beside `field`, if one is named.
        """
        try:
            yield
        except (FedcomError, ProtocolError) as error:
            self.fail(error, field)

    def fail(self, error: FedcomError | ProtocolError, field: str = "") -> None:
        """Show the error beside the field that its code names, else `field` or above the form."""
        problem = to_problem(error)
        detail = sentence(error, problem.detail)
        self.status = problem.status
        self.headers |= problem.headers
        name = _field_named(_CODES.get(problem.code, problem.code), self.values) or field
        if name:
            self.errors[name] = detail
        else:
            self.error = detail

    def answer(self, page: R) -> R:
        """`page`, which shows the form, with the status and the headers of what was refused."""
        if self.status != 200:
            page.status_code = self.status
        page.headers.update(self.headers)
        return page


@contextmanager
def beside(field: str) -> Iterator[None]:
    """Let what is Invalid in the block stand beside `field`: its code begins with that name."""
    try:
        yield
    except Invalid as error:
        raise Invalid(f"{field}_{error.code}", error.template, **error.facts) from error


def _field_named(code: str, names: Mapping[str, str]) -> str:
    fitting = [name for name in names if code == name or code.startswith(f"{name}_")]
    return max(fitting, key=len, default="")


async def read_form(request: Request, initial: Mapping[str, str]) -> Form:
    """The form as it was sent, else as it is shown at first.

    `initial` names all fields with their first values (a ticked box is "on"). A form of an earlier
    log-in is not `ready` but keeps what was typed. A script, which reads no pages and has kept it
    itself, is told by an exception: Denied("form_expired").
    """
    if request.method != "POST":
        return Form(dict(initial))
    try:
        sent = await _receive(request)
    except _Expired as expired:
        if not wants_page(request):
            raise
        form = Form(dict.fromkeys(initial, "") | expired.values, sent=True)
        form.fail(expired)
        return form
    values = dict.fromkeys(initial, "") | sent.values
    request.state.typed = {name: values[name] for name in _TEXTS if values.get(name, "").strip()}
    key = _key_of(request, sent)
    return Form(values, sent.files, frozenset(sent.too_big), sent=True, key=key)


def _key_of(request: Request, sent: "_Sent") -> str:
    if not sent.values.get(ONCE_FIELD):
        return ""
    texts = {name: text for name, text in sent.values.items() if name != TOKEN_FIELD}
    files = {name: hashlib.sha256(file).hexdigest() for name, file in sent.files.items()}
    whole = json.dumps([request.url.path, texts, files], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


async def typed_into(request: Request) -> dict[str, str]:
    """The texts in the form that was sent with this request, by the names of their fields.

    For pages of errors, which come before or instead of the form's own page.
    """
    is_unread = "endpoint" in request.scope and not hasattr(request.state, "typed")
    if request.method == "POST" and is_unread:
        # What cannot be read as a form holds nothing to be shown again.
        with suppress(HTTPException, FedcomError, ClientDisconnect, RuntimeError):
            await read_form(request, {})
    typed: dict[str, str] = getattr(request.state, "typed", {})
    return typed


class _Expired(Denied):
    """The token is of another session."""

    values: dict[str, str]


@dataclass(slots=True)
class _Sent:
    """What came: texts, files, and the names of files that were too big."""

    values: dict[str, str]
    files: dict[str, bytes] = field(default_factory=dict)
    too_big: set[str] = field(default_factory=set)


async def receive(request: Request) -> dict[str, str]:
    """The fields of a form that was sent; for buttons, which hold nothing anybody typed.

    Raises Denied when its token is not of this session, HTTPException for what is no form. (That
    no other site sent it was seen in `routing`.)
    """
    return (await _receive(request)).values


async def _receive(request: Request) -> _Sent:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        sent = await _read_parts(request)
    else:
        body = await _read_body(request)
        parse = partial(_parse, kind, body)
        sent = _Sent(await offload(parse) if len(body) > OFFLOADED_FROM else parse())
    token = session_token(request)
    if token is not None:
        try:
            check_token(sent.values.get(TOKEN_FIELD, ""), token)
        except Denied as error:
            expired = _Expired(error.code, error.template, **error.facts)
            expired.values = sent.values
            raise expired from None
    return sent


class _TooMuch(MultiPartException):
    """More than any form of ours holds."""


async def _read_parts(request: Request) -> _Sent:
    """A form with files; while they arrive they are on the disk, so that slow ones take no room."""
    largest = instance_of(request).pictures.max_bytes
    room = MAX_BYTES + (MAX_TOO_LARGE * largest if await _is_member(request) else 0)
    parser = MultiPartParser(
        request.headers,
        _bounded(request, room),
        max_files=MAX_FILES,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_BYTES // 4,
    )
    try:
        parts = await parser.parse()
    except _TooMuch:
        raise HTTPException(413, mark("The form is too large.")) from None
    except MultiPartException:
        raise HTTPException(400, mark("The form could not be read.")) from None
    try:
        sent = _Sent({})
        for name, value in parts.multi_items():
            if not isinstance(value, UploadFile):
                sent.values[name] = _plain(value)
            elif (value.size or 0) > largest:
                sent.too_big.add(name)
            elif value.size:
                sent.files[name] = await value.read()
        return sent
    finally:
        await parts.close()


async def _is_member(request: Request) -> bool:
    """Whether a member sends this; guests have no pictures to send, and anybody can make up a
    cookie."""
    if session_token(request) is None:
        return False
    visit: Visit = getattr(request.state, "visit", None) or await visit_of(request)
    return visit.member is not None


async def _bounded(request: Request, room: int) -> AsyncGenerator[bytes, None]:
    async for chunk in request.stream():
        room -= len(chunk)
        if room < 0:
            raise _TooMuch("too much")
        yield chunk


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise HTTPException(413, mark("The form is too large."))
    return bytes(body)


def _parse(kind: str, body: bytes) -> dict[str, str]:
    if body and kind != "application/x-www-form-urlencoded":
        raise HTTPException(
            415, mark("Send this as an ordinary form (application/x-www-form-urlencoded).")
        )
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            max_num_fields=MAX_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise HTTPException(400, mark("The form could not be read.")) from None
    return {name: _plain(value) for name, value in pairs}


def _plain(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\0", "")


def safe_path(text: str, default: str = "/") -> str:
    """`text` when it is a path of ours, else `default`: no redirect leads to another site.

    Browsers read `//host`, `/\\host` and a tab or line end in between as another host.
    """
    local = text.startswith("/") and not text.startswith(("//", "/\\"))
    if not local or not text.isprintable() or "\\" in text or len(text) > 2048:
        return default
    return text


def see_other(path: str, notice: str = "") -> RedirectResponse:
    """After a form: go on to a path of ours, where `notice` (a code of `notices`) is shown."""
    response = RedirectResponse(safe_path(path), 303)
    if notice:
        notices.set_notice(response, notice)
    return response
