"""What people of three instances do in one community through Lemmy's API alone ends the same on all
three.
"""

from collections.abc import Iterator

import pytest

from tests.demo.scenario import Play
from tests.support.lemmy_state import messages_of, modlog_of, state_of
from tests.support.lemmy_story import Instance, Story, banned_from_site

IN_2100 = 4_102_444_800
"""Seconds since 1970."""


class Cast:
    """Who is in the story. Alpha is the home of !orchard; each instance has its admin."""

    def __init__(self, play: Play) -> None:
        self.alpha, self.beta, self.gamma = self.instances = [
            Instance(server.node.name, server.node.origin, admin)
            for server, admin in zip(play.servers, ("ada", "bea", "gil"), strict=True)
        ]
        self.ada, self.bea, self.gil = (one.admin for one in self.instances)
        self.amy = self.alpha.member("amy")  # founds !orchard
        self.bob = self.beta.member("bob")  # becomes its moderator
        self.gus = self.gamma.member("gus")  # is banned, and purged in the end
        self.ned = self.gamma.member("ned")  # stays banned
        self.gina = self.gamma.member("gina")  # is none of these
        self.newcomers = [self.amy, self.bob, self.gina, self.gus, self.ned]


@pytest.fixture
def cast(play: Play) -> Iterator[Cast]:
    made = Cast(play)
    yield made
    for one in made.instances:
        one.close()


def test_a_community_and_all_in_it_end_the_same_on_three_servers(cast: Cast) -> None:
    story = Story(cast.instances)
    they_arrive(story, cast)
    pears = they_write_and_vote(story, cast)
    they_change_their_minds(story, cast, pears)
    a_moderator_at_home(story, cast)
    a_moderator_elsewhere(story, cast)
    he_bans(story, cast)
    they_report(story, cast)
    they_write_to_each_other(story, cast)
    the_community_changes_hands(story, cast)
    purged = some_things_stay_local(story, cast)
    admins_step_in(story, cast)
    some_leave(story, cast)
    assert len(story.steps) >= 60
    # What was purged is erased in the background, the entries about a person last.
    for iri in purged:
        story.soon(lambda one, iri=iri: one.view(iri, story.community), None)
    story.soon(lambda one: modlog_of(one, {cast.gus.iri}), [])
    check_same(story, cast)


def they_arrive(story: Story, cast: Cast) -> None:
    story.logs_in(cast.ada)
    story.logs_in(cast.bea)
    story.logs_in(cast.gil)
    story.registers(cast.amy)
    story.registers(cast.bob)
    story.registers(cast.gina)
    story.registers(cast.gus)
    story.registers(cast.ned)
    story.founds(cast.amy, "orchard", "The Orchard")
    story.looks_up(cast.bob)
    story.looks_up(cast.gina)
    story.follows(cast.bob)
    story.follows(cast.gina)
    story.follows(cast.gus)
    story.follows(cast.ada)


def they_write_and_vote(story: Story, cast: Cast) -> str:
    amy, bob, gina = cast.amy, cast.bob, cast.gina
    apples = story.submits(amy, "Apples", body="They are *red*.")
    pears = story.submits(bob, "Pears", url="https://pears.example/list", language_id=37)
    story.submits(gina, "Figs", body="Not for children", nsfw=True)
    first = story.comments_on(bob, apples, "Mine are green")
    answer = story.comments_on(gina, first, "Not ripe?")
    story.comments_on(amy, answer, "Granny Smith")
    story.talk(pears, 30, gina, amy, bob)
    story.votes(gina, apples, 1, up=2, down=0)
    story.votes(bob, apples, -1, up=2, down=1)
    story.votes(bob, apples, 1, up=3, down=0)
    story.votes(gina, apples, 0, up=2, down=0)
    story.votes(amy, answer, 1, up=2, down=0)
    story.votes(bob, answer, -1, up=2, down=1)
    story.votes(amy, answer, -1, up=1, down=2)
    return pears


def they_change_their_minds(story: Story, cast: Cast, pears: str) -> None:
    amy, bob, gina = cast.amy, cast.bob, cast.gina
    comment = story.comments_on(gina, pears, "Conference")
    story.edits(bob, pears, name="Pears, old ones", body="From **1890**")
    story.edits(gina, comment, content="Conference, and Comice")
    story.edits_community(amy, title="The Old Orchard", description="For *pomologists*")
    story.deletes(gina, comment)
    story.deletes(gina, comment, deleted=False)
    story.deletes(bob, pears)
    story.deletes(bob, pears, deleted=False)
    story.deletes(gina, story.submits(gina, "Never mind"))
    story.deletes(bob, story.comments_on(bob, pears, "Never mind"))


def a_moderator_at_home(story: Story, cast: Cast) -> None:
    amy, bob, gina = cast.amy, cast.bob, cast.gina
    quinces = story.submits(gina, "Quinces")
    comment = story.comments_on(bob, quinces, "Too hard")
    story.removes(amy, comment, "Not kind")
    story.removes(amy, comment, "It is true", removed=False)
    story.removes(amy, quinces, "No apples")
    story.removes(amy, quinces, "Nearly", removed=False)
    story.locks(amy, quinces)
    at_home = story.number(quinces, gina)
    story.is_refused("locked", lambda: gina.post("/comment", content="But", post_id=at_home))
    story.locks(amy, quinces, locked=False)
    story.comments_on(gina, quinces, "But good")
    story.pins(amy, quinces)
    story.pins(amy, quinces, featured=False)
    story.speaks(amy, story.comments_on(amy, quinces, "Be kind"))


def a_moderator_elsewhere(story: Story, cast: Cast) -> None:
    amy, bob, gina = cast.amy, cast.bob, cast.gina
    story.appoints(amy, bob)
    plums = story.submits(amy, "Plums")
    comment = story.comments_on(gina, plums, "Stoneless")
    story.removes(bob, comment, "There are none")
    story.removes(bob, comment, "", removed=False)
    story.removes(bob, plums, "Too soft")
    story.removes(bob, plums, "", removed=False)
    story.locks(bob, plums)
    story.locks(bob, plums, locked=False)
    story.pins(bob, plums)
    story.speaks(bob, story.comments_on(bob, plums, "No more of this"))
    story.locks(bob, plums)
    story.edits_community(bob, description="For pomologists and their *trees*")
    story.appoints(bob, gina)
    story.appoints(bob, gina, added=False)
    # Nobody dismisses those who were there before.
    them, number = story.number(amy.iri, bob), story.number(story.community, bob)
    mod = {"community_id": number, "person_id": them, "added": False}
    story.is_refused("not_higher_mod", lambda: bob.post("/community/mod", **mod))


def he_bans(story: Story, cast: Cast) -> None:
    amy, bob, gus = cast.amy, cast.bob, cast.gus
    weeds = story.submits(gus, "Weeds")
    story.comments_on(gus, weeds, "Tall ones")
    story.bans(bob, gus, "Weeds", by_post=weeds)
    own = {"name": "More weeds", "community_id": story.number(story.community, gus)}
    story.is_refused("person_is_banned_from_community", lambda: gus.post("/post", **own))
    story.bans(bob, gus, "Well", by_post=weeds, ban=False)
    story.follows(gus)
    story.comments_on(gus, weeds, "Sorry")
    story.bans(amy, gus, "Again", by_post=weeds, remove_data=True)
    story.bans(amy, gus, "The last time", by_post=weeds, ban=False, remove_data=True)
    story.follows(gus)
    story.votes(gus, weeds, -1, up=0, down=1)
    story.bans(bob, cast.ned, "Ads", by_post=story.submits(cast.ned, "Buy"), expires=IN_2100)


def they_report(story: Story, cast: Cast) -> None:
    amy, bob, gina = cast.amy, cast.bob, cast.gina
    nettles = story.submits(gina, "Nettles")
    thistles = story.comments_on(bob, nettles, "Thistles")
    story.reports(bob, nettles, "They sting")
    # No instance tells another what became of a report, as in Lemmy 0.19: each resolves its own.
    story.resolves(bob, nettles)
    story.resolves(amy, nettles)
    story.resolves(cast.gil, nettles)
    story.reports(gina, thistles, "So do these")
    # What is removed is judged, everywhere.
    story.removes(amy, thistles, "They do")


def they_write_to_each_other(story: Story, cast: Cast) -> None:
    bob, gina = cast.bob, cast.gina
    asked = story.writes(gina, bob, "Have you got *seeds*?")
    story.reads(bob, asked)
    answer = story.writes(bob, gina, "Of nettles?")
    story.edits_message(bob, gina, answer, "Of thistles?")
    story.deletes_message(gina, bob, asked)
    story.deletes_message(gina, bob, asked, deleted=False)
    story.deletes_message(gina, bob, story.writes(gina, bob, "No"))
    story.reports_message(gina, answer, "He mocks me")
    story.resolves_message_report(cast.gil, answer)


def the_community_changes_hands(story: Story, cast: Cast) -> None:
    amy, bob = cast.amy, cast.bob
    story.transfers(amy, bob)
    story.appoints(bob, amy, added=False)
    story.appoints(bob, amy)
    # Lemmy transfers only its own copy of a community elsewhere, and tells nobody. We refuse.
    change = {
        "community_id": story.number(story.community, bob),
        "person_id": story.number(amy.iri, bob),
    }
    story.is_refused("not_local", lambda: bob.post("/community/transfer", **change))
    story.transfers(cast.ada, amy)


def some_things_stay_local(story: Story, cast: Cast) -> list[str]:
    amy, gina, bea, ada = cast.amy, cast.gina, cast.bea, cast.ada
    before = story.sees(gina)
    story.blocks(gina, amy)
    assert story.sees(gina) < before
    story.blocks(gina, amy, block=False)
    story.blocks_instance(gina, cast.bob)
    story.blocks_instance(gina, cast.bob, block=False)
    assert story.sees(gina) == before
    # An admin has no say about people and communities elsewhere: it is a ban from beta alone.
    story.bans_from_site(bea, gina, "Not here", among=[cast.beta])
    story.comments_on(cast.bob, story.submits(amy, "Medlars"), "Where is she?")
    story.soon(lambda one: gina.iri in banned_from_site(one), False, [cast.alpha, cast.gamma])
    story.bans_from_site(bea, gina, "Oh well", among=[cast.beta], ban=False)
    # The same with what is purged, until all have done it.
    spam = story.submits(gina, "Spam")
    story.comments_on(amy, spam, "Really?")
    story.purges(bea, spam, "Not here")
    story.soon_has(spam, [cast.alpha, cast.gamma], removed=False, comments=1)
    # Who purges at home as well has it removed from the community.
    story.purges(ada, spam, "Not at all", removed_at=[cast.gamma])
    story.purges(cast.gil, spam, "If so")
    lie = story.comments_on(gina, story.comments_on(amy, story.posts[0], "True?"), "No")
    story.purges(ada, lie, "It is", removed_at=[cast.beta, cast.gamma])
    story.purges(bea, lie, "It is")
    story.purges(cast.gil, lie, "It is")
    return [spam, lie]


def admins_step_in(story: Story, cast: Cast) -> None:
    amy, gus, gil, ada = cast.amy, cast.gus, cast.gil, cast.ada
    brambles = story.submits(gus, "Brambles")
    story.comments_on(amy, brambles, "Tasty")
    # Of its own members, an instance bans them everywhere.
    story.bans_from_site(gil, gus, "Enough", among=cast.instances, remove_data=True)
    story.soon_has(brambles, removed=True)
    story.bans_from_site(gil, gus, "Fine", among=cast.instances, ban=False, remove_data=True)
    story.soon_has(brambles, removed=False)
    story.bans_from_site(gil, cast.ned, "Ads", among=cast.instances)
    banned = modlog_of(cast.alpha, {gus.iri})
    assert [one["banned"] for one in banned] == [True, False] * 3
    story.soon(lambda one: modlog_of(one, {gus.iri}), banned)
    # What an instance purges, others keep as deleted, with the replies, until they purge it too.
    story.purges_person(gil, gus, "Enough of it", deleted_at=[cast.alpha, cast.beta])
    story.purges_person(ada, gus, "Enough of it")
    story.purges_person(cast.bea, gus, "Enough of it")
    story.removes_community(ada, reason="Pruning")
    story.removes_community(ada, removed=False)
    story.deletes_community(amy)
    story.deletes_community(amy, deleted=False)


def some_leave(story: Story, cast: Cast) -> None:
    story.followers -= {cast.gus.iri}
    story.follows(cast.bob, follow=False)
    story.blocks_community(cast.gina)
    story.blocks_community(cast.gina, block=False)
    story.follows(cast.gina)


def check_same(story: Story, cast: Cast) -> None:
    """Compare all three."""
    home, *others = (state_of(one, story, cast.newcomers) for one in cast.instances)
    for one, other in zip(cast.instances[1:], others, strict=True):
        differing = {
            key: (home.get(key), other.get(key))
            for key in home | other
            if home.get(key) != other.get(key)
        }
        assert not differing, f"alpha and {one.name} differ"
    depths = [len(value["path"]) for key, value in home.items() if key.startswith("comment ")]
    assert (max(depths), len(depths), len(home["modlog"])) == (30, 43, 26)
    assert [is_resolved for *_, is_resolved in home["reports"]] == [True, True]
    assert messages_of(cast.bob) == messages_of(cast.gina)
    assert len(messages_of(cast.bob)) == 2
    story.counts_followers()
