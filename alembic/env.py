"""The environment that Alembic runs for every command: our metadata, on the connection that
`fedcom.migrate` opened.

No `__init__.py` beside this file, ever: the folder would shadow the alembic package.
"""

import re
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.util import CommandError

from fedcom.db import UtcDateTime
from fedcom.tables import load_metadata

# The search indexes, and on SQLite the tables of FTS5: no model declares them, because the two
# databases have nothing in common there. Revision 0005 creates them. What 0047 creates for the
# search is derived, too: a database that is moved makes it anew.
SEARCH = re.compile(
    r"(post|comment|actor)_search(_(data|idx|content|docsize|config))?|search_(word|unread)"
)


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
    # The naming convention of the first is the one that Alembic applies.
    target_metadata=list(load_metadata()),
    render_as_batch=True,  # SQLite alters a table by recreating it
    render_item=render_item,
    include_name=include_name,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
