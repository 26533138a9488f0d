"""The log: one line an event, in one form for everybody, and no secret in it."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from fedcom.logs import HIDDEN, configure_logs
from tests.support.logs import logs_as_before


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    with logs_as_before():
        yield


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    return stream


def test_our_log_lines_and_those_of_libraries_have_one_format(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r1", method="POST"):
        structlog.get_logger("fedcom.inbox").warning("refused", host="peer.example")
        logging.getLogger("uvicorn.access").info('"%s" %d', "GET /", 200)
    logging.getLogger("arq.worker").warning("later")

    ours, theirs, later = lines(stream)
    assert ours.items() >= {
        ("event", "refused"),
        ("host", "peer.example"),
        ("logger", "fedcom.inbox"),
        ("level", "warning"),
        ("request_id", "r1"),
        ("method", "POST"),
    }
    assert (theirs["event"], theirs["request_id"]) == ('"GET /" 200', "r1")
    assert "request_id" not in later
    assert ours.keys() >= theirs.keys() >= {"timestamp", "level", "logger", "event"}


def test_log_lines_of_the_engines_have_fields_too(stream: io.StringIO) -> None:
    logging.getLogger("outbox.dispatcher").warning(
        "delivery_failed", extra={"host": "peer.example", "token": "hunter2"}
    )
    logging.getLogger("uvicorn.error").warning("Started", extra={"color_message": "*Started*"})

    ours, theirs = lines(stream)
    assert (ours["event"], ours["host"], ours["token"]) == (
        "delivery_failed",
        "peer.example",
        HIDDEN,
    )
    assert (theirs["event"], "color_message" in theirs) == ("Started", False)


def test_lines_below_the_level_are_not_logged(stream: io.StringIO) -> None:
    structlog.get_logger("x").debug("no")
    logging.getLogger("x").debug("no")
    logging.getLogger("httpx").info("no: a line for every request of ours")

    assert lines(stream) == []


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "access_token",
        "Authorization",
        "cookie",
        "Set-Cookie",
        "private_pem",
        "signature",
        "secret_key",
    ],
)
def test_secrets_stay_out_at_any_depth(stream: io.StringIO, name: str) -> None:
    log = structlog.get_logger("x")
    log.info("shallow", **{name: "hunter2"})
    log.info("deep", headers=[{"inner": {name: "hunter2"}, "host": "peer.example"}])

    shallow, deep = lines(stream)
    assert shallow[name] == HIDDEN
    assert deep["headers"] == [{"inner": {name: HIDDEN}, "host": "peer.example"}]


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_traceback_is_logged_without_the_values_of_variables(form: str) -> None:
    stream = io.StringIO()
    configure_logs("info", form, stream)
    parts = ["hunter", "2"]
    password = "".join(parts)
    try:
        raise KeyError(len(password))
    except KeyError:
        structlog.get_logger("x").exception("failed")
        logging.getLogger("y").exception("failed")

    assert stream.getvalue().count("KeyError: 7") == 2
    assert password not in stream.getvalue()


def test_values_that_json_cannot_represent_are_logged_as_text(stream: io.StringIO) -> None:
    structlog.get_logger("x").info("odd", value={1}, raw=b"\xff")

    assert lines(stream)[0]["value"] == "{1}"


@pytest.mark.parametrize(
    ("form", "stream", "is_json"),
    [
        ("auto", io.StringIO(), True),
        ("auto", Terminal(), False),
        ("text", io.StringIO(), False),
        ("json", Terminal(), True),
    ],
)
def test_the_form_follows_the_setting_and_the_terminal(
    form: str, stream: io.StringIO, is_json: bool
) -> None:
    configure_logs("info", form, stream)
    structlog.get_logger("x").info("hello", n=1)

    assert stream.getvalue().startswith("{") == is_json


def test_configuring_again_does_not_log_twice() -> None:
    stream = io.StringIO()
    for _ in range(2):
        configure_logs("info", "json", stream)
    logging.getLogger("uvicorn.error").info("once")

    assert len(lines(stream)) == 1
