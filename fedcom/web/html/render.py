"""Templates → responses: the Jinja environment, and the values that every page gets.

Everything is escaped except by one filter: `rich`, for the sanitized columns of the database.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from fedcom.catalogues import LANGUAGES
from fedcom.http.page_cache import SHARED, is_shareable
from fedcom.media.remote import MediaUrlSigner
from fedcom.offload import offload
from fedcom.rules.languages import LANGUAGES as POST_LANGUAGES
from fedcom.rules.newcomers import is_newcomer
from fedcom.text.html import excerpt_of
from fedcom.text.mentions import unlinked_mentions
from fedcom.text.pictures import NO_SIZES, Sizes, move_pictures
from fedcom.web.html import flash, i18n
from fedcom.web.html.cards import CardMaker, Describe
from fedcom.web.html.escaping import EscapingEnvironment
from fedcom.web.html.fragments import Fragments
from fedcom.web.html.icon_addresses import icon_address
from fedcom.web.html.labels import OWN_LISTS, PAGES
from fedcom.web.html.request_context import PageContext

FOLDER = Path(__file__).parents[1]


def _static_file(name: str) -> bytes:
    """A style sheet or a script without the comments that have lines of their own: they are a tenth
    of it, and every new reader loads it.
    """
    text = (FOLDER / "static" / name).read_text(encoding="utf-8")
    return _COMMENTS[name.rpartition(".")[2]].sub("", text).encode()


_COMMENTS = {
    "css": re.compile(r"^ *(?:/\*[^*]*\*/)\n", re.MULTILINE),
    "js": re.compile(r"^ *(?://.*|/\*\*.*\*/)\n", re.MULTILINE),
}
STYLE = _static_file("style.css")
SCRIPTS = {
    name: _static_file(name)
    for name in (
        *("script.js", "page.js", "reading.js", "editor.js", "notifications.js", "passkeys.js"),
        *("push_worker.js", "api.js"),
    )
}
_ADDRESSES = {
    name: f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"
    for name, content in SCRIPTS.items()
}


def script_address(name: str) -> str:
    """The address of a script, which changes with it."""
    return _ADDRESSES[name]


STYLE_VERSION = hashlib.sha256(STYLE).hexdigest()[:12]

_MINUTE = timedelta(minutes=1)

_ANY_DIRECTION = Markup(' dir="auto"')

TINTS = 8
"""Colours for the initials that replace a missing picture."""


@pass_context
def when(context: Context, moment: datetime) -> Markup:
    """A `<time>` element that shows an age, and the exact time for programs and on hover."""
    return age(moment, context["now"])


def age(moment: datetime, now: datetime) -> Markup:
    """As `when`, outside of a template."""
    return _when(i18n.language(), i18n.zone(), moment, (now - moment) // _MINUTE)


# A thread has hundreds of these, and each reader within a minute gets the same ones.
@lru_cache(maxsize=4096)
def _when(_language: str, _zone: str, moment: datetime, minutes: int) -> Markup:
    """`_language` and `_zone` are those in use; they are named only because the texts depend on
    them.
    """
    text, exact = escape(i18n.age(moment, moment + minutes * _MINUTE)), escape(i18n.exact(moment))
    return Markup(f'<time datetime="{_stamp(moment)}" title="{exact}">{text}</time>')  # noqa: S704 - escaped


def exact(moment: datetime) -> Markup:
    """A `<time>` element that shows the time; if it is in UTC, our script makes it the reader's."""
    return Markup('<time datetime="{}">{}</time>').format(_stamp(moment), i18n.exact(moment))


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pass_context
def rich(context: Context, html: str) -> Markup:
    """HTML that was sanitized (`body_html`, `summary_html`, `description_html` columns).

    Its pictures are loaded through this server, so that other servers do not learn who reads it.
    A page may name the sizes of some of them (`sizes`).
    """
    return rich_text(html, context["media_signer"], context.get("sizes", NO_SIZES))


def rich_text(html: str, signer: MediaUrlSigner, sizes: Sizes = NO_SIZES) -> Markup:
    """As `rich`, outside of a template."""
    shown = _with_scrolled_parts(move_pictures(html, signer.address, sizes))
    return Markup(shown)  # noqa: S704 - the one place where HTML is trusted: it was sanitized when stored


def _with_scrolled_parts(html: str) -> str:
    """`html` (from the sanitizer, which leaves no `<` in attributes) with its code and its tables,
    which may be wider than the page, in places that the keyboard reaches and can scroll.
    """
    if "<pre" in html:
        label = i18n.gettext("Code")
        html = html.replace("<pre", f"<pre{_scrolled(label)}")
    if "<table" in html:
        label = i18n.gettext("Table")
        box = f'<div class="scroll"{_scrolled(label)}>'
        html = html.replace("<table", f"{box}<table").replace("</table>", "</table></div>")
    return html


def _scrolled(label: str) -> str:
    return f' tabindex="0" role="group" aria-label="{escape(label)}"'


@pass_context
def picture(context: Context, url: str, size: str = "full") -> str:
    """Our address for the picture at `url`, which may be another server's."""
    address: str = context["media_signer"].address(url, size)
    return address


@pass_context
def face(context: Context, actor: Any) -> str:
    """Our address for the small avatar of a person or community; "" without one."""
    address: str = context["media_signer"].face(actor.id, actor.icon_url)
    return address


@pass_context
def newcomer(context: Context, person: Any) -> bool:
    """Whether this person is new, as `rules.newcomers` defines it."""
    return is_newcomer(person.published_at, context["site"].created_at, context["now"])


def lang_attribute(of: Any = None) -> Markup:
    """The attributes of user content: its own direction, and its language (`language_only`)."""
    return _ANY_DIRECTION + language_only(of)


def language_only(of: Any) -> Markup:
    """The attribute for the language of user content if that is known and not the page's: for a
    title within a line, whose direction is the line's.

    A line whose `dir` is "auto" takes its direction from its first letter, but not from one in an
    element that has a `dir` itself (HTML, 3.2.6.4).
    """
    known = getattr(of, "language", None)
    if not known or known == i18n.language():
        return Markup()
    return Markup(' lang="{}"').format(known)


# Every reader of a list gets the same texts, and making one costs more than the rest of its line.
@lru_cache(maxsize=1024)
def excerpt(html: str) -> str:
    """The beginning of a text as plain text."""
    return excerpt_of(html, 240)


def slug(actor: Any) -> str:
    """An actor in our addresses: its name if it is local, else its handle; quoted."""
    return quote(slug_text(actor), safe="@:")


def slug_text(actor: Any) -> str:
    """As `slug`, for readers."""
    text: str = actor.name if actor.local else actor.handle
    return text


def site_of(url: str) -> str:
    """The host of a link, to show beside it; "" if it has none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def link(url: str | None) -> str:
    """An external link if it is http or https, else one that leads nowhere."""
    return url if url and url.lower().startswith(("https://", "http://")) else "#"


def new_once() -> str:
    """A new value for the field that identifies repeats of a form."""
    return secrets.token_urlsafe(12)


def initial(actor: Any) -> str:
    """The first letter of an actor's name, capitalized."""
    text = (actor.title or actor.name).strip()
    return text[:1].upper() or "?"


def style_address(hue: int | None = None) -> str:
    """The address of the style sheet in the colours of this hue (None: the default colours)."""
    address = f"/static/style.css?v={STYLE_VERSION}"
    return address if hue is None else f"{address}&hue={hue}"


def _with_numbers(say: Any) -> Callable[..., str]:
    """`say` for templates, with the language's separators in its numbers."""

    @pass_context
    def translate(context: Context, *texts: Any, **facts: Any) -> str:
        written = {
            name: i18n.number(fact) if type(fact) is int else fact for name, fact in facts.items()
        }
        text: str = say(context, *texts, **written)
        return text

    return translate


def _environment() -> Environment:
    environment = EscapingEnvironment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # jinja2.ext.i18n adds this method at run time.
    install = cast("Any", environment).install_gettext_callables
    install(i18n.gettext, i18n.ngettext, newstyle=True)
    environment.filters |= {
        "rich": rich,
        "excerpt": excerpt,
        "picture": picture,
        "face": face,
        "newcomer": newcomer,
        "slug": slug,
        "slug_text": slug_text,
        "site_of": site_of,
        "unlinked_mentions": unlinked_mentions,
        "link": link,
        "initial": initial,
        "icon": icon_address,
        "stamp": _stamp,
        "when": when,
        "exact": exact,
    }
    for say in (i18n.number, i18n.counted, i18n.size, i18n.span, i18n.day):
        environment.filters[say.__name__] = say
    for name in ("gettext", "ngettext"):
        environment.globals[name] = _with_numbers(environment.globals[name])
    environment.globals |= {
        "tints": TINTS,
        "new_once": new_once,
        # For texts used on every line: Jinja finds an attribute faster than a key.
        "texts": SimpleNamespace,
        "lang_attribute": lang_attribute,
        "language_only": language_only,
        "own_lists": OWN_LISTS,
        "page_titles": PAGES,
        "language": i18n.language,
        "zone": i18n.zone,
        "direction": i18n.direction,
        "languages": list(LANGUAGES.items()),
        "post_languages": list(POST_LANGUAGES.items()),
    }
    return environment


def fragment(template: str, **values: Hashable) -> Markup:
    """A template with these values and no others, kept in memory."""
    return fragments.get(template, tuple(values), tuple(values.values()))


_pages = _environment()
fragments = Fragments(lambda template, values: _pages.get_template(template).render(values))
_pages.globals["fragment"] = fragment


class _Page(HTMLResponse):
    """A page that is rendered when it is sent, outside the event loop: rendering a long thread
    takes too long for other requests to wait.
    """

    def __init__(self, render: Callable[[], str], status: int) -> None:
        super().__init__(status_code=status)
        self._text = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Render, and send."""
        self.body = self.render(await offload(self._text))
        self.headers["Content-Length"] = str(len(self.body))
        await super().__call__(scope, receive, send)


def page(
    context: PageContext,
    template: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
    alternate: str = "",
    describe: Describe | None = None,
) -> HTMLResponse:
    """A whole page: the template with `values` and the values that every page gets.

    `alternate` is the ActivityPub id of the object that the page shows; `describe` says how a link
    to it is shown.
    """
    found = flash.pending(context.request)
    notices = {"notice": flash.text_of(found), "undo": found if found and found.undo_path else None}
    card = describe(card_maker(context)) if describe else None
    more = {**notices, "alternate": alternate, "card": card, **values}
    response = _Page(partial(piece, context, template, more), status)
    response.headers["Vary"] = "Accept, Accept-Language, Cookie"
    is_shared = status == 200 and is_shareable(context.request)
    response.headers["Cache-Control"] = SHARED if is_shared else "private, no-cache"
    if alternate:
        target = quote(alternate, safe=":/?#[]@!$&'()*+,;=%~-._")
        response.headers["Link"] = f'<{target}>; rel="alternate"; type="application/activity+json"'
    if found:
        flash.clear(response)
    return response


def card_maker(context: PageContext) -> CardMaker:
    """Makes cards for this server's pages."""
    icon = f"{context.site.origin}{icon_address(context.site, '512.png')}"
    return CardMaker(context.site, context.instance.media_signer, icon)


def piece(context: PageContext, template: str, values: Mapping[str, Any]) -> str:
    """A page or a part of one: the template with `values` and the values that every page gets."""
    i18n.speak(context.language, context.zone)
    return _pages.get_template(template).render(
        {"style": style_address(context.site.hue), **values},
        script_address=script_address,
        site=context.site,
        announcement=context.announcement,
        alerts=context.alerts,
        list_changes=context.list_changes,
        member=context.member,
        is_kept_out=context.is_kept_out,
        form_token=context.form_token,
        now=context.now,
        here=_here(context.request),
        media_signer=context.instance.media_signer,
    )


def bare_page(template: str, status: int, values: Mapping[str, Any]) -> HTMLResponse:
    """A page that needs no database, for failures of the database."""
    response = HTMLResponse(_pages.get_template(template).render(values), status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _here(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
