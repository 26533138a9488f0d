"""What is shown and what is blocked is defined once, and rows are read by the names of columns."""

import ast
import re

from tests.house.test_conventions import MODULES, lines_with, name

VISIBILITY = "fedcom/queries/visibility.py"
ELSEWHERE = [
    path for path in MODULES if name(path).startswith("fedcom/") and name(path) != VISIBILITY
]

HANDLES_BLOCKS = {
    "fedcom/models/personal.py",
    # Written, listed, exported, wiped, taken back: everybody else asks `is_blocked`.
    "fedcom/actions/personal_block.py",
    "fedcom/personal/blocks.py",
    "fedcom/views/block.py",
    "fedcom/personal/export.py",
    "fedcom/effects/wipe.py",
    "fedcom/site/erasure.py",
    "fedcom/federation/undone.py",
}


def test_whether_something_is_shown_is_defined_once() -> None:
    # That an account exists, which is not about content, may be asked anywhere.
    pattern = r"(?<!\bactor)\.c\.(deleted_at|removed_at)\.(is_|is_not)\("

    assert lines_with(pattern, ELSEWHERE) == []


def test_whether_the_viewer_blocked_somebody_is_defined_once() -> None:
    blocks = re.compile(r"\b(actor_block|host_block)\b")

    assert {name(path) for path in ELSEWHERE if blocks.search(path.read_text())} == HANDLES_BLOCKS


def test_rows_of_results_are_read_by_name() -> None:
    """An index or a slice of a row reads whatever stands there after the next change."""
    cut = [
        f"{name(path)}:{node.lineno}: {ast.unparse(node)}"
        for path in MODULES
        if name(path).startswith("fedcom/")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Subscript) and _is_of_a_row(node.value) and _is_position(node.slice)
    ]

    assert cut == []
    assert (
        lines_with(r"\(\*row\)", [path for path in MODULES if name(path).startswith("fedcom/")])
        == []
    )


def _is_of_a_row(value: ast.expr) -> bool:
    """`row`, whatever it is called in full, and `rows[0]`."""
    if isinstance(value, ast.Subscript):
        return "row" in ast.unparse(value.value).lower()
    return isinstance(value, ast.Name) and value.id.lower().rstrip("_").endswith("row")


def _is_position(index: ast.expr) -> bool:
    if isinstance(index, ast.UnaryOp):
        index = index.operand
    return isinstance(index, ast.Slice) or (
        isinstance(index, ast.Constant) and isinstance(index.value, int)
    )
