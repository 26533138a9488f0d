from fedcom.views.introduced import Population, count_population, introduce
from tests.support.rows import NOON, Rows


def test_communities_are_introduced_with_their_liveliest_post(rows: Rows) -> None:
    ann = rows.person("ann", title="Ann")
    quiet = rows.community("quiet", users_active_month=1)
    cats = rows.community(
        "cats", users_active_month=5, summary_html="<p>All about <b>cats</b>.</p><p>Be kind.</p>"
    )
    far = rows.community("far", users_active_month=90, host="peer.example")
    for hidden in (
        {"nsfw": True},
        {"hidden_at": NOON},
        {"removed_at": NOON},
        {"deleted_at": NOON},
        {"posting_restricted": True},
    ):
        rows.community(f"no_{next(iter(hidden))}", users_active_month=99, **hidden)
    rows.post(cats, ann, score=1)
    liked = rows.post(cats, ann, score=50, title="Sleep", body_html="<p>They <i>do</i>.</p>")
    rows.post(cats, ann, score=70, nsfw=True)
    rows.post(cats, ann, score=80, content_warning="Eyes")
    rows.post(cats, ann, score=90, ranked=False)  # as when it was removed

    first, *rest = introduce(rows.conn, 5)
    assert [one.community.id for one in (first, *rest)] == [cats, quiet, far]
    assert first.description == "All about cats. Be kind."
    assert first.voice is not None
    voice = first.voice
    assert (voice.post_id, voice.title, voice.words) == (liked, "Sleep", "They do.")
    assert voice.author.display_name == "Ann"
    assert [(one.description, one.voice) for one in rest] == [("", None), ("", None)]
    assert [one.community.id for one in introduce(rows.conn, 5, local=True)] == [cats, quiet]
    assert [one.community.id for one in introduce(rows.conn, 1)] == [cats]


def test_open_local_communities_and_active_members_are_counted(rows: Rows) -> None:
    rows.person("ann")
    rows.community("cats")
    rows.community("far", host="peer.example")
    rows.community("closed", removed_at=NOON)
    assert count_population(rows.conn) == Population(members=0, communities=1)
