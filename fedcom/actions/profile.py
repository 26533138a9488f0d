"""EditProfile and RefreshProfile: Update{Person}, local and remote."""

from dataclasses import dataclass

from sqlalchemy import update

from activitypub.vocab.activities import update as update_activity
from fedcom.actions.base import Action, Activity, Audience, Federated, Readers
from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.models.actor import Person, actor
from fedcom.queries.actors import get_person
from fedcom.queries.policy import policy_of
from fedcom.remote.actors import person_at, put_actor
from fedcom.rules.limits import MAX_SUMMARY, check_body, check_display_name, check_matrix_id
from fedcom.rules.permissions import may_act
from fedcom.rules.slurs import check_slurs
from fedcom.wire.actor import to_document
from fedcom.wire.body import Body
from inbox.ports import ReceivedActivity


@dataclass(frozen=True, slots=True, kw_only=True)
class EditProfile(Federated[Person]):
    """A member changes their own display name, text, Matrix id, or what they declare to be."""

    by: Person
    title: str
    summary: Body
    # None: as it is; "": none.
    matrix_user_id: str | None = None
    # Whether the account is a bot: its actor is a Service. None: as it is.
    is_bot: bool | None = None
    # Whether search engines may list their pages. None: as it is.
    indexable: bool | None = None

    def check(self, ctx: Context) -> None:
        """Within our limits."""
        may_act(self.by, ctx.now)
        check_display_name(self.title)
        check_body(self.summary.source, MAX_SUMMARY)
        check_matrix_id(self.matrix_user_id or "")
        check_slurs(policy_of(ctx).slur_filter, self.title, self.summary.source)

    def apply(self, ctx: Context) -> Person:
        """Replace what is given."""
        matrix_id, kind = self.by.matrix_user_id, self.by.kind
        if self.matrix_user_id is not None:
            matrix_id = check_matrix_id(self.matrix_user_id) or None
        if self.is_bot is not None:
            kind = "Service" if self.is_bot else "Person"
        ctx.conn.execute(
            update(actor)
            .where(actor.c.id == self.by.id)
            .values(
                title=check_display_name(self.title),
                summary_source=self.summary.source,
                summary_html=self.summary.html,
                matrix_user_id=matrix_id,
                kind=kind,
                indexable=self.by.indexable if self.indexable is None else self.indexable,
                updated_at=ctx.now,
            )
        )
        return get_person(ctx.conn, self.by.id)

    def to_activity(self, ctx: Context, result: Person) -> Activity:
        """Update{Person}."""
        document = to_document(result, ctx.origin)
        return update_activity(
            ctx.new_iri("update"), self.by.iri, document, cc=[f"{result.iri}/followers"]
        )

    def audience(self, ctx: Context, result: Person) -> Audience:
        """The member's followers, and servers that have content of theirs."""
        return Audience(subject=result.iri, to_followers=True, to_readers=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshProfile(Action[Person]):
    """A remote person has changed: fetch them again from their origin."""

    by: Person

    def check(self, ctx: Context) -> None:
        """Any actor may send it: only the document from their origin counts, which is never
        local.
        """

    def apply(self, ctx: Context) -> Person:
        """Store the document that the origin serves now, including the key."""
        refreshed = put_actor(ctx, ctx.document(self.by.iri))
        return get_person(ctx.conn, refreshed.id)


def _read_update(ctx: Context, received: ReceivedActivity) -> RefreshProfile:
    """A person or a server changed its profile: it is fetched again."""
    if received.activity.object_id != received.actor:
        raise Denied(
            "not_the_owner",
            "An actor may only update its own profile: %(actor)s is not %(iri)s.",
            actor=received.actor,
            iri=received.activity.object_id,
        )
    return RefreshProfile(by=person_at(ctx, received.actor))


READERS: Readers = {
    ("Update", kind): _read_update for kind in ("Person", "Service", "Application", "Organization")
}
