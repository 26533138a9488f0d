"""Each setting of the site in effect: on what members do, and on what other servers send."""

from typing import Any

import pytest
from sqlalchemy import select

from fedcom.accounts.register import NewAccount, register
from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity, EditCommunity
from fedcom.actions.lock import Lock
from fedcom.actions.post import CreatePost
from fedcom.actions.profile import EditProfile
from fedcom.actions.report import Report
from fedcom.actions.vote import Vote
from fedcom.errors import FedcomError, Invalid
from fedcom.models.mail import mail
from fedcom.models.post import Post
from fedcom.models.site import Site
from fedcom.queries.posts import get_post
from fedcom.remote.peers import blocked_among, find_refusal
from fedcom.site.settings import edit_site, list_allowed_instances, list_blocked_urls
from fedcom.views.modlog import LogFilter, list_modlog
from fedcom.wire.body import Body
from outbox.deliveries import deliveries
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import activity, note, page
from tests.support.people import NO_KEY, ORIGIN, Home, give_email

KIM = "https://peer.example/u/kim"
CATS = f"{ORIGIN}/c/cats"
ALL = LogFilter()


def settings(home: Home, **changes: Any) -> Site:
    return home(lambda ctx: edit_site(ctx, **changes))


def code_of(work: Any) -> str:
    with pytest.raises(FedcomError) as caught:
        work()
    return caught.value.code


def scores(home: Home, of: Post) -> tuple[int, int]:
    now = home(lambda ctx: get_post(ctx.conn, of.id))
    return now.upvotes, now.downvotes


def test_members_cannot_vote_down_where_there_are_no_downvotes(home: Home) -> None:
    post = home.post()
    settings(home, downvotes=False)

    down = Vote(by=home.ann, target=post, score=-1)
    assert code_of(lambda: home.perform(down)) == "downvotes_are_disabled"
    home.perform(Vote(by=home.ann, target=post, score=1))
    assert scores(home, post) == (2, 0)


def test_a_remote_downvote_only_takes_back_the_upvote_where_there_are_none(home: Home) -> None:
    kim, post = home.person(KIM), home.post()
    settings(home, downvotes=False)
    dislike = activity("Dislike", kim.iri, post.iri)

    assert read(home, dislike) is None
    receive(home, activity("Like", kim.iri, post.iri))
    assert scores(home, post) == (2, 0)
    receive(home, activity("Dislike", kim.iri, post.iri, id=f"{KIM}/2"))
    assert scores(home, post) == (1, 0)
    settings(home, downvotes=True)
    receive(home, activity("Dislike", kim.iri, post.iri, id=f"{KIM}/3"))
    assert scores(home, post) == (1, 1)


def test_sensitive_posts_and_communities_are_refused_where_there_is_no_such_content(
    home: Home,
) -> None:
    settings(home, nsfw=False)
    post = CreatePost(by=home.bob, community=home.cats, title="Cats", nsfw=True)

    assert code_of(lambda: home.perform(post)) == "nsfw_not_allowed"
    assert code_of(lambda: home.community("dogs", nsfw=True)) == "nsfw_not_allowed"
    change = {"by": home.ann, "community": home.cats, "title": "", "description": Body("", "")}
    edit = EditCommunity(**change, nsfw=True, posting_restricted=False)
    assert code_of(lambda: home.perform(edit)) == "nsfw_not_allowed"
    home.perform(CreatePost(by=home.bob, community=home.cats, title="Cats", content_warning="cats"))


def test_only_admins_create_communities_where_the_settings_say_so(home: Home) -> None:
    settings(home, only_admins_create_communities=True)

    owls = CreateCommunity(by=home.bob, name="owls", key=NO_KEY)
    assert code_of(lambda: home.perform(owls)) == "only_admins_can_create_communities"
    assert home.community("owls").name == "owls"


def test_what_members_write_with_a_slur_is_refused(home: Home) -> None:
    post = home.post()
    settings(home, slur_filter="(blorb|grawlix)")
    slur = Body.of_markdown("So *BLORB* it is")
    written = [
        CreatePost(by=home.bob, community=home.cats, title="A blorb"),
        CreatePost(by=home.bob, community=home.cats, title="Cats", body=slur),
        CreateComment(by=home.bob, post=post, parent=None, body=slur),
        EditProfile(by=home.bob, title="Grawlix", summary=Body("", "")),
        EditProfile(by=home.bob, title="", summary=slur),
        CreateCommunity(by=home.bob, name="blorbs", key=NO_KEY),
        CreateCommunity(by=home.bob, name="owls", title="Blorb", key=NO_KEY),
    ]

    for action in written:
        assert code_of(lambda action=action: home.perform(action)) == "slurs"
    newcomer = NewAccount(name="blorby", password_hash="none")
    settings(home, registration="open")
    assert code_of(lambda: home(lambda ctx: register(ctx, newcomer, NO_KEY))) == "slurs"
    home.perform(EditProfile(by=home.bob, title="Bob", summary=Body("", "")))


def test_slurs_are_taken_out_of_remote_texts_and_refused_in_titles(home: Home) -> None:
    kim, post = home.person(KIM), home.post()
    settings(home, slur_filter="blorb")

    written = page(f"{KIM}/1", kim.iri, CATS, name="A blorb")
    assert code_of(lambda: receive(home, activity("Create", kim.iri, written))) == "slurs"
    html = '<p>A <a href="https://a.example/blorb">blorb</a> &amp; Blorb</p>'
    said = note(f"{KIM}/2", kim.iri, post.iri, content=html)
    comment = receive(home, activity("Create", kim.iri, said))
    assert "*removed*</a> &amp; *removed*</p>" in comment.body_html
    assert "https://a.example/blorb" in comment.body_html
    source = {"content": "A blorb", "mediaType": "text/markdown"}
    text = page(f"{KIM}/3", kim.iri, CATS, name="Cats", content="<p>x</p>", source=source)
    made = receive(home, activity("Create", kim.iri, text))
    assert (made.body_source, made.body_html) == ("A *removed*", "<p>A *removed*</p>")


def test_remote_people_with_a_slur_in_their_names_are_refused(home: Home) -> None:
    settings(home, slur_filter="blorb")

    assert code_of(lambda: home.person("https://peer.example/u/blorb")) == "slurs"


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://spam.example", True),
        ("https://www.Spam.example/any?thing", True),
        ("http://spam.example:8080/", True),
        ("https://notspam.example", False),
        ("https://example.org/ads", True),
        ("https://example.org/ADS/1?x", True),
        ("https://example.org/adsense", False),
        ("https://example.org/", False),
    ],
)
def test_posts_do_not_link_to_blocked_addresses(home: Home, url: str, refused: bool) -> None:
    links = ["https://spam.example/", "  example.org/ads/", ""]
    settings(home, blocked_urls=links)
    assert home(lambda ctx: list_blocked_urls(ctx.conn)) == ["example.org/ads", "spam.example"]

    post = CreatePost(by=home.bob, community=home.cats, title="Cats", url=url)
    if refused:
        assert code_of(lambda: home.perform(post)) == "blocked_url"
        remote = page(f"{KIM}/1", home.person(KIM).iri, CATS, url=url)
        remote["attachment"] = [{"type": "Link", "href": url}]
        create = activity("Create", KIM, remote)
        assert code_of(lambda: receive(home, create)) == "blocked_url"
    else:
        home.perform(post)
    settings(home, blocked_urls=[])
    home.perform(post)


def test_new_names_are_as_long_as_the_settings_allow(home: Home) -> None:
    assert code_of(lambda: home.community("x" * 21)) == "name_too_long"
    settings(home, name_limit=30)

    assert home.community("x" * 30).name == "x" * 30
    assert code_of(lambda: home.community("y" * 31)) == "name_too_long"


def test_an_allow_list_is_strict_and_blocks_still_count(home: Home) -> None:
    hosts = ["good.example", "sub.good.example", "bad.example", "good.example:8443"]

    assert home(lambda ctx: blocked_among(ctx.conn, hosts)) == set()
    settings(home, allowed_instances=["https://Good.example/", ""])
    assert home(lambda ctx: list_allowed_instances(ctx.conn)) == ["good.example"]
    assert home(lambda ctx: blocked_among(ctx.conn, hosts)) == {"bad.example"}
    refusals = [home(lambda ctx, host=host: find_refusal(ctx.conn, host)) for host in hosts]
    codes = [refusal.code if refusal else "" for refusal in refusals]
    assert codes == ["", "", "domain_not_in_allow_list", ""]
    assert code_of(lambda: home.person("https://bad.example/u/kim")) == "domain_not_in_allow_list"
    settings(home, allowed_instances=[])
    assert home(lambda ctx: blocked_among(ctx.conn, hosts)) == set()


def test_nothing_is_sent_or_accepted_without_federation(home: Home) -> None:
    kim = home.person(KIM, "lemmy")
    home.follow(kim, home.cats)
    home.sent()
    settings(home, federated=False)

    home.post()
    assert home.sent() == []
    refusal = home(lambda ctx: find_refusal(ctx.conn, "peer.example"))
    assert refusal is not None
    assert refusal.code == "federation_disabled"
    settings(home, federated=True)
    home.post()
    assert home.sent()


def waiting(home: Home) -> int:
    return sum(row["state"] == "waiting" for row in home.rows(deliveries))


def test_deliveries_that_wait_end_when_federation_does(home: Home) -> None:
    home.follow(home.person(KIM, "lemmy"), home.cats)
    home.post()
    before = waiting(home)
    settings(home, federated=False)

    assert before > 0
    assert waiting(home) == 0


def test_a_site_is_private_or_federates(home: Home) -> None:
    together = "cant_enable_private_instance_and_federation_together"

    assert code_of(lambda: settings(home, private=True)) == together
    assert settings(home, private=True, federated=False).private
    assert code_of(lambda: settings(home, federated=True)) == together


def test_new_members_begin_with_the_defaults_of_the_site(home: Home) -> None:
    settings(home, default_scope="local", default_sort="top-week", registration="open")

    newcomer = NewAccount(name="zoe", password_hash="none")
    account = home(lambda ctx: register(ctx, newcomer, NO_KEY)).account
    assert (account.front_scope, account.front_sort) == ("local", "top-week")


def mails(home: Home) -> list[Any]:
    columns = select(mail.c.recipient, mail.c.subject, mail.c.body)
    return home(lambda ctx: ctx.conn.execute(columns).all())


def test_admins_get_mail_about_applications_and_reports_if_they_want_it(home: Home) -> None:
    home(lambda ctx: give_email(ctx, home.ann.id, "ann@mail.example"))
    post = home.post()
    home.perform(Report(by=home.bob, target=home.ann, reason="A secret reason"))
    assert mails(home) == []
    settings(home, mails_reports=True, mails_applications=True, registration="approval")

    home.perform(Report(by=home.ann, target=post, reason="A secret reason"))
    applicant = NewAccount(name="zoe", password_hash="none", application="Please")
    home(lambda ctx: register(ctx, applicant, NO_KEY))
    found = mails(home)
    assert [one.recipient for one in found] == ["ann@mail.example"] * 2
    assert f"{ORIGIN}/reports" in found[0].body
    assert f"{ORIGIN}/admin/registration" in found[1].body
    assert "secret" not in found[0].body


def test_only_moderators_see_who_moderated_if_the_settings_say_so(home: Home) -> None:
    home.perform(Lock(by=home.ann, target=home.post(), locked=True))
    settings(home, hides_moderators=True)

    def named(viewer: int, wanted: LogFilter = ALL) -> list[str | None]:
        found = home(lambda ctx: list_modlog(ctx.conn, wanted, viewer_id=viewer)).items
        return [one.moderator.name if one.moderator else None for one in found]

    assert named(home.bob.id) == [None]
    assert named(0, LogFilter(moderator_id=home.ann.id)) == []
    assert named(home.ann.id) == ["ann"]
    settings(home, hides_moderators=False)
    assert named(0) == ["ann"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"slur_filter": "(a"}, "invalid_regex"),
        ({"slur_filter": r"(?<=a)b"}, "invalid_regex"),
        ({"slur_filter": "a*"}, "permissive_regex"),
        ({"slur_filter": "x{1000}{1000}"}, "invalid_regex"),
        ({"name_limit": 2}, "name_limit_invalid"),
        ({"name_limit": 101}, "name_limit_invalid"),
        ({"short_description": "x" * 151}, "short_description_too_long"),
        ({"legal": Body("x" * 50_001, "")}, "body_too_long"),
        ({"default_scope": "mine"}, "default_scope_unknown"),
        ({"default_sort": "best"}, "default_sort_unknown"),
        ({"app_listing_mode": "Wall"}, "app_listing_mode_unknown"),
        ({"app_theme": "x" * 51}, "app_theme_too_long"),
        ({"allowed_instances": ["no host"]}, "host_invalid"),
        ({"blocked_urls": ["no host"]}, "blocked_urls_invalid"),
        ({"blocked_urls": [f"a{n}.example" for n in range(10_001)]}, "too_many_items"),
        ({"slur_filter": "blorb", "name": "Blorb"}, "slurs"),
        ({"slur_filter": "blorb", "short_description": "A blorb"}, "slurs"),
    ],
)
def test_settings_that_make_no_sense_are_refused(home: Home, change: Any, code: str) -> None:
    before = settings(home)
    with pytest.raises(Invalid) as caught:
        settings(home, **change)
    assert caught.value.code == code
    assert settings(home) == before


def test_none_leaves_a_setting_as_it_is(home: Home) -> None:
    changed = settings(
        home,
        short_description="Cats",
        legal=Body.of_markdown("*Ann*"),
        content_warning="Cats!",
        slur_filter="blorb",
        app_listing_mode="Card",
        app_theme="dark",
        answers_apps_as_lemmy=False,
        allowed_instances=["good.example"],
    )

    names = Site.__dataclass_fields__
    nothing = dict.fromkeys(["downvotes", "private", "legal", "allowed_instances", "slur_filter"])
    assert settings(home, **nothing) == changed
    assert set(nothing) - {"legal", "allowed_instances"} <= set(names)
    assert (changed.short_description, changed.legal_html) == ("Cats", "<p><em>Ann</em></p>")
    assert (changed.content_warning, changed.slur_filter) == ("Cats!", "blorb")
    assert (changed.app_listing_mode, changed.app_theme) == ("Card", "dark")
    assert home(lambda ctx: list_allowed_instances(ctx.conn)) == ["good.example"]
