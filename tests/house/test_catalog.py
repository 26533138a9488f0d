"""Every supported activity has a sample from a peer, and every sample is supported."""

from pathlib import Path

import pytest

from activitypub.document import Document, has_activitystreams_context
from activitypub.iri import same_origin
from activitypub.parse import parse
from activitypub.types import ACTIVITIES, FEATURES
from fedcom.actions.base import Reader, Shape
from fedcom.inbound.catalog import ALL_READERS
from inbox.route import Routes
from tests.support.samples import FILES, name_of


def routes() -> Routes[Reader]:
    made: Routes[Reader] = Routes()
    for readers in ALL_READERS:
        for shape, reader in readers.items():
            made.add(shape, reader)
    return made


def documents_in(path: Path) -> list[Document]:
    """The activity of a sample, or those in its Announce."""
    activity = Document(parse(path.read_bytes()))
    if activity.type != "Announce":
        return [activity]
    return [inner for inner in activity.objects if isinstance(inner, Document)]


def claimed_by(activity: Document) -> set[Shape]:
    """The shapes in the catalog that are a beginning of the activity's."""
    shapes = set(routes().shapes())
    return {activity.shape[:length] for length in (1, 2)} & shapes


def test_no_shape_is_claimed_twice() -> None:
    assert len(routes().shapes()) == sum(len(readers) for readers in ALL_READERS)


def test_supported_shapes_are_declared_and_not_listed_as_missing() -> None:
    outermost = {shape[0] for shape in routes().shapes()}

    assert outermost <= ACTIVITIES.keys()
    assert {name for shape in routes().shapes() for name in shape}.isdisjoint(FEATURES)


def test_every_supported_shape_has_a_sample() -> None:
    shown = {
        max(claimed_by(activity), key=len, default=())
        for path in FILES
        for activity in documents_in(path)
    }

    assert set(routes().shapes()) - shown == set()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_sample_has_a_supported_shape(path: Path) -> None:
    activity = Document(parse(path.read_bytes()))

    assert has_activitystreams_context(activity)
    assert same_origin(activity.id, activity.actor)
    assert activity.owner is not None
    assert documents_in(path)
    for inner in documents_in(path):
        assert routes().find(inner) is not None, inner.shape


def test_every_action_is_listed_in_the_catalog() -> None:
    fedcom = Path(__file__).parents[2] / "fedcom"
    files = [*fedcom.glob("actions/*.py"), *fedcom.glob("inbound/*.py")]
    with_readers = {path.stem for path in files if "\nREADERS" in path.read_text()}

    listed = {
        reader.__module__.rsplit(".", 1)[-1] for one in ALL_READERS for reader in one.values()
    }
    assert with_readers == listed
