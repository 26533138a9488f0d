"""The log of this process, lent to a test and given back: what is tested sends it elsewhere."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def logs_as_before() -> Iterator[None]:
    """Within: `configure_logs` may be called. After: everything that is logged goes where it went
    before, to pytest among others.
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
