"""Patterns for LIKE fit what contains, or begins with, exactly the text that they are made of."""

import pytest
from sqlalchemy import literal, select

from database.patterns import beginning, containing, fits
from fedcom.db import Database


@pytest.mark.parametrize("sign", ["%", "_", "~", "/", "\\"])
def test_signs_stand_for_themselves(database: Database, sign: str) -> None:
    texts = (f"a{sign}b", f"xa{sign}bx", "acb", "a", "")
    with database.begin() as conn:

        def found(pattern: str) -> list[bool]:
            columns = [
                fits(literal(text), literal(pattern)).label(f"n{n}") for n, text in enumerate(texts)
            ]
            return [bool(one) for one in conn.execute(select(*columns)).one()]

        assert found(containing(f"a{sign}b")) == [True, True, False, False, False]
        assert found(beginning(f"a{sign}")) == [True, False, False, False, False]
