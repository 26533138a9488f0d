"""What is shown and what is blocked is defined once."""

import re

from tests.house.test_taste import MODULES, lines_with, name

VISIBILITY = "fedcom/queries/visibility.py"
ELSEWHERE = [
    path for path in MODULES if name(path).startswith("fedcom/") and name(path) != VISIBILITY
]

HANDLES_BLOCKS = {
    "fedcom/models/personal.py",
    # Written, listed, exported, wiped, taken back: everybody else asks `is_blocked`.
    "fedcom/actions/personal_block.py",
    "fedcom/personal/saved.py",
    "fedcom/queries/saved.py",
    "fedcom/personal/export.py",
    "fedcom/accounts/delete_account.py",
    "fedcom/federation/undone.py",
}


def test_whether_something_is_shown_is_defined_once() -> None:
    # That an account exists, which is not about content, may be asked anywhere.
    pattern = r"(?<!\bactor)\.c\.(deleted_at|removed_at)\.(is_|is_not)\("

    assert lines_with(pattern, ELSEWHERE) == []


def test_whether_the_viewer_blocked_somebody_is_defined_once() -> None:
    blocks = re.compile(r"\b(actor_block|host_block)\b")

    assert {name(path) for path in ELSEWHERE if blocks.search(path.read_text())} == HANDLES_BLOCKS
