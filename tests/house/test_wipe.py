"""Every column that refers to a person has a rule for the person's deletion."""

import importlib
import pkgutil

from sqlalchemy import Column

import fedcom.models
from fedcom.effects import wipe
from fedcom.models.base import metadata

NAMES = {"actor_iri", "recipient"}
"""Columns that name a person without a foreign key."""


def names_a_person(column: Column[object]) -> bool:
    targets = {key.target_fullname for key in column.foreign_keys}
    return bool(targets & {"actor.id", "account.actor_id"}) or column.name in NAMES


def test_every_column_that_names_a_person_is_wiped_or_kept_for_a_reason() -> None:
    for module in pkgutil.iter_modules(fedcom.models.__path__):
        importlib.import_module(f"fedcom.models.{module.name}")
    columns = (*wipe.PERSONAL, *wipe.LOGIN, *wipe.BY_ACTION, *wipe.CONTENT, *wipe.KEPT, wipe.MAIL)
    known = [str(column) for column in columns]
    named = {
        str(column)
        for table in metadata.sorted_tables
        for column in table.c
        if names_a_person(column)
    }

    assert named - set(known) == set(), "say in fedcom/effects/wipe.py what becomes of it"
    assert set(known) - named == set()
    assert len(set(known)) == len(known)
    assert all(len(reason) > 10 for reason in wipe.KEPT.values())
