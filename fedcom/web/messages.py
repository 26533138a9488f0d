"""Private messages: the list of conversations, one conversation, editing and deleting messages.

Every query includes the member; for everyone else a message does not exist (404), logged in or not,
so that nobody can find out which ids are taken.
"""

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fedcom.accounts.rate_limits import act
from fedcom.actions.message import DeleteMessage, EditMessage, SendMessage, UndeleteMessage
from fedcom.context import Context
from fedcom.http.numbers import number_of
from fedcom.http.paging import row_in_query
from fedcom.http.resolve import get_person_named, parse_markdown
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
from fedcom.web import pictures
from fedcom.web.html.forms import read_form, receive, see_other
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page


async def list_all(request: Request) -> Response:
    """GET /messages: the member's conversations, the latest first."""
    after = Cursor.of_id(row_in_query(request, "before"))

    def read(conn: Connection, context: PageContext) -> Page[ConversationView]:
        return list_conversations(conn, member_of(context).person.id, after=after)

    context, conversations = await read_page(request, read)
    return page(context, "messages.html", {"conversations": conversations})


@dataclass(frozen=True, slots=True)
class _ConversationPage:
    other: Person
    conversation: Page[MessageView]
    # Blocked people cannot reply.
    is_blocked: bool


async def converse(request: Request) -> Response:
    """GET and POST /messages/{slug}: the messages between two people, with a form."""
    form = await read_form(request, {"body": ""} | pictures.TEXT_FIELDS)
    after = Cursor.of_id(row_in_query(request, "before"))

    def read(conn: Connection, context: PageContext) -> _ConversationPage:
        by = member_of(context).person
        # Also if the account is deleted: its messages can still be read.
        other = get_person_named(conn, request, with_deleted=True)
        conversation = find_conversation(conn, by.id, other.id, after=after)
        return _ConversationPage(other, conversation, has_blocked(conn, by.id, other.id))

    context, conversation_page = await read_page(request, read)
    member = member_of(context)
    if form.ready:
        with form.keeping():
            await pictures.attach(request, form, member.person)
    if form.ready and not form.checked("attach"):
        with form.keeping():
            body = await parse_markdown(request, member.person, check_message(form.text("body")))
            action = SendMessage(by=member.person, to=conversation_page.other, body=body)
            message_id = await context.instance.unit(
                lambda ctx: once(ctx, member.person, form.key, lambda: act(ctx, action).id)
            )
            return see_other(
                f"{_path(conversation_page.other)}#message-{message_id}", "message_sent"
            )
    values = {
        "other": conversation_page.other,
        "conversation": conversation_page.conversation,
        "is_blocked": conversation_page.is_blocked,
        "form": form,
    }
    response = form.answer(page(context, "conversation.html", values))
    if member.unread:
        response.background = BackgroundTask(
            context.instance.unit,
            lambda ctx: read_conversation(
                ctx.conn, member.person.id, conversation_page.other.id, ctx.now
            ),
        )
    return response


async def show(request: Request) -> Response:
    """GET /message/{number}: redirect to the conversation, for its two members."""

    def read(conn: Connection, context: PageContext) -> str:
        return _address(conn, context, get_own_message(conn, number_of(request), context.viewer_id))

    _, address = await read_page(request, read)
    return RedirectResponse(address, 303)


async def edit(request: Request) -> Response:
    """GET and POST /message/{number}/edit: for the author."""

    def read(conn: Connection, context: PageContext) -> tuple[Message, str]:
        found = get_own_message(conn, number_of(request), context.viewer_id)
        may_edit(member_of(context).person, found, context.now)
        return found, _address(conn, context, found)

    context, (message, address) = await read_page(request, read)
    by = member_of(context).person
    form = await read_form(request, {"body": message.body_source} | pictures.TEXT_FIELDS)
    if form.ready:
        with form.keeping():
            await pictures.attach(request, form, by)
    if form.ready and not form.checked("attach"):
        with form.keeping():
            body = await parse_markdown(request, by, check_message(form.text("body")))
            action = EditMessage(by=by, message=message, body=body)
            await context.instance.unit(lambda ctx: act(ctx, action))
            return see_other(address, "edited")
    values = {"form": form, "back": address}
    return form.answer(page(context, "message_edit.html", values))


async def delete(request: Request) -> Response:
    """POST /message/{number}/delete: for the author."""
    return await _change(request, DeleteMessage, "message_deleted")


async def undelete(request: Request) -> Response:
    """POST /message/{number}/undelete: for the author."""
    return await _change(request, UndeleteMessage, "undeleted")


async def _change(
    request: Request, kind: type[DeleteMessage] | type[UndeleteMessage], notice: str
) -> Response:
    await receive(request)
    context = await context_of(request)
    by = member_of(context).person

    def work(ctx: Context) -> str:
        found = get_own_message(ctx.conn, number_of(request), by.id)
        act(ctx, kind(by=by, message=found))
        return _address(ctx.conn, context, found)

    return see_other(await context.instance.unit(work), notice)


def _address(conn: Connection, context: PageContext, message: Message) -> str:
    mine = message.author_id == context.viewer_id
    other = get_person(conn, message.recipient_id if mine else message.author_id)
    return f"{_path(other)}#message-{message.id}"


def _path(other: Person) -> str:
    return f"/messages/{slug(other)}"
