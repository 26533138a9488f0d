"""Uploaded pictures: the member's own, and for admins all of them."""

from fedcom.api.caller import Call, Caller
from fedcom.api.endpoint import Parameters, Resource, Shape
from fedcom.api.pictrs import delete_token
from fedcom.api.v3.params import Limit, PageAt, start_of
from fedcom.api.v3.shapes.media import LocalImageView, image_view
from fedcom.views.full import find_people
from fedcom.views.upload import UploadView, list_all_uploads

resource = Resource()


class ListMedia(Parameters):
    """A page."""

    page: PageAt | None = None
    limit: Limit = 10


class ListMediaResponse(Shape):
    """A page of pictures."""

    images: list[LocalImageView]


@resource.serves("GET", "/account/list_media")
async def list_media(call: Call, wanted: ListMedia) -> ListMediaResponse:
    """The pictures that the caller uploaded, newest first."""
    return await call.read(lambda caller: _answer(call, caller, wanted, caller.person.id))


@resource.serves("GET", "/admin/list_all_media")
async def list_all_media(call: Call, wanted: ListMedia) -> ListMediaResponse:
    """The pictures that all members uploaded, for admins, newest first."""

    def work(caller: Caller) -> ListMediaResponse:
        caller.check_admin()
        return _answer(call, caller, wanted, 0)

    return await call.read(work)


def _answer(call: Call, caller: Caller, wanted: ListMedia, owner_id: int) -> ListMediaResponse:
    found = list_all_uploads(
        caller.conn, owner_id=owner_id, after=start_of(wanted.page), limit=wanted.limit
    ).items
    people = find_people(caller.conn, (one.owner.id for one in found))

    def view(of: UploadView) -> LocalImageView:
        token = delete_token(call.instance, of.name, caller.viewer_id)
        return image_view(of, people[of.owner.id], token, caller.now)

    return ListMediaResponse(images=[view(one) for one in found])
