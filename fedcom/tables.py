"""All tables of the database: the domain's, and those of the inbox and the outbox."""

import importlib
import pkgutil

from sqlalchemy import MetaData

import fedcom.models
import inbox.journal
import outbox.deliveries
from fedcom.models import base


def load_metadata() -> tuple[MetaData, ...]:
    """The metadata of every package, with all its tables declared; the domain's is the first.

    No foreign key leads from one to another.
    """
    for module in pkgutil.iter_modules(fedcom.models.__path__, "fedcom.models."):
        importlib.import_module(module.name)
    return base.metadata, inbox.journal.metadata, outbox.deliveries.metadata
