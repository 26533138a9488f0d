"""People, and what counts them."""

from datetime import datetime

from fedcom.api.endpoint import Shape
from fedcom.api.proxied import MarkdownText, PictureUrl
from fedcom.views.full import FullPerson


class Person(Shape):
    """A person; `banned` is the ban from this whole instance."""

    id: int
    name: str
    display_name: str | None = None
    avatar: PictureUrl | None = None
    banned: bool
    published: datetime
    updated: datetime | None = None
    actor_id: str
    bio: MarkdownText | None = None
    local: bool
    banner: PictureUrl | None = None
    deleted: bool
    matrix_user_id: str | None = None
    bot_account: bool
    ban_expires: datetime | None = None
    instance_id: int


class PersonAggregates(Shape):
    """How many posts and comments of a person are shown."""

    person_id: int
    post_count: int
    comment_count: int


class PersonView(Shape):
    """A person with their counts."""

    person: Person
    counts: PersonAggregates
    is_admin: bool


def person(of: FullPerson, now: datetime) -> Person:
    """A person; an expired ban does not count."""
    banned = of.is_banned(now)
    return Person(
        id=of.id,
        name=of.name,
        display_name=of.title if of.title and of.title != of.name else None,
        avatar=of.icon_url,
        banned=banned,
        published=of.published_at,
        updated=of.updated_at,
        actor_id=of.iri,
        bio=of.summary_source or None,
        local=of.local,
        banner=of.image_url,
        deleted=of.is_deleted,
        matrix_user_id=of.matrix_user_id,
        bot_account=of.is_bot,
        ban_expires=of.ban_expires_at if banned else None,
        instance_id=of.instance_id,
    )


def person_view(of: FullPerson, now: datetime) -> PersonView:
    """A person with their counts."""
    counts = PersonAggregates(person_id=of.id, post_count=of.posts, comment_count=of.comments)
    return PersonView(person=person(of, now), counts=counts, is_admin=of.is_admin)
