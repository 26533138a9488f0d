"""The environment that Alembic runs for every command: our metadata, on the connection that
`fedcom.migrate` opened.

No `__init__.py` beside this file, ever: the folder would shadow the alembic package.
"""

import importlib
import pkgutil
import re
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.util import CommandError

import fedcom.models
from fedcom.db import UtcDateTime

# The domain's first: the naming convention of the first metadata is the one Alembic applies.
METADATA_OF = ("fedcom.models.base", "inbox.journal", "outbox.deliveries")

# The search indexes, and on SQLite the tables of FTS5: no model declares them, because the two
# databases have nothing in common there. Revision 0005 creates them.
SEARCH = re.compile(r"(post|comment|actor)_search(_(data|idx|content|docsize|config))?")


def load_metadata() -> list[Any]:
    """The metadata of every package, with all its tables declared."""
    for module in pkgutil.iter_modules(fedcom.models.__path__, "fedcom.models."):
        importlib.import_module(module.name)
    return [importlib.import_module(name).metadata for name in METADATA_OF]


def render_item(kind: str, item: Any, _autogenerate: AutogenContext) -> str | Literal[False]:
    """Write our column type in plain SQLAlchemy: a revision must not change when our code does."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether the database object with this name is compared with the models."""
    return kind != "table" or SEARCH.fullmatch(name or "") is None


connection = context.config.attributes.get("connection")
if connection is None:
    raise CommandError("no database: use `fedcom db upgrade`, `fedcom db check` or `make revision`")

context.configure(
    connection=connection,
    target_metadata=load_metadata(),
    render_as_batch=True,  # SQLite alters a table by recreating it
    render_item=render_item,
    include_name=include_name,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
