"""Every column that refers to an actor, a post or a comment has a rule for their purge."""

import importlib
import pkgutil

import pytest
from sqlalchemy import Column

import fedcom.models
from fedcom.models.base import metadata
from fedcom.site import erasure

ITSELF = {"comment.parent_id", "comment.post_id", "notification.post_id", "site.actor_id"}
"""Comments go with their post, the deepest first; the server's own actor is never purged."""


def referring(*targets: str) -> set[str]:
    for module in pkgutil.iter_modules(fedcom.models.__path__):
        importlib.import_module(f"fedcom.models.{module.name}")
    return {
        str(column)
        for table in metadata.sorted_tables
        for column in table.c
        if {key.target_fullname for key in column.foreign_keys} & set(targets)
    }


@pytest.mark.parametrize(
    ("targets", "known"),
    [
        (("post.id",), erasure.OF_POST),
        (("comment.id",), erasure.OF_COMMENT),
        (
            ("actor.id", "account.actor_id"),
            (*erasure.OF_ACTOR, *erasure.FREED, *erasure.IN_STEPS, *erasure.AT_LAST),
        ),
    ],
)
def test_every_reference_to_what_is_purged_is_erased(
    targets: tuple[str, ...], known: tuple[Column[object], ...]
) -> None:
    names = [str(column) for column in known]

    missing = referring(*targets) - set(names) - ITSELF
    assert missing == set(), "say in fedcom/site/erasure.py what becomes of it"
    assert set(names) - referring(*targets) == set()
    assert len(set(names)) == len(names)
