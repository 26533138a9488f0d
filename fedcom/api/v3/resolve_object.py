"""What a handle or an address names, fetched from its server if it is not known here."""

from fedcom.api.caller import Call, Caller
from fedcom.api.endpoint import Parameters, Resource, Shape
from fedcom.api.v3.known import one_comment, one_community, one_person, one_post
from fedcom.api.v3.shapes.comment import CommentView
from fedcom.api.v3.shapes.community import CommunityView
from fedcom.api.v3.shapes.person import PersonView
from fedcom.api.v3.shapes.post import PostView
from fedcom.lookup import Found
from fedcom.models.actor import Community
from fedcom.models.comment import Comment
from fedcom.models.post import Post

resource = Resource()


class ResolveObject(Parameters):
    """`!name@host`, `@name@host`, or the address of a post, comment, community or person."""

    q: str


class ResolveObjectResponse(Shape):
    """One of the four."""

    comment: CommentView | None = None
    post: PostView | None = None
    community: CommunityView | None = None
    person: PersonView | None = None


@resource.serves("GET", "/resolve_object")
async def resolve_object(call: Call, wanted: ResolveObject) -> ResolveObjectResponse:
    """Find it; for members, within their limit of look-ups."""
    by = (await call.member()).person
    found = await call.look_up(by, wanted.q)
    return await call.read(lambda caller: _answer(caller, found))


def _answer(caller: Caller, found: Found) -> ResolveObjectResponse:
    if isinstance(found, Post):
        return ResolveObjectResponse(post=one_post(caller, found.id))
    if isinstance(found, Comment):
        return ResolveObjectResponse(comment=one_comment(caller, found.id))
    if isinstance(found, Community):
        return ResolveObjectResponse(community=one_community(caller, found.id))
    return ResolveObjectResponse(person=one_person(caller, found.id))
