"""CreateCommunity and EditCommunity: a new local Group, and Update{Group}."""

from dataclasses import dataclass

from sqlalchemy import insert, update

from activitypub.vocab.activities import create, update as update_activity
from fedcom.actions.base import Action, Activity, Audience, Federated, Microblogs, Readers
from fedcom.actions.follow import Follow
from fedcom.context import Context, NewKey
from fedcom.effects.local_actor import create_local_actor
from fedcom.errors import Invalid
from fedcom.models.actor import Community, Person, actor, community as community_table
from fedcom.models.moderation import moderator
from fedcom.queries.actors import get_community, is_admin
from fedcom.queries.located import standing_in
from fedcom.queries.policy import policy_of
from fedcom.remote.actors import community_at, person_at, put_actor
from fedcom.remote.vouching import check_vouched
from fedcom.rules.languages import LANGUAGES, check_languages
from fedcom.rules.limits import check_body, check_display_name
from fedcom.rules.names import check_name
from fedcom.rules.permissions import (
    may_act,
    may_be_nsfw,
    may_create_community,
    must_moderate,
)
from fedcom.rules.slurs import check_slurs
from fedcom.text.html import to_text
from fedcom.wire.actor import to_document
from fedcom.wire.body import EMPTY, Body
from inbox.ports import ReceivedActivity


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCommunity(Federated[Community]):
    """Create a local community; its creator is its first moderator and follows it."""

    by: Person
    name: str
    key: NewKey
    title: str = ""
    description: Body = EMPTY
    nsfw: bool = False
    posting_restricted: bool = False
    languages: tuple[str, ...] = ()

    def check(self, ctx: Context) -> None:
        """The name must never have been used; that is checked when it is reserved."""
        may_act(self.by, ctx.now)
        policy = policy_of(ctx)
        check_name(self.name, policy.name_limit)
        check_display_name(self.title)
        check_body(self.description.source)
        check_languages(self.languages)
        check_slurs(policy.slur_filter, self.name, self.title, self.description.source)
        may_be_nsfw(sensitive=self.nsfw, nsfw=policy.nsfw)
        if not self.by.local:
            raise Invalid("not_local", "Only members of this server can create communities here.")
        if policy.only_admins_create_communities:
            may_create_community(is_admin=is_admin(ctx.conn, self.by.id))

    def apply(self, ctx: Context) -> Community:
        """Reserve the name and create the actor. Raises Conflict if the name was ever used."""
        made = create_local_actor(
            ctx,
            kind="Group",
            name=self.name,
            title=check_display_name(self.title),
            key=self.key,
        )
        ctx.conn.execute(
            update(actor)
            .where(actor.c.id == made.id)
            .values(summary_source=self.description.source, summary_html=self.description.html)
        )
        ctx.conn.execute(
            insert(community_table).values(
                actor_id=made.id,
                moderators_iri=f"{made.iri}/moderators",
                featured_iri=f"{made.iri}/featured",
                nsfw=self.nsfw,
                posting_restricted=self.posting_restricted,
                languages=check_languages(self.languages),
            )
        )
        ctx.conn.execute(
            insert(moderator).values(
                community_id=made.id, person_id=self.by.id, appointed_at=ctx.now
            )
        )
        Follow(by=self.by, target=get_community(ctx.conn, made.id)).apply(ctx)
        return get_community(ctx.conn, made.id)

    def to_activity(self, ctx: Context, result: Community) -> Activity:
        """Create{Group}; nobody follows it yet, so it is sent to nobody."""
        return create(ctx.new_iri("create"), self.by.iri, to_document(result, ctx.origin))

    def audience(self, ctx: Context, result: Community) -> Audience:
        """Nobody."""
        return Audience(subject=result.iri)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCommunity(Federated[Community]):
    """A moderator changes the community's profile and who may post."""

    by: Person
    community: Community
    title: str
    description: Body
    nsfw: bool
    posting_restricted: bool
    # None: as they are.
    languages: tuple[str, ...] | None = None
    # Whether search engines may list its pages. None: as it is.
    indexable: bool | None = None

    def check(self, ctx: Context) -> None:
        """For moderators; the change of a remote community is sent to its server."""
        must_moderate(self.by, self.community, standing_in(ctx, self.by, self.community), ctx.now)
        check_display_name(self.title)
        check_body(self.description.source)
        check_languages(self.languages or ())
        policy = policy_of(ctx)
        check_slurs(policy.slur_filter, self.title, self.description.source)
        if self.nsfw != self.community.nsfw:
            may_be_nsfw(sensitive=self.nsfw, nsfw=policy.nsfw)

    def apply(self, ctx: Context) -> Community:
        """Replace title, description and options."""
        ctx.conn.execute(
            update(actor)
            .where(actor.c.id == self.community.id)
            .values(
                title=check_display_name(self.title),
                summary_source=self.description.source,
                summary_html=self.description.html,
                indexable=self.community.indexable if self.indexable is None else self.indexable,
                updated_at=ctx.now,
            )
        )
        ctx.conn.execute(
            update(community_table)
            .where(community_table.c.actor_id == self.community.id)
            .values(
                nsfw=self.nsfw,
                posting_restricted=self.posting_restricted,
                languages=self.community.languages
                if self.languages is None
                else check_languages(self.languages),
            )
        )
        return get_community(ctx.conn, self.community.id)

    def to_activity(self, ctx: Context, result: Community) -> Activity:
        """Update{Group}."""
        return update_activity(
            ctx.new_iri("update"),
            self.by.iri,
            to_document(result, ctx.origin),
            cc=[result.followers_iri],
        )

    def audience(self, ctx: Context, result: Community) -> Audience:
        """The community's followers, or the server of a remote community."""
        return Audience(subject=result.iri, community=result, microblogs=Microblogs.THE_COMMUNITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshCommunity(Action[Community]):
    """A remote community has changed: fetch it again from its origin."""

    by: Person | Community
    community: Community

    def check(self, ctx: Context) -> None:
        """Any actor may send it: only the document from its origin counts, which is never local."""

    def apply(self, ctx: Context) -> Community:
        """Store the document that the origin serves now."""
        refreshed = put_actor(ctx, ctx.document(self.community.iri))
        return get_community(ctx.conn, refreshed.id)


def _read_update(ctx: Context, received: ReceivedActivity) -> EditCommunity | RefreshCommunity:
    """A community changed: a remote one is fetched again, a local one is edited by a remote
    moderator."""
    community = community_at(ctx, received.activity.object_id or "")
    if community.local:
        return _edit_from(ctx, received, community)
    if received.actor == community.iri:
        return RefreshCommunity(by=community, community=community)
    check_vouched(ctx, received, community)
    return RefreshCommunity(by=person_at(ctx, received.actor), community=community)


def _edit_from(ctx: Context, received: ReceivedActivity, community: Community) -> EditCommunity:
    """A remote moderator edits a local community."""
    wanted = received.object
    summary = Body.of_markdown(wanted.source_markdown or to_text(wanted.summary or ""))
    languages = tuple(code for code in wanted.languages if code in LANGUAGES)
    return EditCommunity(
        by=person_at(ctx, received.actor),
        community=community,
        title=wanted.name or "",
        description=summary,
        nsfw=wanted.sensitive,
        posting_restricted=wanted.get("postingRestrictedToMods") is True,
        # Not every peer knows languages of communities.
        languages=None if wanted.get("language") is None else languages,
        # Only a wish not to be listed is sent.
        indexable=False if wanted.get("indexable") is False else None,
    )


READERS: Readers = {("Update", "Group"): _read_update}
