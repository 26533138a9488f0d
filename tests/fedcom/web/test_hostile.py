"""Hostile texts from other servers are shown as text, never as part of the page."""

import re
from html.parser import HTMLParser

import pytest
from sqlalchemy import insert, update

from fedcom.actions.comment import CreateComment
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.models.actor import actor, community
from fedcom.models.comment import comment
from fedcom.models.follow import follow
from fedcom.models.moderation import moderator, modlog
from fedcom.models.post import post, post_rank
from fedcom.queries.actors import get_person
from fedcom.queries.posts import get_post
from fedcom.text.html import sanitize
from fedcom.web.html.render import script_address
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "</title><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    '<a href="javascript:alert(1)" style="position:fixed" onclick=x>a</a>',
    '<form action="https://evil.example"><input name=password></form>',
    '<iframe src="https://evil.example"></iframe><base href="https://evil.example">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example"><link href=//x>',
]
URL_ATTACKS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    'https://evil.example/"onmouseover="alert(1)',
    "//evil.example",
    "vbscript:x",
]


# The content security policy allows no inline script.
OURS = [
    *(
        ("script", [("src", script_address(name)), ("defer", None)])
        for name in ("script.js", "page.js", "reading.js", "passkeys.js")
    ),
    ("script", [("src", script_address("editor.js")), ("type", "module")]),
    ("svg", [("class", "drawings"), ("width", "0"), ("height", "0"), ("aria-hidden", "true")]),
    ("svg", [("class", "icon"), ("aria-hidden", "true")]),
]


class Auditor(HTMLParser):
    """Records every tag and attribute that only an attack could have put there."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if (tag, attributes) in OURS:
            return
        if tag in {"script", "iframe", "base", "svg", "object", "embed", "math", "style"}:
            self.found.append(tag)
        for name, value in attributes:
            text = (value or "").strip().lower()
            if name.startswith("on") or name == "style" or name == "http-equiv":
                self.found.append(f"{tag} {name}")
            if name in {"href", "src", "action", "formaction"} and not _is_harmless(text):
                self.found.append(f"{tag} {name}={text}")
            if name in {"action", "formaction"} and (text[:1] != "/" or text[:2] == "//"):
                self.found.append(f"{tag} {name}={text}")


def _is_harmless(address: str) -> bool:
    return address == "" or address.startswith(("/", "#", "?", "https://", "http://", "mailto:"))


async def stranger(world: World, text: str, url: str) -> dict[str, int]:
    """A remote community, person, post and comment, hostile in every text."""

    def make(ctx: Context) -> dict[str, int]:
        conn = ctx.conn
        common = {
            "local": False,
            "host": "evil.example",
            "title": text,
            "summary_source": text,
            "summary_html": sanitize(text),
            "icon_url": url,
            "image_url": url,
            "url": url,
            "inbox": "https://evil.example/inbox",
            "published_at": ctx.now,
        }
        group = {"iri": "https://evil.example/c/x", "kind": "Group", "name": "x"}
        person = {"iri": "https://evil.example/u/y", "kind": "Person", "name": "y"}
        place, author = (
            conn.execute(insert(actor).values({**common, **own}).returning(actor.c.id)).scalar_one()
            for own in (group, person)
        )
        conn.execute(insert(community).values(actor_id=place))
        conn.execute(
            insert(moderator).values(community_id=place, person_id=author, appointed_at=ctx.now)
        )
        conn.execute(
            insert(follow).values(
                follower_id=world.people["bob"].id, target_id=place, iri="https://a.example",
                state="pending", created_at=ctx.now,
            )
        )  # fmt: skip
        number = conn.execute(
            insert(post)
            .values(
                iri=url, local=False, community_id=place, author_id=author, wire_type="Page",
                title=text, url=url, body_source=text, body_html=sanitize(text), language=text,
                published_at=ctx.now,
            )
            .returning(post.c.id)
        ).scalar_one()  # fmt: skip
        conn.execute(
            insert(post_rank).values(
                post_id=number, community_id=place, hot=1.0, published_at=ctx.now
            )
        )
        conn.execute(
            insert(modlog).values(
                community_id=place, moderator_id=author, kind=text, target_iri=text, reason=text,
                created_at=ctx.now,
            )
        )  # fmt: skip
        made_comment = perform(
            ctx,
            CreateComment(
                by=get_person(conn, world.people["bob"].id), post=get_post(conn, number),
                parent=None, body=Body.of_markdown("hello"),
            ),
        )  # fmt: skip
        conn.execute(
            update(comment)
            .where(comment.c.id == made_comment.id)
            .values(author_id=author, body_html=sanitize(text), iri=url + "#c", local=False)
        )
        return {"post": number, "comment": made_comment.id}

    return await world.instance.unit(make)


PAGES = [
    *("/?list=all", "/?list=subscribed", "/communities", "/c/x@evil.example"),
    *("/u/y@evil.example", "/u/y@evil.example?show=comments", "/c/x@evil.example/modlog"),
    *("/post/{post}", "/comment/{comment}", "/post/{post}?reply={comment}"),
    *("/c/x@evil.example/submit", "/submit"),
]


@pytest.mark.parametrize("text", ATTACKS)
async def test_hostile_text_stays_text(world: World, text: str) -> None:
    numbers = await stranger(world, text, "https://evil.example/fine")
    for path in PAGES:
        page = await world.browser("bob").get(path.format(**numbers))
        assert page.status == 200, page.text
        auditor = Auditor()
        auditor.feed(page.html)
        assert auditor.found == [], path
        assert "7 * 7" in page.html or "{{" not in text or "49" not in page.text


@pytest.mark.parametrize("url", URL_ATTACKS)
async def test_hostile_addresses_are_neither_linked_nor_loaded(world: World, url: str) -> None:
    numbers = await stranger(world, "fine", url)
    for path in PAGES:
        page = await world.browser("bob").get(path.format(**numbers))
        assert page.status == 200, page.text
        auditor = Auditor()
        auditor.feed(page.html)
        harmless = [found for found in auditor.found if not found.startswith("link href=")]
        assert harmless == [], path
        sources = re.findall(r'<img\b[^>]*?\ssrc="([^"]*)"', page.html)
        assert page.html.count("<img") == len(sources)
        assert all(source.startswith("/media/") for source in sources)
        assert "\n" not in page.headers.get("link", "")


async def test_text_in_addresses_is_escaped(world: World) -> None:
    for path in (
        "/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/login?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/submit?title=%22%3E%3Cscript%3E&url=javascript:alert(1)&body=%3C/textarea%3E%3Cscript%3E",
        "/submit?community=%22%3E%3Cscript%3E",
        "/?list=%22%3E%3Cscript%3E&sort=%22%3E%3Cscript%3E",
        "/c/%22%3E%3Cscript%3E@a.example",
        "/u/%22%3E%3Cscript%3E@a.example",
        "/%22%3E%3Cscript%3Ealert(1)",
        "/%2Fevil.example/login",
        "/post/1%22%3E%3Cscript%3E",
    ):
        page = await world.browser("bob").get(path)
        auditor = Auditor()
        auditor.feed(page.html)
        assert auditor.found == [], path
