"""Other servers: which are known and blocked here, and blocking one for oneself."""

from collections.abc import Iterable
from datetime import datetime

from fedcom.api.caller import Caller
from fedcom.api.endpoint import NoParameters, Parameters, Resource, Shape
from fedcom.api.v3.params import Id
from fedcom.api.v3.shapes.site import Instance
from fedcom.personal.blocks import block_host, unblock_host
from fedcom.views.instance import InstanceView, get_host, list_instances, read_version

resource = Resource()


class ReadableFederationState(Shape):
    """How deliveries to a server are going. Ours have no numbers that could be the last one's."""

    instance_id: int
    last_successful_id: int | None = None
    last_successful_published_time: datetime | None = None
    fail_count: int
    last_retry: datetime | None = None
    next_retry: datetime | None = None


class InstanceWithFederationState(Instance):
    """A server; the state only if something was ever sent there."""

    federation_state: ReadableFederationState | None = None


class FederatedInstances(Shape):
    """The other servers; those that are allowed only if there is a list of them."""

    linked: list[InstanceWithFederationState]
    allowed: list[InstanceWithFederationState]
    blocked: list[InstanceWithFederationState]


class GetFederatedInstancesResponse(Shape):
    """The other servers; nothing while this one does not federate."""

    federated_instances: FederatedInstances | None = None


@resource.reads("/federated_instances", lambda caller: read_version(caller.conn))
def get_federated_instances(caller: Caller, _wanted: NoParameters) -> GetFederatedInstancesResponse:
    """All servers that are known here, by name. Their software and their deliveries are as they
    were within the last minute.
    """
    found = list_instances(caller.conn, caller.settings.host)
    if found is None:
        return GetFederatedInstancesResponse()
    lists = FederatedInstances(
        linked=_shown(found.linked),
        allowed=_shown(found.allowed),
        blocked=_shown(found.blocked),
    )
    return GetFederatedInstancesResponse(federated_instances=lists)


class BlockInstance(Parameters):
    """Block, or block no longer."""

    instance_id: Id
    block: bool


class BlockInstanceResponse(Shape):
    """Whether it is blocked now."""

    blocked: bool


@resource.writes("POST", "/site/block")
def block_for_oneself(caller: Caller, wanted: BlockInstance) -> BlockInstanceResponse:
    """Leave a whole server out of one's lists."""
    by, host = caller.person, get_host(caller.conn, wanted.instance_id)
    if wanted.block:
        block_host(caller.ctx, by, host)
    else:
        unblock_host(caller.conn, by, host)
    return BlockInstanceResponse(blocked=wanted.block)


def _shown(found: Iterable[InstanceView]) -> list[InstanceWithFederationState]:
    return [
        InstanceWithFederationState(
            id=one.id,
            domain=one.host,
            published=one.first_seen_at,
            updated=one.checked_at,
            software=one.software,
            version=one.version,
            federation_state=_state(one),
        )
        for one in found
    ]


def _state(of: InstanceView) -> ReadableFederationState | None:
    state = of.delivery
    if state is None:
        return None
    return ReadableFederationState(
        instance_id=of.id,
        last_successful_published_time=state.last_success_at,
        fail_count=state.failures,
        last_retry=state.last_attempt_at,
        next_retry=state.next_attempt_at,
    )
