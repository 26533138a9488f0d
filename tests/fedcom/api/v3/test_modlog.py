import pytest

from fedcom.accounts.members import change_role_of
from fedcom.actions.ban import Ban
from fedcom.actions.close import CloseCommunity
from fedcom.actions.community import CreateCommunity
from fedcom.actions.lock import Lock
from fedcom.actions.moderators import AddModerator
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.transfer import TransferCommunity
from fedcom.site.front_page import hide_community, pin_on_site
from fedcom.site.purge import purge_content, purge_person
from tests.fedcom.api.conftest import Apps, Failed, Json
from tests.fedcom.web.conftest import KEY

pytestmark = pytest.mark.anyio

KINDS = {
    "ModRemovePost": "removed_posts",
    "ModLockPost": "locked_posts",
    "ModFeaturePost": "featured_posts",
    "ModRemoveComment": "removed_comments",
    "ModRemoveCommunity": "removed_communities",
    "ModBanFromCommunity": "banned_from_community",
    "ModBan": "banned",
    "ModAddCommunity": "added_to_community",
    "ModTransferCommunity": "transferred_to_community",
    "ModAdd": "added",
    "ModHideCommunity": "hidden_communities",
    "AdminPurgePerson": "admin_purged_persons",
    "AdminPurgeCommunity": "admin_purged_communities",
    "AdminPurgePost": "admin_purged_posts",
    "AdminPurgeComment": "admin_purged_comments",
}


async def everything(apps: Apps) -> dict[str, int]:
    """One action of each kind; the ids of the post and the comment they are about."""
    world = apps.world
    ann, mia, bob, eve = (world.people[name] for name in ("ann", "mia", "bob", "eve"))
    cats, unit = world.community, world.instance.unit
    post = await world.post()
    comment = await world.comment(post)
    await world.perform(Lock(by=mia, target=post, locked=True))
    await world.perform(Lock(by=mia, target=comment, locked=True))
    await unit(lambda ctx: pin_on_site(ctx, ann, post, pinned=True))
    await world.perform(RemoveContent(by=mia, target=comment, reason="rude"))
    await world.perform(RemoveContent(by=mia, target=post, reason="spam"))
    await world.perform(Ban(by=mia, person=eve, community=cats, reason="loud"))
    await world.perform(AddModerator(by=mia, community=cats, person=bob))
    await world.perform(TransferCommunity(by=ann, community=cats, person=mia))
    await unit(lambda ctx: change_role_of(ctx, ann, bob.id, "admin"))
    await unit(lambda ctx: hide_community(ctx, ann, cats, hidden=True, reason="quiet"))
    other = await world.post("Another")
    below = await world.comment(other)
    await unit(lambda ctx: purge_content(ctx, ann, below, "law"))
    gone = await world.post("A third")
    await unit(lambda ctx: purge_content(ctx, ann, gone, "law"))
    dogs = await world.perform(CreateCommunity(by=ann, name="dogs", key=KEY, title="Dogs"))
    await world.perform(CloseCommunity(by=ann, community=dogs, reason="empty"))
    await world.perform(Ban(by=ann, person=eve, community=None, reason="everywhere"))
    await apps("ann").post("/admin/purge/community", community_id=dogs.id, reason="never")
    await unit(lambda ctx: purge_person(ctx, ann, eve, "asked"))
    return {"post": post.id, "comment": comment.id, "other": other.id, "dogs": dogs.id}


async def read(apps: Apps, name: str = "ann", **given: object) -> Json:
    return await apps(name).get("/modlog", **{"limit": 50, **given})


async def test_each_kind_of_action_is_in_its_own_list(apps: Apps) -> None:
    ids = await everything(apps)
    found = await read(apps)

    counts = {name: len(found[name]) for name in KINDS.values()}
    assert set(found) == set(KINDS.values())
    # Each purge of content removes it first, and a purged community is closed already.
    assert counts == {
        "removed_posts": 2,
        "locked_posts": 1,
        "featured_posts": 1,
        "removed_comments": 2,
        "removed_communities": 1,
        "banned_from_community": 1,
        "banned": 1,
        "added_to_community": 2,
        "transferred_to_community": 1,
        "added": 1,
        "hidden_communities": 1,
        "admin_purged_persons": 1,
        "admin_purged_communities": 1,
        "admin_purged_posts": 1,
        "admin_purged_comments": 1,
    }
    removed = found["removed_posts"][-1]
    assert removed["mod_remove_post"]["reason"] == "spam"
    assert (removed["mod_remove_post"]["post_id"], removed["post"]["id"]) == (ids["post"],) * 2
    assert (removed["moderator"]["name"], removed["community"]["name"]) == ("mia", "cats")
    rude = found["removed_comments"][-1]
    assert (rude["comment"]["id"], rude["commenter"]["name"]) == (ids["comment"], "bob")
    assert rude["post"]["id"] == ids["post"]
    assert not found["featured_posts"][0]["mod_feature_post"]["is_featured_community"]
    assert found["banned_from_community"][0]["banned_person"]["name"] == "eve"
    assert found["transferred_to_community"][0]["modded_person"]["name"] == "mia"
    assert found["added"][0]["modded_person"]["name"] == "bob"
    assert found["hidden_communities"][0]["admin"]["name"] == "ann"
    assert found["admin_purged_comments"][0]["post"]["id"] == ids["other"]
    assert found["admin_purged_posts"][0]["community"]["name"] == "cats"
    assert found["removed_communities"][0]["community"]["id"] == ids["dogs"]


async def test_one_kind_can_be_asked_for(apps: Apps) -> None:
    await everything(apps)
    whole = await read(apps)

    for kind, name in KINDS.items():
        found = await read(apps, type_=kind)
        assert found[name] == whole[name], kind
        assert sum(len(found[other]) for other in KINDS.values()) == len(whole[name]), kind


async def test_the_log_is_filtered_and_paged(apps: Apps) -> None:
    ids = await everything(apps)
    mia, eve = apps.id_of("mia"), apps.id_of("eve")

    def ids_in(found: Json) -> list[int]:
        entries = [entry for name in KINDS.values() for entry in found[name]]
        return sorted(part["id"] for entry in entries for part in entry.values() if "when_" in part)

    whole = ids_in(await read(apps))
    pages = [ids_in(await read(apps, limit=5, page=page)) for page in (1, 2, 3, 4)]
    assert sorted(one for page in pages for one in page) == whole
    assert [len(page) for page in pages] == [5, 5, 5, len(whole) - 15]
    by_mia = await read(apps, mod_person_id=mia)
    assert {one["moderator"]["name"] for one in by_mia["removed_posts"]} == {"mia"}
    assert by_mia["added"] == []
    of_eve = await read(apps, other_person_id=eve)
    assert [len(of_eve[name]) for name in ("banned", "banned_from_community", "added")] == [1, 1, 0]
    about = await read(apps, post_id=ids["post"])
    assert len(ids_in(about)) == 3
    about = await read(apps, comment_id=ids["comment"])
    assert [one["comment"]["id"] for one in about["removed_comments"]] == [ids["comment"]]
    assert len(ids_in(about)) == 1
    inside = await read(apps, community_id=apps.community)
    assert (inside["banned"], len(inside["banned_from_community"])) == ([], 1)


async def test_titles_and_texts_that_are_hidden_stay_hidden(apps: Apps) -> None:
    world, mia = apps.world, apps.world.people["mia"]
    post = await world.post("Secret", url="https://example.org/secret")
    comment = await world.comment(post, "hush")
    await world.perform(RemoveContent(by=mia, target=comment))
    await world.perform(RemoveContent(by=mia, target=post))

    guest, moderator = await read(apps, ""), await read(apps, "mia")

    (hidden,), (shown,) = guest["removed_posts"], moderator["removed_posts"]
    assert (hidden["post"]["name"], hidden["post"].get("url")) == ("", None)
    assert (shown["post"]["name"], shown["post"]["url"]) == ("Secret", "https://example.org/secret")
    assert guest["removed_comments"][0]["comment"]["content"] == ""
    assert moderator["removed_comments"][0]["comment"]["content"] == "hush"


async def test_a_closed_community_hides_what_is_in_it(apps: Apps) -> None:
    world, ann, mia = apps.world, apps.world.people["ann"], apps.world.people["mia"]
    post = await world.post("Secret")
    removed = await world.perform(RemoveContent(by=mia, target=post))
    await world.perform(RestoreContent(by=mia, target=removed))
    await world.perform(CloseCommunity(by=ann, community=world.community))

    guest, admin = await read(apps, ""), await read(apps)

    assert {one["post"]["name"] for one in guest["removed_posts"]} == {""}
    assert {one["community"]["title"] for one in guest["removed_posts"]} == {"cats"}
    assert guest["removed_communities"][0]["community"]["title"] == "cats"
    assert {one["post"]["name"] for one in admin["removed_posts"]} == {"Secret"}
    assert admin["removed_communities"][0]["community"]["title"] == "Cats"


async def test_an_unknown_post_or_kind_is_refused(apps: Apps) -> None:
    with pytest.raises(Failed) as missing:
        await read(apps, post_id=4711)
    with pytest.raises(Failed) as unknown:
        await read(apps, type_="ModMove")

    assert (missing.value.status, missing.value.error) == (404, "couldnt_find_post")
    assert (unknown.value.status, unknown.value.error) == (400, "invalid_query")
