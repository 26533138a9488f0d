"""psycopg's cursor, with a shorter description of the columns of a result."""

from typing import Any

import psycopg
from psycopg.pq import ExecStatus

_REST = (None, None, None, None, None)


class PostgresqlCursor(psycopg.RawCursor[Any]):
    """A cursor that takes numbered parameters, as PostgreSQL has them.

    SQLAlchemy asks for the name and type of each column after every statement. psycopg makes an
    object of each and looks its type up (psycopg 3.3), which takes a tenth of the CPU time of a
    page that reads a few hundred columns.
    """

    @property
    def description(self) -> list[Any] | None:
        """The name, the type's number and five times None for each column (PEP 249)."""
        result = self.pgresult
        if result is None or result.status != ExecStatus.TUPLES_OK:
            return super().description
        encoding = self._encoding
        return [
            ((result.fname(index) or b"").decode(encoding), result.ftype(index), *_REST)
            for index in range(result.nfields)
        ]
