import pytest

from activitypub.errors import Unreachable
from activitypub.fetch import HttpResponse
from activitypub.signatures.keys import SigningKeys
from fedcom.metrics.instruments import Metrics
from tests.outbox.world import ACTOR, Network
from tests.support.documents import private_key

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (HttpResponse(202, None, ""), "2xx"),
        (HttpResponse(503, None, ""), "5xx"),
        (Unreachable("connect_failed", "Nobody listens."), "failed"),
    ],
    ids=str,
)
async def test_deliveries_are_measured_by_result(answer, result):
    network, metrics = Network(), Metrics()
    network.set("peer.example", answer)
    poster = metrics.measured(network)
    try:
        keys = SigningKeys(private_key(ACTOR))
        given = await poster.post("https://peer.example/inbox", b"{}", keys)
    except Unreachable as error:
        given = error
    assert given == answer
    labels = {"result": result}
    assert metrics.registry.get_sample_value("fedcom_delivery_seconds_count", labels) == 1
