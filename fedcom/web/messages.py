"""Private messages: with whom one writes, one conversation, changing one's own words.

Every query here names the member who asks; to everybody else a message is not there (404), whether
or not they are logged in, so that nobody learns which numbers are taken.
"""

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fedcom.accounts.rate_limits import act
from fedcom.actions.message import DeleteMessage, EditMessage, SendMessage, UndeleteMessage
from fedcom.context import Context
from fedcom.http.instance import instance_of
from fedcom.models.actor import Person
from fedcom.models.message import Message
from fedcom.personal.notifications import read_conversation
from fedcom.personal.sent_forms import once
from fedcom.queries.actors import get_person
from fedcom.queries.blocks import has_blocked
from fedcom.queries.messages import get_own_message
from fedcom.rules.limits import check_message
from fedcom.rules.permissions import may_edit
from fedcom.views.message import (
    ConversationView,
    MessageView,
    find_conversation,
    list_conversations,
)
from fedcom.views.paging import Cursor, Page
from fedcom.web.html.forms import read_form, receive, see_other
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import Visit, member_of, visit_of, visiting
from fedcom.web.places import get_person_called, number_in, number_of, slug_of, written


async def list_all(request: Request) -> Response:
    """GET /messages: with whom the member writes, the latest first."""
    after = Cursor.of_id(number_in(request.query_params.get("before", "")))

    def read(conn: Connection, visit: Visit) -> Page[ConversationView]:
        return list_conversations(conn, member_of(request, visit).person.id, after=after)

    visit, conversations = await visiting(request, read)
    return page(request, "messages.html", visit, {"conversations": conversations})


@dataclass(frozen=True, slots=True)
class _Talk:
    other: Person
    conversation: Page[MessageView]
    # Who is blocked cannot answer.
    is_blocked: bool


async def converse(request: Request) -> Response:
    """GET and POST /messages/{slug}: what the two wrote to each other, and a form below it."""
    form = await read_form(request, {"body": ""})
    after = Cursor.of_id(number_in(request.query_params.get("before", "")))

    def read(conn: Connection, visit: Visit) -> _Talk:
        by = member_of(request, visit).person
        # Also when they are gone: what they wrote is still to be read.
        other = get_person_called(conn, request, slug_of(request))
        conversation = find_conversation(conn, by.id, other.id, after=after)
        return _Talk(other, conversation, has_blocked(conn, by.id, other.id))

    visit, talk = await visiting(request, read)
    member = member_of(request, visit)
    if form.ready:
        with form.keeping():
            body = await written(request, member.person, check_message(form.text("body")))
            action = SendMessage(by=member.person, to=talk.other, body=body)
            number = await instance_of(request).unit(
                lambda ctx: once(ctx, member.person, form.key, lambda: act(ctx, action).id)
            )
            return see_other(f"{_path(talk.other)}#message-{number}", "message_sent")
    values = {"talk": talk, "other": talk.other, "conversation": talk.conversation, "form": form}
    response = form.answer(page(request, "conversation.html", visit, values))
    if member.unread:
        response.background = BackgroundTask(
            instance_of(request).unit,
            lambda ctx: read_conversation(ctx.conn, member.person.id, talk.other.id, ctx.now),
        )
    return response


async def show(request: Request) -> Response:
    """GET /message/{number}: on to the conversation, for the two whose it is."""

    def read(conn: Connection, visit: Visit) -> str:
        return _address(conn, visit, get_own_message(conn, number_of(request), visit.viewer_id))

    _, address = await visiting(request, read)
    return RedirectResponse(address, 303)


async def edit(request: Request) -> Response:
    """GET and POST /message/{number}/edit: for whoever wrote it."""

    def read(conn: Connection, visit: Visit) -> tuple[Message, str]:
        found = get_own_message(conn, number_of(request), visit.viewer_id)
        may_edit(member_of(request, visit).person, found, visit.now)
        return found, _address(conn, visit, found)

    visit, (message, address) = await visiting(request, read)
    by = member_of(request, visit).person
    form = await read_form(request, {"body": message.body_source})
    if form.ready:
        with form.keeping():
            body = await written(request, by, check_message(form.text("body")))
            action = EditMessage(by=by, message=message, body=body)
            await instance_of(request).unit(lambda ctx: act(ctx, action))
            return see_other(address, "edited")
    values = {"form": form, "back": address}
    return form.answer(page(request, "message_edit.html", visit, values))


async def delete(request: Request) -> Response:
    """POST /message/{number}/delete: the author takes it back."""
    return await _change(request, DeleteMessage, "message_deleted")


async def undelete(request: Request) -> Response:
    """POST /message/{number}/undelete: and gives it again."""
    return await _change(request, UndeleteMessage, "undeleted")


async def _change(
    request: Request, kind: type[DeleteMessage] | type[UndeleteMessage], notice: str
) -> Response:
    await receive(request)
    visit = await visit_of(request)
    by = member_of(request, visit).person

    def work(ctx: Context) -> str:
        found = get_own_message(ctx.conn, number_of(request), by.id)
        act(ctx, kind(by=by, message=found))
        return _address(ctx.conn, visit, found)

    return see_other(await instance_of(request).unit(work), notice)


def _address(conn: Connection, visit: Visit, message: Message) -> str:
    mine = message.author_id == visit.viewer_id
    other = get_person(conn, message.recipient_id if mine else message.author_id)
    return f"{_path(other)}#message-{message.id}"


def _path(other: Person) -> str:
    return f"/messages/{slug(other)}"
