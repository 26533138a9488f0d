"""Help: formatting, with examples, the rate limits for members, and the API."""

from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.rate_limits import ACTION_LIMITS, NEWCOMER
from fedcom.catalogues import mark
from fedcom.text.markdown import MAX_BRACKETS, MAX_CELLS, render
from fedcom.web.html.i18n import gettext
from fedcom.web.html.render import page
from fedcom.web.html.request_context import context_of

_EXAMPLES = (
    (mark("Emphasis"), "*italic*, **bold**, ***both***, ~~struck out~~"),
    (mark("Subscript and superscript"), "H~2~O and E = mc^2^"),
    (mark("Paragraphs"), "A blank line starts\n\na new paragraph.\\\nA backslash breaks the line."),
    (mark("Headings"), "# Large\n\n## Smaller"),
    (
        mark("Links"),
        "https://example.org becomes a link, and so does [this text](https://example.org).",
    ),
    (
        mark("Mentions"),
        "@name@example.org and !name@example.org, or just @name on this server.",
    ),
    (mark("Quotes"), "> What someone else wrote\n\nYour reply to it."),
    (mark("Lists"), "- milk\n- bread\n\n1. first\n2. second"),
    (mark("Code"), "`a few words` or\n\n```\nseveral lines\n  with their spaces\n```"),
    (mark("Spoilers"), "::: spoiler Who did it\nIt was the gardener.\n:::"),
    (mark("Tables"), "| Cat | Sleeps |\n|-----|-------:|\n| Tom |   16 h |"),
    (mark("Footnotes"), "Cats sleep 16 hours a day.[^1]\n\n[^1]: Kittens sleep even more."),
    (mark("Pictures"), "![Description](https://example.org/picture.png)"),
    (mark("Horizontal line"), "above\n\n---\n\nbelow"),
)


@cache
def _rendered() -> tuple[tuple[str, str, str], ...]:
    """(title, source, HTML) of each example; images of unknown addresses are not fetched."""
    return tuple(
        (title, source, "" if "![" in source else render(source)) for title, source in _EXAMPLES
    )


async def show_markdown(request: Request) -> Response:
    """GET /help/markdown."""
    context = await context_of(request)
    examples = [(gettext(title), source, html) for title, source, html in _rendered()]
    values = {"examples": examples, "brackets": MAX_BRACKETS, "cells": MAX_CELLS}
    return page(context, "help_markdown.html", values)


async def show_limits(request: Request) -> Response:
    """GET /help/limits."""
    context = await context_of(request)
    paces = ACTION_LIMITS if context.instance.settings.member_limits else ()
    limits = [(gettext(pace.what), pace.allowances) for pace in paces]
    values = {"limits": limits, "newcomer": NEWCOMER}
    return page(context, "help_limits.html", values)


async def show_api(request: Request) -> Response:
    """GET /api/docs: every call of the API, as a form."""
    context = await context_of(request)
    return page(context, "api.html", {})
