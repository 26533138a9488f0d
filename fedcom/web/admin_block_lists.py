"""The admin's pages about lists of servers to block: import, export, subscriptions, drafts."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from activitypub.iri import host_of
from fedcom.errors import Invalid
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_of
from fedcom.models.block_list import BlockList
from fedcom.models.peer import InstanceBlock
from fedcom.offload import offload
from fedcom.site.block_list_file import SkippedLine, read_block_list, write_block_list
from fedcom.site.block_lists import (
    WHY_SKIPPED,
    BlockListDraft,
    ListedServer,
    add_upload,
    decide,
    find_draft,
    get_block_list,
    list_block_lists,
    list_changes,
    propose_again,
    remove_list,
    set_automatic,
    skipped_lines,
    subscribe,
)
from fedcom.site.instances import list_blocks
from fedcom.web.html.forms import read_form, receive, see_other
from fedcom.web.html.i18n import gettext
from fedcom.web.html.list_changes import forget_list_changes
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, admin_of, context_of, read_page
from fedcom.web.html.routing import button_route, form_route, page_route

ALL = "/admin/block-lists"

SHOWN = 80
"""Changes on one page of a draft, those that cut off the most first; a form has 100 fields."""

_SUBSCRIPTION = {"url": "", "name": "", "automatic": ""}
_IMPORT = {"file": "", "text": "", "name": ""}


def routes() -> list[Route]:
    """The routes of all pages and buttons."""
    one = f"{ALL}/{{number:int}}"
    return [
        form_route(ALL, edit_all),
        form_route(f"{ALL}/import", import_list),
        page_route("/admin/blocks.csv", export),
        page_route(one, show),
        button_route(f"{one}/decide", approve),
        button_route(f"{one}/fetch", fetch),
        button_route(f"{one}/automatic", switch),
        button_route(f"{one}/again", ask_again),
        button_route(f"{one}/remove", remove),
    ]


async def edit_all(request: Request) -> Response:
    """GET and POST /admin/block-lists: all lists, and a new subscription."""
    context = await context_of(request)
    admin_of(context)
    form = await read_form(request, _SUBSCRIPTION)
    if form.ready:
        with form.keeping("url"):
            url, name, automatic = form.line("url"), form.line("name"), form.checked("automatic")
            made = await context.instance.unit(
                lambda ctx: subscribe(ctx, url, name, automatic=automatic)
            )
            await context.instance.fetch_block_list(made.id)
            forget_list_changes(request)
            return see_other(f"{ALL}/{made.id}", "list_added")
    lists = await context.instance.read(list_changes)
    values = {"form": form, "lists": lists, "problem_of": _problem_of}
    return form.answer(page(context, "admin_block_lists.html", values))


async def import_list(request: Request) -> Response:
    """GET and POST /admin/block-lists/import: a file or a pasted text becomes a draft."""
    context = await context_of(request)
    admin_of(context)
    form = await read_form(request, _IMPORT)
    if form.ready:
        content = form.files.get("file") or form.text("text").strip()
        with form.keeping("file" if "file" in form.files else "text"):
            if "file" in form.too_big:
                raise Invalid("file_too_big", "The list is too large.")
            if not content:
                raise Invalid("text_missing", "Choose a file, or paste a list.")
            own_host = host_of(context.instance.settings.origin)
            found = await offload(read_block_list, content, own_host)
            name = form.line("name") or gettext("Imported list")
            made = await context.instance.unit(lambda ctx: add_upload(ctx, name, found))
            forget_list_changes(request)
            return see_other(f"{ALL}/{made.id}")
    return form.answer(page(context, "admin_block_list_import.html", {"form": form}))


async def export(request: Request) -> Response:
    """GET /admin/blocks.csv: all blocked servers in Mastodon's format."""

    def read(conn: Connection, context: PageContext) -> list[InstanceBlock]:
        admin_of(context)
        return list_blocks(conn)

    _, blocks = await read_page(request, read)
    response = Response(write_block_list(blocks), media_type="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="blocked-servers.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


async def show(request: Request) -> Response:
    """GET /admin/block-lists/{number}: what a list would change, to approve or to leave."""
    number = number_of(request)

    def read(conn: Connection, context: PageContext) -> tuple[BlockList, BlockListDraft]:
        admin_of(context)
        found = get_block_list(conn, number)
        return found, find_draft(conn, found)

    context, (found, draft) = await read_page(request, read)
    additions = draft.additions[:SHOWN]
    withdrawals = draft.withdrawals[: SHOWN - len(additions)]
    values = {
        "list": found,
        "draft": draft,
        "additions": additions,
        "withdrawals": withdrawals,
        "shown": " ".join(one.host for one in (*additions, *withdrawals)),
        "more": len(draft.changes) - len(additions) - len(withdrawals),
        "skipped": skipped_lines(found),
        "ties_of": _ties_of,
        "why_skipped": _why_skipped,
        "problem_of": _problem_of,
    }
    return page(context, "admin_block_list.html", values)


async def approve(request: Request) -> Response:
    """POST …/decide: make the changes that are ticked, and none of the other ones in `shown`; with
    `all`, also those that were not shown.
    """
    sent = await receive(request)
    by = admin_of(await context_of(request)).person
    number = number_of(request)
    shown = set(sent.get("shown", "").split())
    ticked = {name.removeprefix("host-") for name in sent if name.startswith("host-")} & shown
    instance = instance_of(request)
    found = await instance.read(lambda conn: get_block_list(conn, number))
    if "all" in sent:
        draft = await instance.read(lambda conn: find_draft(conn, found))
        ticked |= {one.host for one in draft.changes} - shown
    await instance.unit(lambda ctx: decide(ctx, found, ticked, shown - ticked, by))
    forget_list_changes(request)
    left = await instance.read(list_block_lists)
    is_left = any(one.id == found.id for one in left)
    return see_other(f"{ALL}/{number}" if is_left else "/admin/instances", "list_applied")


async def fetch(request: Request) -> Response:
    """POST …/fetch: fetch a subscription now."""
    await receive(request)
    admin_of(await context_of(request))
    await instance_of(request).fetch_block_list(number_of(request))
    forget_list_changes(request)
    return see_other(f"{ALL}/{number_of(request)}", "list_fetched")


async def switch(request: Request) -> Response:
    """POST …/automatic: `automatic` is "on", which also makes the changes that wait, or empty."""
    sent = await receive(request)
    admin_of(await context_of(request))
    number, automatic = number_of(request), bool(sent.get("automatic"))
    instance = instance_of(request)
    await instance.unit(lambda ctx: set_automatic(ctx, number, automatic=automatic))
    if automatic:
        await instance.fetch_block_list(number)
        forget_list_changes(request)
    return see_other(f"{ALL}/{number}", "site_saved")


async def ask_again(request: Request) -> Response:
    """POST …/again: propose again what was decided against."""
    await receive(request)
    admin_of(await context_of(request))
    number = number_of(request)
    await instance_of(request).unit(lambda ctx: propose_again(ctx, number))
    forget_list_changes(request)
    return see_other(f"{ALL}/{number}")


async def remove(request: Request) -> Response:
    """POST …/remove: discard a draft, or end a subscription; blocks stay."""
    await receive(request)
    admin_of(await context_of(request))
    number = number_of(request)
    await instance_of(request).unit(lambda ctx: remove_list(ctx, number))
    forget_list_changes(request)
    return see_other(ALL, "list_removed")


def _ties_of(one: ListedServer) -> str:
    """What a block cuts off, in words."""
    return gettext("cuts off followers there: %(followers)s, follows from here: %(follows)s") % {
        "followers": one.followers,
        "follows": one.follows,
    }


def _why_skipped(line: SkippedLine) -> str:
    return gettext(WHY_SKIPPED[line.why])


def _problem_of(found: BlockList) -> str:
    """Why a list could not be fetched, translated if it is a sentence of ours."""
    return gettext(found.problem) if found.problem else ""
