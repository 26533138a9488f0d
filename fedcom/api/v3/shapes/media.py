"""Uploaded pictures."""

from datetime import datetime

from fedcom.api.endpoint import Shape
from fedcom.api.v3.shapes.person import Person, person
from fedcom.views.full import FullPerson
from fedcom.views.upload import UploadView


class LocalImage(Shape):
    """A picture; the token deletes it, if who got it here sends it."""

    local_user_id: int | None = None
    pictrs_alias: str
    pictrs_delete_token: str
    published: datetime


class LocalImageView(Shape):
    """A picture with its owner."""

    local_image: LocalImage
    person: Person


def image_view(of: UploadView, owner: FullPerson, token: str, now: datetime) -> LocalImageView:
    """A picture with its owner, and the token to delete it."""
    return LocalImageView(
        local_image=LocalImage(
            local_user_id=owner.id,
            pictrs_alias=of.name,
            pictrs_delete_token=token,
            published=of.created_at,
        ),
        person=person(owner, now),
    )
