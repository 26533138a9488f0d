"""What is logged: an event is a key that programs can search for, and what varies is in fields."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("activitypub", "inbox", "outbox", "fedcom")
MAKERS = {"getLogger", "get_logger"}
MODULES = sorted(
    path
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
    if any(maker in path.read_text() for maker in MAKERS)
)
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
EVENT = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_logger(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr in MAKERS
    )


def logged(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call that logs something, by a logger of the module or by one made on the spot."""
    loggers = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and is_logger(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        by = node.func.value
        is_ours = is_logger(by) or (isinstance(by, ast.Name) and by.id in loggers)
        if is_ours and node.func.attr in LEVELS:
            yield node


def is_event(call: ast.Call) -> bool:
    """Whether a key is all that is logged besides fields."""
    if len(call.args) != 1 or not isinstance(call.args[0], ast.Constant):
        return False
    return EVENT.fullmatch(str(call.args[0].value)) is not None


def events(path: Path) -> list[ast.Call]:
    return list(logged(ast.parse(path.read_text())))


def test_every_package_that_logs_is_checked() -> None:
    logging = {name(path).split("/")[0] for path in MODULES if events(path)}

    assert logging == {"inbox", "outbox", "fedcom"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_events_are_keys(path: Path) -> None:
    sentences = [
        f"{name(path)}:{call.lineno}: {ast.unparse(call)}"
        for call in events(path)
        if not is_event(call)
    ]

    assert sentences == []


@pytest.mark.parametrize(
    ("line", "is_key"),
    [
        ('log.info("delivery_failed", host=host)', True),
        ('log.exception("stopped")', True),
        ('log.info("Delivery failed", host=host)', False),
        ('log.info("delivery_failed %s", host)', False),
        ('log.info(f"delivery_failed_{host}")', False),
        ('log.info("delivery to %s failed" % host)', False),
        ("log.info(event)", False),
    ],
)
def test_a_sentence_would_be_detected(line: str, is_key: bool) -> None:
    (call,) = logged(ast.parse(f"log = structlog.get_logger()\n{line}"))
    assert is_event(call) == is_key
