"""The picture server that Lemmy's apps expect beside the API: pict-rs, in front of our own store.

Apps upload to `/pictrs/image` and build the address of the picture from the name that they get. In
texts these addresses are replaced by our own (`media.records.to_own_addresses`), which is how a
picture counts as used. Pictures of other servers are at `/api/v3/image_proxy`. Facts: pict-rs 0.5
as Lemmy 0.19 exposes it; lemmy-js-client 0.19, `uploadImage`.
"""

import asyncio
import hmac

import msgspec
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fedcom.api.caller import Call, Caller
from fedcom.api.endpoint import HEADERS, PREFLIGHT
from fedcom.api.errors import answer_error
from fedcom.errors import BadRequest, Denied
from fedcom.http.csrf import check_origin
from fedcom.http.identity import app_credentials_of
from fedcom.http.instance import Instance, instance_of
from fedcom.http.pictures import show_picture, show_remote_picture
from fedcom.http.problem import EXPECTED
from fedcom.media.picture import POST
from fedcom.media.records import PICTRS as PATH, find_media
from fedcom.media.remote import FULL, PROXY
from fedcom.personal.uploads import begin_upload, delete_upload, finish_upload

THUMBNAIL = 256
"""Pixels. Apps that ask for at most as many get the thumbnail."""


class UploadedFile(msgspec.Struct):
    """A stored picture: its name, and what its owner may delete it with."""

    file: str
    delete_token: str


async def upload(request: Request) -> Response:
    """POST /pictrs/image: a picture in the field `images[]`, from a member."""
    try:
        call = _call_of(request)
        by = (await call.member()).person
        async with request.form(max_files=1, max_fields=2) as form:
            given = form.get("images[]")
            if not isinstance(given, UploadFile):
                raise BadRequest("picture_missing", "The field images[] has no file.")
            content = await given.read()
        await call.unit(lambda caller: begin_upload(caller.ctx, caller.person))
        kept = await call.instance.pictures.keep(content, POST)
        made = await call.unit(
            lambda caller: finish_upload(caller.ctx, caller.person, kept, "upload")
        )
    except EXPECTED as error:
        return answer_error(error, HEADERS)
    token = delete_token(call.instance, made.name, by.id)
    files = [{"file": made.name, "delete_token": token}]
    return JSONResponse({"msg": "ok", "files": files}, 201, headers=HEADERS)


async def show(request: Request) -> Response:
    """GET /pictrs/image/{name}: a picture; `thumbnail=` is the most pixels a side that the app
    wants. `format=` has no effect: every picture is a WebP.
    """
    instance, name = instance_of(request), request.path_params["name"]
    if _is_small(request):
        found = await instance.read(lambda conn: find_media(conn, name))
        name = (found and found.thumbnail) or name
    return await show_picture(instance, name)


async def show_remote(request: Request) -> Response:
    """GET /api/v3/image_proxy?url=…&sig=…: a picture of another server, at the address that an
    answer of ours named it by; `thumbnail=` and `format=` as for our own.
    """
    query = request.query_params
    url, signature = query.get("url", ""), query.get("sig", "")
    return await show_remote_picture(
        instance_of(request), url, FULL, signature, small=_is_small(request)
    )


def _is_small(request: Request) -> bool:
    wanted = request.query_params.get("thumbnail", "")
    return wanted.isdecimal() and int(wanted[:6]) <= THUMBNAIL


async def delete(request: Request) -> Response:
    """GET /pictrs/image/delete/{token}/{name}: delete a picture of one's own, or as an admin any
    picture.
    """
    name = request.path_params["name"]

    def work(caller: Caller) -> list[str]:
        expected = delete_token(instance_of(request), name, caller.person.id)
        if not hmac.compare_digest(expected, request.path_params["token"]):
            raise Denied("not_the_owner", "This is not the token of a picture of yours.")
        return delete_upload(caller.ctx, caller.person, name, is_admin=caller.is_admin)

    try:
        call = _call_of(request)
        files = await call.unit(work)
    except EXPECTED as error:
        return answer_error(error, HEADERS)
    for file in files:
        await asyncio.to_thread(call.instance.pictures.store.remove, file)
    return Response(status_code=204, headers=HEADERS)


def _call_of(request: Request) -> Call:
    """The call; only here, the token may be in a cookie. Raises Denied("cross_site") if another
    site made a browser send that.
    """
    credentials = app_credentials_of(request)
    if credentials.from_cookie:
        check_origin(request)
    return Call(request, credentials)


def delete_token(instance: Instance, name: str, member_id: int) -> str:
    """What deletes this picture for its owner or an admin; it is worth nothing to others."""
    return instance.signer.sign("deleting a picture", bound_to=f"{member_id} {name}")


async def answer_health(_request: Request) -> Response:
    """GET /pictrs/healthz."""
    return Response(headers=HEADERS)


async def _answer_preflight(_request: Request) -> Response:
    return Response(status_code=204, headers=PREFLIGHT)


ROUTES = [
    Route(PATH, upload, methods=["POST"]),
    Route(PATH, _answer_preflight, methods=["OPTIONS"]),
    Route("/pictrs/healthz", answer_health, methods=["GET"]),
    Route(f"{PATH}/delete/{{token}}/{{name}}", delete, methods=["GET"]),
    Route(f"{PATH}/{{name}}", show, methods=["GET"]),
    Route(PROXY, show_remote, methods=["GET"]),
]
