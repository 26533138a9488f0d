"""Two servers with content on every page: alpha, whose admin is ann, and beta, zoe's.

ann runs alpha, mia moderates !cats there, bob and eve are members; zoe runs beta, has !dogs, and
follows !cats. sue saves, drafts and blocks, kim has nothing yet, tom is banned. gamma is not set up
yet. Everything is done with forms of the pages, as a person would.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pyotp

from fedcom.views.feed import PAGE
from fedcom.web.html.honeypot import AT_LEAST
from tests.support.pictures import draw, picture
from tests.support.server_processes import Node, is_free, running
from tests.support.visitor import FORM_HEADERS, Page, Unexpected, Visitor, path_of

T = TypeVar("T")

SECONDS = 20.0
LINK = "https://news.example/cats?id=1"

BLOCK_LIST = (
    "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate",
    *("spam.example,suspend,,,Advertising,", "ads.example,suspend,,,Advertising,"),
    *("{beta},suspend,,,Too many dogs,", "loud.example,silence,,,,", "e**l.example,suspend,,,,"),
)
"""Of the servers here, one is blocked already and one has followers."""

LONG = """Cats sleep for most of the day. **Why?**

| Hour | What they do |
| --- | --- |
| 3:00 | run |
| 9:00 | sleep |

> They have always done so.

```
while True: sleep()
```

::: spoiler What nobody tells you
They only pretend.
:::
"""


@dataclass(slots=True)
class Servers:
    """The two servers, their people, and the addresses of their content."""

    alpha: Node
    beta: Node
    people: dict[str, Visitor]
    paths: dict[str, str] = field(default_factory=dict)


def eventually(look: Callable[[], T | None]) -> T:
    """The result of `look`, as soon as there is one. Raises Unexpected after 20 seconds."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Unexpected("it did not arrive")
        time.sleep(0.05)


@contextmanager
def open_servers(folder: Path) -> Iterator[Servers]:
    """Start all servers, create people and content; stop them at the end."""
    second = "127.0.0.2" if is_free("127.0.0.2") else "127.0.0.1"
    alpha = Node("alpha", folder / "alpha")
    # No mail server is behind it, but its pages are those of a server with mail.
    mail = f"smtp://{alpha.host.partition(':')[0]}:9"
    beta = Node("beta", folder / "beta", address=second, smtp_url=mail)
    gamma = Node("gamma", folder / "gamma")
    with ExitStack() as stack:
        stack.enter_context(running(alpha, beta, gamma))
        at = dict.fromkeys(("ann", "mia", "bob", "eve", "sue", "kim", "tom", ""), alpha)
        at |= {"zoe": beta, "guest of beta": beta, "first of gamma": gamma}
        people = {
            name: stack.enter_context(Visitor(node.origin, name)) for name, node in at.items()
        }
        servers = Servers(alpha, beta, people)
        _people_arrive(servers)
        _they_write(servers)
        _they_answer_across(servers)
        _they_keep(servers)
        _they_write_rules(servers)
        _they_moderate(servers)
        _they_appeal(servers)
        _they_report(servers)
        _password_is_forgotten(servers)
        _they_secure(servers)
        yield servers


def attach(who: Visitor, page: Page, having: str, field: str, **values: str) -> str:
    """Send the form of `page` that has a field `having`, with a picture in `field`.

    Returns the redirect target.
    """
    form = page.form(having=having)
    texts = {name: text for name, text in form.fields.items() if name != field}
    kept = picture("PNG", draw(320, 240))
    answer = who.client.post(
        form.action or page.path,
        data=texts | values,
        files={field: ("cat.png", kept, "image/png")},
        headers=FORM_HEADERS,
    )
    if answer.status_code not in {200, 303}:
        raise Unexpected(f"{page.path} answers {answer.status_code} to a picture")
    return path_of(answer.headers.get("location", page.path))


def _people_arrive(servers: Servers) -> None:
    ann, mia, zoe = (servers.people[name] for name in ("ann", "mia", "zoe"))
    ann.set_up("Alpha", "cats", "Cats & friends")
    zoe.set_up("Beta", "dogs", "Dogs")
    sign_up = zoe.open("/admin/registration")
    zoe.send(
        sign_up,
        sign_up.form(having="question"),
        registration="approval",
        question="Why?",
        member_invitations="2",
    )
    _sign_up(servers)
    ann.appoint("/c/cats", "mia")
    mia.create_community("quiet", "A quiet place")
    cats = f"/c/cats@{servers.alpha.host}"
    zoe.look_up(f"!cats@{servers.alpha.host}")
    zoe.follow(cats)
    eventually(lambda: "Unfollow" in zoe.open(cats).text)
    bob = servers.people["bob"]
    dogs = bob.look_up(f"!dogs@{servers.beta.host}")
    bob.follow(dogs)
    eventually(lambda: "Unfollow" in bob.open(dogs).text)
    servers.paths |= {"cats": "/c/cats", "dogs": dogs, "cats at beta": cats}


def _sign_up(servers: Servers) -> None:
    """All at once: each has to wait with the form for as long as a person would, and the two admins
    work meanwhile.
    """
    forms = []
    for name in ("mia", "bob", "eve", "sue", "kim", "tom", "guest of beta"):
        page = servers.people[name].open("/register")
        forms.append((servers.people[name], page, page.form(having="password")))
    may_be_sent_at = time.monotonic() + AT_LEAST.total_seconds()
    zoe = servers.people["zoe"]
    zoe.create_community("busy", "More than a page")
    for number in range(PAGE + 1):
        zoe.submit("/c/busy", f"Dog number {number + 1}")
    _admin_decides(servers)
    time.sleep(max(0.0, may_be_sent_at - time.monotonic()))
    for who, page, form in forms:
        applies = {"application": "I have dogs."} if "application" in form.fields else {}
        name = "pat" if applies else who.name
        who.send(page, form, name=name, password=who.password, **applies)


def _they_write(servers: Servers) -> None:
    bob, eve, mia = (servers.people[name] for name in ("bob", "eve", "mia"))
    post = bob.submit("/c/cats", "Why do cats sleep so long?", body=LONG)
    link = bob.submit("/c/cats", "A link about cats", url=LINK)
    again = bob.open(f"{servers.paths['dogs']}/submit")
    form = again.form(having="title")
    bob.send(again, form, title="A link about cats, for dogs", url=LINK, again=LINK)
    first = eve.reply(post, "Because they *can*.")
    second = bob.reply(post, "Mine does not.", parent=first)
    mia.reply(post, "Give it time.", parent=second)
    gone = eve.reply(post, "Something rude.")
    mia.remove(f"/comment/{gone}", "Be kind")
    bob.edit_comment(second, "Mine does not, ever.")
    bob.edit_post(post, body=f"{LONG}\nSo much for that.")
    deepest = second
    for depth in range(10):
        deeper = eve.open(f"/comment/{deepest}?reply={deepest}")
        form = next(form for form in deeper.forms if form.fields.get("parent") == str(deepest))
        deepest = int(eve.send(deeper, form, body=f"And deeper: {depth}").rpartition("-")[2])
    servers.paths |= {"post": post, "link": link, "comment": f"/comment/{second}"}
    submit = eve.open("/c/cats/submit")
    servers.paths["picture"] = attach(
        eve, submit, "title", "picture", title="My cat", alt="A blue corner on orange"
    )
    veiled = eve.open("/c/cats/submit")
    servers.paths["sensitive"] = attach(
        eve, veiled, "title", "picture", title="Eyes", nsfw="on", content_warning="Staring eyes"
    )


def _they_answer_across(servers: Servers) -> None:
    bob, zoe = servers.people["bob"], servers.people["zoe"]
    own = zoe.submit("/c/dogs", "Dogs are awake", body="All day.")
    dogs = servers.paths["dogs"]
    there = eventually(lambda: bob.open(dogs).find_post("Dogs are awake"))
    bob.reply(f"/post/{there}", "Mine sleeps too.")
    eventually(lambda: zoe.open(own).find_comment("Mine sleeps too."))
    cats = servers.paths["cats at beta"]
    there_at_beta = eventually(lambda: zoe.open(cats).find_post("Why do cats sleep so long?"))
    zoe.reply(f"/post/{there_at_beta}", "Dogs would never.")
    post = servers.paths["post"]
    theirs = eventually(lambda: bob.open(post).find_comment("Dogs would never."))
    servers.paths |= {"post from beta": f"/post/{there}", "their comment": f"/comment/{theirs}"}


def _they_keep(servers: Servers) -> None:
    sue, zoe, bob = (servers.people[name] for name in ("sue", "zoe", "bob"))
    post, comment, link = (servers.paths[name] for name in ("post", "comment", "link"))
    sue.press(post, f"{post}/save")
    sue.press(post, f"{comment}/save")
    sue.press(link, f"{link}/hide")
    sue.press(post, f"{post}/follow")
    blocks = sue.open("/settings/blocks")
    for who in (f"@tom@{servers.alpha.host}", f"!quiet@{servers.alpha.host}", "spam.example"):
        sue.send(blocks, blocks.form(having="who"), who=who)
    sue.press("/c/cats", "/c/cats/notifications", level="posts")
    sue.press("/c/quiet", "/c/quiet/notifications", level="muted")
    profile = sue.open("/settings")
    form = profile.form(having="display_name")
    sue.send(profile, form, display_name="Sue", body="I *keep* things.")
    attach(sue, sue.open("/settings/pictures"), "icon", "icon")
    attach(sue, sue.open("/settings/pictures"), "banner", "banner")
    attach(sue, sue.open("/upload"), "alt", "picture", alt="A cat, asleep")
    own = sue.submit("/c/cats", "A question about fur", body="How much is too much?")
    bob.reply(own, f"Ask @sue@{servers.alpha.host}, she knows.")
    gone = sue.submit("/c/cats", "A mistake")
    sue.delete(gone)
    draft = sue.open("/c/cats/submit")
    sue.send(draft, draft.form(having="title"), title="Half a thought", body="So", draft="1")
    handle = f"zoe@{servers.beta.host}"
    sue.look_up(f"@{handle}")
    sent = sue.write(handle, "Do dogs dream?")
    back = f"sue@{servers.alpha.host}"
    eventually(lambda: "Do dogs dream?" in zoe.see(f"/messages/{back}").text)
    zoe.write(back, "Of cats.")
    eventually(lambda: "Of cats." in sue.open(f"/messages/{handle}").text)
    received = sue.open(f"/messages/{handle}").find_link("Report")
    servers.paths |= {
        "own post of sue": own,
        "deleted": gone,
        "zoe": f"/u/{handle}",
        "talk": f"/messages/{handle}",
        "message": sent,
        "message from zoe": (received or "").removesuffix("/report"),
    }


def _they_write_rules(servers: Servers) -> None:
    ann, mia = servers.people["ann"], servers.people["mia"]
    for who, path in ((mia, "/c/cats/rules/edit"), (ann, "/admin/rules")):
        for name, body in (
            ("Be kind", "To *everyone*, on two legs or four."),
            ("No advertising", ""),
        ):
            edit = who.open(path)
            who.send(edit, edit.form(having="name"), name=name, body=body)
    for key, who, path in (("rule", mia, "/c/cats/rules/edit"), ("site rule", ann, "/admin/rules")):
        found = [to for to, _ in who.open(path).links if to.startswith(f"{path}/")]
        servers.paths[key] = found[0]


def _they_moderate(servers: Servers) -> None:
    ann, mia, bob, tom = (servers.people[name] for name in ("ann", "mia", "bob", "tom"))
    pinned = mia.submit("/c/cats", "Read this first", body="Be kind.")
    locked = bob.submit("/c/cats", "Which is better?")
    removed = tom.submit("/c/cats", "Buy my food", body="It is cheap.")
    mia.press(pinned, f"{pinned}/pin")
    defaults = ann.open("/admin/defaults")
    introductions = f"{servers.alpha.origin}{pinned}"
    ann.send(defaults, defaults.form(having="introductions"), introductions=introductions)
    mia.press(locked, f"{locked}/lock")
    mia.remove(removed, "Advertising")
    form = mia.open("/c/cats/ban")
    mia.send(form, form.form(having="person"), person="tom", reason="Advertising", days="7")
    site = ann.open("/u/tom/ban")
    ann.send(site, site.form(having="reason"), reason="Advertising everywhere")
    attach(mia, mia.open("/c/cats/pictures"), "icon", "icon")
    servers.paths |= {"pinned": pinned, "locked": locked, "removed": removed}


def _they_appeal(servers: Servers) -> None:
    """tom, who is banned from the server and from !cats, appeals against both; mia has answered."""
    mia, tom = servers.people["mia"], servers.people["tom"]
    tom.log_in()
    bans = [to for to, _ in tom.open("/settings/bans").links if to.startswith("/appeal/")]
    for path in bans:
        form = tom.open(path)
        tom.send(form, form.form(having="body"), body="It was a gift for my neighbours.")
    site, cats = bans
    form = mia.open(cats)
    mia.send(form, form.form(having="body"), body="You wrote a price below it.")
    servers.paths |= {"appeal": cats, "appeal to admins": site}


def _they_report(servers: Servers) -> None:
    eve, mia, zoe = (servers.people[name] for name in ("eve", "mia", "zoe"))
    for path in (servers.paths["comment"], servers.paths["link"]):
        report = eve.open(f"{path}/report")
        eve.send(report, report.form(having="reason"), reason="This is off the topic.")
    queue = mia.open("/reports")
    number = min(number for number, _ in queue.entries("report"))
    mia.press("/reports", f"/reports/{number}/resolve")
    theirs = eventually(lambda: zoe.open(servers.paths["cats at beta"]).find_post("My cat"))
    report = zoe.open(f"/post/{theirs}/report")
    zoe.send(report, report.form(having="reason"), reason="That is no cat.")
    eventually(lambda: "That is no cat." in mia.open("/reports").text)
    number = min(number for number, _ in mia.open("/reports").entries("report"))
    mia.press("/reports", f"/reports/{number}/note", note="We have talked to them before.")
    mia.press("/reports", f"/reports/{number}/give", assignee="admins")


def _admin_decides(servers: Servers) -> None:
    ann = servers.people["ann"]
    about = ann.open("/admin")
    rules = "We are a small place."
    ann.send(about, about.form(having="site_name"), body="A place for *cats*.", rules=rules)
    for name in ("about", "privacy", "contact", "legal"):
        text = ann.open(f"/admin/pages/{name}")
        ann.send(text, text.form(having="body"), body=f"The *{name}* of this server.\n\nAnn.")
    zoe = servers.people["zoe"]
    news = zoe.open("/admin/announcement")
    zoe.send(news, news.form(having="until"), body="We move on *Sunday*. [More](/c/dogs)")
    invitations = zoe.open("/settings/invitations")
    zoe.send(invitations, invitations.form(having="note"), note="For the neighbours")
    taglines = ann.open("/admin/taglines")
    ann.send(taglines, taglines.form(having="body"), body="Cats *first*")
    attach(ann, ann.open("/admin/emoji"), "shortcode", "picture", shortcode="cat", alt="A cat")
    edits = [to for to, _ in ann.open("/admin/emoji").links if to.startswith("/admin/emoji/")]
    servers.paths["emoji"] = edits[0]
    instances = ann.open("/admin/instances")
    ann.send(instances, instances.form(having="host"), host="spam.example", reason="Advertising")
    imported = ann.open("/admin/block-lists/import")
    text = "\n".join(BLOCK_LIST).format(beta=servers.beta.host)
    draft = ann.send(imported, imported.form(having="text"), text=text, name="fediblock.csv")
    servers.paths["block list"] = draft
    lists = ann.open("/admin/block-lists")
    ann.send(lists, lists.form(having="url"), url="http://127.0.0.1:1/list.csv", name="A friend's")
    invitations = ann.open("/admin/invitations")
    ann.send(invitations, invitations.form(having="note"), note="For the neighbours", uses="3")
    made_at = f"{servers.alpha.origin}/register?"
    links = [to for to, _ in ann.open("/admin/invitations").links if to.startswith(made_at)]
    servers.paths["invitation"] = links[0].removeprefix(servers.alpha.origin)


def _password_is_forgotten(servers: Servers) -> None:
    ann = servers.people["ann"]
    reset = ann.open("/admin/members")
    # Not the first session: the page of sessions ends all others with it.
    resets = [
        form
        for form in reset.forms
        if any(button.action == "/admin/members/reset" for button in form.buttons)
    ]
    made = ann.client.post("/admin/members/reset", data=resets[-1].fields, headers=FORM_HEADERS)
    token = made.text.partition("/reset?token=")[2].partition("<")[0]
    servers.paths["reset"] = f"/reset?token={token}"


def _they_secure(servers: Servers) -> None:
    """eve turns on two-factor authentication, sue has only begun."""
    for name in ("eve", "sue"):
        who = servers.people[name]
        begin = who.open("/settings/two-factor")
        who.send(begin, begin.form(having="current_password"), current_password=who.password)
    eve = servers.people["eve"]
    scan = eve.open("/settings/two-factor")
    fields = scan.form(having="code").fields | {"code": code_on(scan.text)}
    made = eve.client.post("/settings/two-factor/confirm", data=fields, headers=FORM_HEADERS)
    if made.status_code != 200:
        raise Unexpected(f"the first code is answered with {made.status_code}")


def code_on(text: str) -> str:
    """The code of an authenticator app with the key that this page shows."""
    key = re.search(r"\b[A-Z2-7]{32}\b", text)
    assert key is not None
    return pyotp.TOTP(key[0]).now()
