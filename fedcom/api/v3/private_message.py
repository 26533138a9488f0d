"""Private messages of the member who calls."""

from collections.abc import Sequence

from fedcom.actions.message import DeleteMessage, EditMessage, SendMessage, UndeleteMessage
from fedcom.api.caller import Call, Caller
from fedcom.api.endpoint import Parameters, Resource, Shape
from fedcom.api.v3.params import Id, Limit, PageAt, start_of
from fedcom.api.v3.shapes.message import PrivateMessageView, private_message_view
from fedcom.personal.notifications import read_message
from fedcom.queries.actors import get_person
from fedcom.queries.messages import get_own_message
from fedcom.rules.limits import check_message
from fedcom.views.full import find_people
from fedcom.views.message import MessageSource, get_message_source, list_messages

resource = Resource()


class PrivateMessagesResponse(Shape):
    """A page of messages."""

    private_messages: list[PrivateMessageView]


class PrivateMessageResponse(Shape):
    """A message after a change."""

    private_message_view: PrivateMessageView


class GetPrivateMessages(Parameters):
    """All, those of one author, or the unread ones."""

    unread_only: bool = False
    page: PageAt | None = None
    limit: Limit = 10
    creator_id: Id | None = None


@resource.reads("/private_message/list")
def list_private_messages(caller: Caller, wanted: GetPrivateMessages) -> PrivateMessagesResponse:
    """The messages that one sent and received, newest first."""
    found = list_messages(
        caller.conn,
        caller.person.id,
        unread=wanted.unread_only,
        author_id=wanted.creator_id or 0,
        after=start_of(wanted.page),
        limit=wanted.limit,
    )
    return PrivateMessagesResponse(private_messages=message_views(caller, found.items))


class CreatePrivateMessage(Parameters):
    """A new message."""

    content: str
    recipient_id: Id


@resource.serves("POST", "/private_message")
async def create_private_message(
    call: Call, wanted: CreatePrivateMessage
) -> PrivateMessageResponse:
    """Write to a person."""
    by = (await call.member()).person
    body = await call.parse_markdown(by, check_message(wanted.content))

    def work(caller: Caller) -> PrivateMessageResponse:
        to = get_person(caller.conn, wanted.recipient_id)
        return _answer(caller, caller.act(SendMessage(by=caller.person, to=to, body=body)).id)

    return await call.unit(work)


class EditPrivateMessage(Parameters):
    """New words for a message."""

    private_message_id: Id
    content: str


@resource.serves("PUT", "/private_message")
async def edit_private_message(call: Call, wanted: EditPrivateMessage) -> PrivateMessageResponse:
    """Change a message of one's own."""
    by = (await call.member()).person
    body = await call.parse_markdown(by, check_message(wanted.content))

    def work(caller: Caller) -> PrivateMessageResponse:
        by = caller.person
        message = get_own_message(caller.conn, wanted.private_message_id, by.id)
        return _answer(caller, caller.act(EditMessage(by=by, message=message, body=body)).id)

    return await call.unit(work)


class DeletePrivateMessage(Parameters):
    """Delete, or restore what was deleted."""

    private_message_id: Id
    deleted: bool


@resource.writes("POST", "/private_message/delete")
def delete_private_message(caller: Caller, wanted: DeletePrivateMessage) -> PrivateMessageResponse:
    """Delete a message of one's own, or restore it."""
    by = caller.person
    message = get_own_message(caller.conn, wanted.private_message_id, by.id)
    action = DeleteMessage if wanted.deleted else UndeleteMessage
    caller.ensure(action(by=by, message=message))
    return _answer(caller, message.id)


class MarkPrivateMessageAsRead(Parameters):
    """A message to mark as read, or as unread."""

    private_message_id: Id
    read: bool


@resource.writes("POST", "/private_message/mark_as_read")
def mark_private_message(
    caller: Caller, wanted: MarkPrivateMessageAsRead
) -> PrivateMessageResponse:
    """Mark a message to oneself as read, or as unread."""
    mine = caller.person.id
    message = get_own_message(caller.conn, wanted.private_message_id, mine)
    read_message(caller.conn, mine, message.id, read=wanted.read, now=caller.now)
    return _answer(caller, message.id)


def message_views(caller: Caller, messages: Sequence[MessageSource]) -> list[PrivateMessageView]:
    """These messages with their people."""
    ids = {number for one in messages for number in (one.author_id, one.recipient_id)}
    people = find_people(caller.conn, ids)
    return [private_message_view(one, people, caller.now) for one in messages]


def _answer(caller: Caller, message_id: int) -> PrivateMessageResponse:
    found = get_message_source(caller.conn, caller.viewer_id, message_id)
    return PrivateMessageResponse(private_message_view=message_views(caller, [found])[0])
