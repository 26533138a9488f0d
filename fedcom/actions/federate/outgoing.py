"""The activities of one action for other servers, collected and then written at once."""

from dataclasses import dataclass, field
from typing import NamedTuple

from activitypub.vocab.base import dump
from fedcom.actions.base import Activity
from fedcom.context import Context
from fedcom.models.actor import Actor
from fedcom.queries.follows import FollowerHost
from fedcom.remote.peers import skipped_among
from fedcom.rules.dialects import Dialect, dialect_of
from outbox.address import fold
from outbox.publish import Publication, publish_all


class _OutgoingActivity(NamedTuple):
    """One activity with its recipients; see `Outgoing.add_bytes`."""

    iri: str
    actor: str
    body: bytes
    subject: str
    to: list[FollowerHost]
    transient: bool


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The activities of one action, each with the servers that get it, in order.

    `transient`: what communities announce of it is served for a shorter time.
    """

    ctx: Context
    transient: bool = False
    _activities: list[_OutgoingActivity] = field(default_factory=list)

    def add(self, actor: str, activity: Activity, subject: str, to: list[FollowerHost]) -> None:
        """Add an activity of the local `actor`, with the actor's proof."""
        body = dump(self.ctx.proven(actor, activity))
        self.add_bytes(activity["id"], actor, body, subject, to)

    def add_bytes(
        self,
        iri: str,
        actor: str,
        body: bytes,
        subject: str,
        to: list[FollowerHost],
        *,
        transient: bool = False,
    ) -> None:
        """Add one activity unchanged; without recipients it is still stored, to be served at its
        id, but a `transient` one for a shorter time. Activities about one `subject` arrive in
        order.
        """
        self._activities.append(_OutgoingActivity(iri, actor, body, subject, to, transient))

    def publish(self) -> None:
        """Write all of them into the outbox. Servers that are blocked or gone get nothing, nor do
        deleted actors.
        """
        if not self._activities:
            return
        ctx = self.ctx
        hosts = {host.host for one in self._activities for host in one.to}
        skipped = skipped_among(ctx.conn, hosts) if hosts else set()
        publish_all(
            ctx.conn,
            [
                Publication(
                    activity_id=one.iri,
                    actor=one.actor,
                    body=one.body,
                    subject=one.subject,
                    inboxes=fold(
                        [host.inbox for host in one.to],
                        own_host=ctx.host,
                        skip_hosts=skipped,
                    ),
                    transient=one.transient,
                )
                for one in self._activities
            ],
            now=ctx.now.timestamp(),
        )


def dialect(host: FollowerHost) -> Dialect:
    """The kind of server behind an inbox."""
    return dialect_of(host.software, reached=host.reached)


def own_inbox(recipient: Actor) -> FollowerHost:
    """The inbox for what concerns one person alone."""
    return FollowerHost(recipient.inbox, recipient.host, None, reached=False)


def shared_inbox(recipient: Actor) -> FollowerHost:
    """The inbox for what their whole server may read."""
    return FollowerHost(
        recipient.shared_inbox or recipient.inbox, recipient.host, None, reached=False
    )
