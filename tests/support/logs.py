"""Saves and restores this process's logging, for tests of code that reconfigures it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def logs_as_before() -> Iterator[None]:
    """Within: `configure_logs` may be called. After: log records go to the previous handlers again,
    to pytest among others.
    """
    names = ["root", *logging.root.manager.loggerDict]
    loggers = [logging.getLogger(name) for name in names]
    before = [(one, one.level, one.handlers, one.propagate) for one in loggers]
    ours = structlog.get_config()
    try:
        yield
    finally:
        for one, level, handlers, propagate in before:
            one.setLevel(level)
            one.handlers, one.propagate = handlers, propagate
        structlog.configure(**ours)
