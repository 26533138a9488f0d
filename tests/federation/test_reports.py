"""A report between three servers, with real requests: who can read it, and who cannot."""

import time

from tests.federation.conftest import Live
from tests.support.visitor import Page, Visitor


def until(visitor: Visitor, path: str, text: str) -> Page:
    """The page at `path` once it contains the text."""
    deadline = time.monotonic() + 15
    while text not in (page := visitor.see(path)).text:
        assert time.monotonic() < deadline, page.text
        time.sleep(0.05)
    return page


def test_a_report_reaches_the_moderators_and_the_authors_admins(
    live: Live, others: list[Visitor]
) -> None:
    ada, dan = others  # it is read at ada's server, and dan wrote the post
    garden = f"/c/garden@{live.node.host}"
    for one in others:
        one.look_up(f"!garden@{live.node.host}")
        one.follow(garden)
        until(one, garden, "Unfollow")
    title = f"Weeds of {live.node.database_url[:4]}"
    dan.submit(garden, title)
    until(ada, garden, title)
    post = f"/post/{ada.open(garden).find_post(title)}"

    page = ada.open(f"{post}/report")
    ada.send(page, page.form(having="reason"), reason="Against rule 1")

    here = until(live.ann, "/reports", "Against rule 1")
    assert title in here.text
    until(dan, "/reports", "Against rule 1")
    with Visitor(ada.origin) as guest:
        for path in ("/", garden, post, f"{garden}/modlog", "/u/ada"):
            assert "Against rule 1" not in guest.see(path).text

    button = next(
        button.action
        for form in here.forms
        for button in form.buttons
        if button.action.endswith("/resolve")
    )
    live.ann.press("/reports", button)
    assert "Against rule 1" not in live.ann.see("/reports").text
    assert "Against rule 1" in live.ann.see("/reports?show=resolved").text
    assert "Against rule 1" in dan.see("/reports").text
