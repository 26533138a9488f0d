"""From a request to a handler and back: parameters by a struct, the answer by a struct.

A handler is a function of who calls and of its parameters. `reads` and `writes` run it inside one
transaction; `serves` is for handlers that have to wait for something else and open transactions
themselves. Its annotations name the structs, for the decoder, the answer and the description.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, dataclass_transform, get_type_hints

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.api.caller import Call, Caller, call_of
from fedcom.api.errors import SAME, answer_error
from fedcom.api.kept import EncodedAnswer, KeptAnswers
from fedcom.api.proxied import move_pictures_in
from fedcom.errors import BadRequest
from fedcom.http.page_cache import SHARED, allow_sharing, is_shareable
from fedcom.http.problem import EXPECTED
from fedcom.offload import offload

Method = Literal["GET", "POST", "PUT"]
Handler = Callable[[Call, Any], Awaitable[Any]]
F = TypeVar("F", bound=Callable[..., Any])

MAX_BYTES = 2**20
"""The largest body: our longest text with every character escaped."""

HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
}
PRIVATE = "private, no-store"
PREFLIGHT = {
    **HEADERS,
    "Access-Control-Allow-Methods": "GET, POST, PUT",
    "Access-Control-Allow-Headers": "*, Authorization",
    "Access-Control-Max-Age": "86400",
}

_encode = msgspec.json.Encoder().encode


class _Named(msgspec.StructMeta):
    """Structs whose fields are given by name, in any order: those with a default too."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> Any:
        return super().__new__(mcs, name, bases, namespace, **({"kw_only": True} | options))


@dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))
class Shape(msgspec.Struct, metaclass=_Named, omit_defaults=True, gc=False):
    """An answer, or a part of one. A property that has no value is left out, never null."""


@dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))
class Parameters(msgspec.Struct, metaclass=_Named):
    """The parameters of a call: of the query for GET, else of the JSON body. Unknown ones are
    ignored, as by Lemmy.
    """


class NoParameters(Parameters):
    """For calls that have none."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method at one address. `path` begins behind the API's own prefix."""

    method: Method
    path: str
    parameters: type[Parameters]
    # A Shape, or a list of one.
    answer: Any
    handler: Handler
    description: str
    # What a guest gets is the same for all guests until something changes.
    is_shared: bool
    handler_name: str
    # Lemmy's codes for errors, by ours.
    codes: Mapping[str, str]


class Resource:
    """The endpoints of one of the API's resources, which is one file of handlers.

    `codes`: Lemmy's codes for errors by ours, where this resource has others than the rest.
    """

    def __init__(self, **codes: str) -> None:
        self._codes = {**SAME, **codes}
        self.endpoints: list[Endpoint] = []

    def reads(
        self, path: str, version: Callable[[Caller], Hashable] | None = None
    ) -> Callable[[F], F]:
        """Register a handler `(caller, parameters) -> answer` for GET, which only reads.

        With `version`, the answer is the same for everybody and without parameters. It is kept for
        a minute, until `version(caller)` is another one.
        """

        def register(handler: F) -> F:
            def run(call: Call, wanted: Any) -> Awaitable[Any]:
                if version is not None:
                    return _find_kept(call, path, version, lambda one: handler(one, wanted))
                return call.read(lambda caller: handler(caller, wanted))

            return self._add("GET", path, handler, run, is_shared=True)

        return register

    def writes(self, method: Method, path: str) -> Callable[[F], F]:
        """Register a handler `(caller, parameters) -> answer`, which is one unit of work."""

        def register(handler: F) -> F:
            def run(call: Call, wanted: Any) -> Awaitable[Any]:
                return call.unit(lambda caller: handler(caller, wanted))

            return self._add(method, path, handler, run)

        return register

    def serves(self, method: Method, path: str, *, is_shared: bool = False) -> Callable[[F], F]:
        """Register a handler `async (call, parameters) -> answer`, which opens transactions.

        `is_shared`: what a guest gets is the same for all guests.
        """

        def register(handler: F) -> F:
            return self._add(method, path, handler, handler, is_shared=is_shared)

        return register

    def _add(
        self, method: Method, path: str, handler: F, run: Handler, *, is_shared: bool = False
    ) -> F:
        hints = get_type_hints(handler)
        answer = hints.pop("return")
        parameters = next(kind for kind in hints.values() if kind not in (Call, Caller))
        described = handler.__doc__ or ""
        self.endpoints.append(
            Endpoint(
                method,
                path,
                parameters,
                answer,
                run,
                described,
                is_shared,
                handler.__name__,
                self._codes,
            )
        )
        return handler


def routes_of(prefix: str, endpoints: list[Endpoint]) -> list[Route]:
    """The routes of these endpoints, with one for the preflight requests to each address."""
    routes = [Route(prefix + one.path, _serving(one), methods=[one.method]) for one in endpoints]
    paths = dict.fromkeys(prefix + one.path for one in endpoints)
    return [*routes, *(Route(path, _answer_preflight, methods=["OPTIONS"]) for path in paths)]


def _serving(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    read = _read_query if endpoint.method == "GET" else _read_body

    async def serve(request: Request) -> Response:
        call = call_of(request)
        if endpoint.is_shared:
            allow_sharing(request.scope)
        try:
            wanted = await read(request, endpoint.parameters)
            answer = await endpoint.handler(call, wanted)
        except EXPECTED as error:
            return answer_error(error, HEADERS, endpoint.codes)
        if call.instance.settings.proxy_pictures_for_apps:
            move_pictures_in(answer, call.instance.media_signer.address_for_apps)
        cached = SHARED if endpoint.is_shared and is_shareable(request) else PRIVATE
        headers = {**HEADERS, "Cache-Control": cached, "Vary": "Authorization"}
        if isinstance(answer, EncodedAnswer):
            return _to_response(request, answer, headers)
        return Response(_encode(answer), headers=headers, media_type="application/json")

    return serve


async def _find_kept(
    call: Call,
    path: str,
    version: Callable[[Caller], Hashable],
    handler: Callable[[Caller], object],
) -> EncodedAnswer:
    kept: KeptAnswers = call.request.app.state.kept_answers
    now, current = call.instance.clock(), await call.read(version)
    async with kept.turn:
        found = kept.find(path, current, now)
        if found is None:
            found = await offload(EncodedAnswer.of, await call.read(handler))
            kept.keep(path, current, now, found)
    return found


def _to_response(request: Request, answer: EncodedAnswer, headers: Mapping[str, str]) -> Response:
    varies = {**headers, "Vary": "Authorization, Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        varies["Content-Encoding"] = "gzip"
        return Response(answer.gzipped, headers=varies, media_type="application/json")
    return Response(answer.json, headers=varies, media_type="application/json")


async def _read_query(request: Request, parameters: type[Parameters]) -> Parameters:
    # Apps send `community_id=` for none.
    given = {name: text for name, text in request.query_params.items() if text}
    try:
        return msgspec.convert(given, parameters, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest("invalid_query", "%(reason)s", reason=error) from error


async def _read_body(request: Request, parameters: type[Parameters]) -> Parameters:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise BadRequest(
                "body_too_large", "The request is larger than %(most)s bytes.", most=MAX_BYTES
            )
    try:
        given = msgspec.json.decode(bytes(body) or b"{}")
        if isinstance(given, dict):
            # Bots send null for what they do not give.
            given = {name: value for name, value in given.items() if value is not None}
        return msgspec.convert(given, parameters)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest("invalid_json", "%(reason)s", reason=error) from error


async def _answer_preflight(_request: Request) -> Response:
    return Response(status_code=204, headers=PREFLIGHT)
