"""Forms: their values, their errors, and whether they came from one of our pages.

A refused form is shown again with everything that was typed, passwords and files excepted, and
with all errors, each beside its field. No error loses anyone's text.
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
from fedcom.http.identity import credentials_of
from fedcom.http.instance import instance_of
from fedcom.http.numbers import LARGEST, whole_number
from fedcom.http.problem import to_problem, wants_page
from fedcom.offload import offload
from fedcom.web.html import flash
from fedcom.web.html.i18n import sentence
from fedcom.web.html.request_context import PageContext, context_of

R = TypeVar("R", bound=Response)

MAX_BYTES = 2**20
"""The largest form: our longest text with every character escaped."""

OFFLOADED_FROM = 32 * 1024
"""Larger forms (bytes) are parsed outside the event loop: a megabyte takes 60 ms."""

MAX_FIELDS = 100
MAX_FILES = 4
MAX_TOO_LARGE = 10
"""Requests of up to this many times the largest picture are read to the end, so that the form can
say what is too large. Larger ones are cut off."""

TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field

ONCE_FIELD = "once"
"""A random value in forms that create something, so that a repeated form creates it only once."""

# The fields with long texts; shown again even if an error page takes the form's place.
_TEXTS = ("title", "url", "display_name", "summary", "body", "reason", "answer", "rules")

# The fields of error codes that do not begin with the name of their field.
_CODES = {
    "comment_empty": "body",
    "message_empty": "body",
    "couldnt_find_actor": "community",
    "couldnt_find_community": "community",
    "couldnt_find_person": "person",
    "own_host": "host",
    "incorrect_totp_token": "code",
    "captcha_incorrect": "captcha_answer",
    "missing_totp_token": "code",
    "blocked_url": "url",
    "invalid_regex": "slur_filter",
    "permissive_regex": "slur_filter",
    "invalid_matrix_id": "matrix_user_id",
    "person_is_banned_from_community": "community",
    "only_mods_can_post_in_community": "community",
    "community_closed": "community",
}


@dataclass(slots=True)
class Form:
    """One form: `values` as typed, `errors` by field, `error` for the form as a whole."""

    values: dict[str, str]
    # The uploaded files by field; the fields whose file was too large are in `too_big`.
    files: dict[str, bytes] = field(default_factory=dict)
    too_big: frozenset[str] = frozenset()
    sent: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    error: str = ""
    status: int = 200
    # Equal for repeats of one form: made from `ONCE_FIELD` and all that was typed; "" without it.
    key: str = ""
    # For the response that shows it: when to try again.
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether it was sent from one of our pages and has no errors so far."""
        return self.sent and self.status == 200

    @property
    def in_order(self) -> list[tuple[str, str]]:
        """The errors with their fields, in the order of the form."""
        order = {name: number for number, name in enumerate(self.values)}
        return sorted(self.errors.items(), key=lambda error: order.get(error[0], len(order)))

    def is_lost(self, name: str) -> bool:
        """Whether a password or a file has to be entered again, because the form was refused and
        pages do not give these back.
        """
        return self.status != 200 and bool(self.text(name) or name in self.files)

    def text(self, name: str) -> str:
        """The value of a field as typed, with plain line ends; "" if there is none."""
        return self.values.get(name, "")

    def line(self, name: str) -> str:
        """The value of a field without surrounding spaces."""
        return self.text(name).strip()

    def checked(self, name: str) -> bool:
        """Whether the box was ticked."""
        return bool(self.values.get(name))

    @contextmanager
    def keeping(self, field: str = "") -> Iterator[None]:
        """Turn an error of the domain in the block into a message; the block ends there.

        An error that belongs to no field is shown beside `field`, if given.
        """
        try:
            yield
        except (FedcomError, ProtocolError) as error:
            self.fail(error, field)

    def fail(self, error: FedcomError | ProtocolError, field: str = "") -> None:
        """Show the error and its `others`, each beside the field its code names, else `field`, else
        above the form.
        """
        problem = to_problem(error)
        self.status = problem.status
        self.headers |= problem.headers
        self._show(error, field)
        for other in error.others if isinstance(error, FedcomError) else ():
            self._show(other, field)

    def _show(self, error: FedcomError | ProtocolError, field: str) -> None:
        problem = to_problem(error)
        detail = sentence(error, problem.detail)
        name = _field_named(_CODES.get(problem.code, problem.code), self.values) or field
        if name:
            self.errors.setdefault(name, detail)
        else:
            self.error = f"{self.error} {detail}".strip()

    def answer(self, page: R) -> R:
        """`page`, which shows the form, with the status and the headers of the error."""
        if self.status != 200:
            page.status_code = self.status
        page.headers.update(self.headers)
        return page


def count_in(form: Form, name: str) -> int | None:
    """The number in a field; None if it is missing, -1 for no number, which settings refuse."""
    text = form.line(name)
    if not text:
        return None
    number = whole_number(text, LARGEST)
    return -1 if number is None else number


@contextmanager
def error_beside(field: str) -> Iterator[None]:
    """Show an Invalid from the block beside `field`, by prefixing its code with that name."""
    try:
        yield
    except Invalid as error:
        if error.code != field and not error.code.startswith(f"{field}_"):
            raise Invalid(f"{field}_{error.code}", error.template, **error.facts) from error
        raise


def _field_named(code: str, names: Mapping[str, str]) -> str:
    fitting = [name for name in names if code == name or code.startswith(f"{name}_")]
    return max(fitting, key=len, default="")


async def read_form(request: Request, initial: Mapping[str, str]) -> Form:
    """The form as it was sent, else as it is first shown.

    `initial` has all fields with their first values (a ticked box is "on"). A form from an earlier
    login is not `ready` but keeps what was typed. For a script, which keeps that itself, it raises
    Denied("form_expired").
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
    """The texts in the form of this request, by field.

    For error pages, which are shown before or instead of the form's own page.
    """
    is_unread = "endpoint" in request.scope and not hasattr(request.state, "typed")
    if request.method == "POST" and is_unread:
        # A body that is not a form has nothing to show again.
        with suppress(HTTPException, FedcomError, ClientDisconnect, RuntimeError):
            await read_form(request, {})
    typed: dict[str, str] = getattr(request.state, "typed", {})
    return typed


class _Expired(Denied):
    """The form token belongs to another session."""

    values: dict[str, str]


@dataclass(slots=True)
class _Sent:
    """The content of the request: texts, files, and the fields of files that were too large."""

    values: dict[str, str]
    files: dict[str, bytes] = field(default_factory=dict)
    too_big: set[str] = field(default_factory=set)


async def receive(request: Request) -> dict[str, str]:
    """The fields of a form, for buttons without any typed text.

    Raises Denied if its token does not belong to this session, HTTPException if it is not a form.
    (`routing` has already refused other sites.)
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
    try:
        check_token(sent.values.get(TOKEN_FIELD, ""), credentials_of(request))
    except Denied as error:
        expired = _Expired(error.code, error.template, **error.facts)
        expired.values = sent.values
        raise expired from None
    return sent


class _TooMuch(MultiPartException):
    """The body is larger than any of our forms."""


async def _read_parts(request: Request) -> _Sent:
    """A form with files, which are spooled to disk so that slow uploads take up no memory."""
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
    """Whether a member sends this: guests may not upload, and anyone can invent a cookie."""
    if not credentials_of(request).token:
        return False
    context: PageContext = getattr(request.state, "page_context", None) or await context_of(request)
    return context.member is not None


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
    """`text` if it is a path of ours, else `default`: no redirect leads to another site.

    Browsers read `//host`, `/\\host`, and these with a tab or line end inside, as another host.
    """
    local = text.startswith("/") and not text.startswith(("//", "/\\"))
    if not local or not text.isprintable() or "\\" in text or len(text) > 2048:
        return default
    return text


def path_after(sent: Mapping[str, str], default: str) -> str:
    """Where a button leads: `default`, but back to the page whose notice offered to undo what was
    done there.
    """
    return safe_path(sent.get("back", ""), default) if sent.get("undone") else default


def see_other(
    path: str, notice: str = "", undoing: flash.Undoing | None = None
) -> RedirectResponse:
    """Redirect to a path of ours after a form; the page there shows `notice`, a code of `flash`,
    and offers to undo what was done, if given.
    """
    response = RedirectResponse(safe_path(path), 303)
    if notice:
        flash.set_notice(response, notice, undoing)
    return response
