"""The log: one event per line, JSON for machines and plain text for people, with the request's id.

Our events go through structlog, those of libraries (uvicorn, SQLAlchemy, arq) through the standard
library, and both end in the same formatter. Values bound to structlog's context variables, such as
the request's id from `http.middleware`, are in every line, also from our work in threads. Values
whose name suggests a secret are left out, at any depth.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

SECRET = (
    "password",
    "token",
    "secret",
    "authorization",
    "cookie",
    "private_key",
    "private_pem",
    "signature",
)
"""A value whose name has one of these in it never reaches the log."""

HIDDEN = "(not logged)"

_ENGINES = ("activitypub", "inbox", "outbox")

_TALKATIVE = dict.fromkeys(("httpx", "httpcore", "alembic", "arq.worker"), logging.WARNING)


def configure_logs(level: str, form: str, stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process to `stream` (stderr when None).

    `level` and `form` are the settings `log_level` and `log_format`. May be called again.
    """
    stream = stream or sys.stderr
    as_text = form == "text" or (form == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(as_text=as_text, colors=stream.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in _TALKATIVE.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "arq"):
        theirs = logging.getLogger(name)
        theirs.handlers, theirs.propagate = [], True
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: removes values whose name suggests a secret."""
    return {name: _without_secrets(name, value) for name, value in event.items()}


def _without_secrets(name: Any, value: Any) -> Any:
    if isinstance(name, str) and any(part in name.lower() for part in SECRET):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _without_secrets(key, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets("", inner) for inner in value]
    return value


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
    ]


def _add_fields(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A structlog processor: makes the engines' `extra` values fields of the event."""
    # Not for other loggers: uvicorn has its message there once more, in colours.
    if event["_record"].name.partition(".")[0] not in _ENGINES:
        return event
    return structlog.stdlib.ExtraAdder()(logger, method, event)


def _formatter(*, as_text: bool, colors: bool) -> logging.Formatter:
    # Tracebacks without the values of variables: no name would tell which of those are secret.
    last: list[Processor]
    if as_text:
        last = [
            structlog.dev.ConsoleRenderer(
                colors=colors, exception_formatter=structlog.dev.plain_traceback
            )
        ]
    else:
        last = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_add_fields, *_shared()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
