"""Pages for errors: what happened, and what the reader can do about it."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ExceptionHandler

from activitypub.problem import Problem
from fedcom.catalogues import mark
from fedcom.errors import FedcomError
from fedcom.http.instance import instance_of
from fedcom.http.problem import EXPECTED, to_json, to_problem, wants_page
from fedcom.web.html.forms import typed_into
from fedcom.web.html.i18n import choose, gettext, sentence, speak
from fedcom.web.html.render import bare_page, page, style_address
from fedcom.web.html.request_context import PageContext, RedirectTo, context_of

TITLES = {
    400: mark("Bad request"),
    401: mark("Please log in"),
    403: mark("You don't have permission to do that"),
    404: mark("Not found"),
    405: mark("This page can't be opened directly"),
    409: mark("That didn't work"),
    410: mark("No longer available"),
    413: mark("Too large"),
    415: mark("Unsupported format"),
    422: mark("Please check what you entered"),
    429: mark("Please wait a moment"),
    500: mark("Something went wrong"),
    502: mark("The other server didn't respond properly"),
    503: mark("Temporarily unavailable"),
}


async def show_problem(request: Request, error: Exception) -> Response:
    """Answer one of `EXPECTED`: a page for people, JSON for programs."""
    context: PageContext | None = getattr(request.state, "page_context", None)
    problem = to_problem(error)
    if context is None and problem.status < 500 and wants_page(request):
        with suppress(*EXPECTED, RedirectTo):
            context = await context_of(request)
    if context:
        speak(context.language, context.zone)
    else:
        speak(choose(request.headers.get("accept-language", "")))
    problem = replace(problem, detail=sentence(error, problem.detail))
    if not wants_page(request):
        return to_json(problem, request)
    if context is None:
        return _bare(request, problem)
    values = _values(request, problem)
    # A page of ours never shows what another site sent, and no body is read for a request that was
    # refused before its handler began, or that fails for another reason than its content.
    if context.member and isinstance(error, FedcomError) and problem.code != "cross_site":
        values["typed"] = await typed_into(request)
    elif context.member:
        values["typed"] = getattr(request.state, "typed", {})
    response = page(context, "error.html", values, status=problem.status)
    response.headers.update(problem.headers)
    return response


def show_failure(request: Request) -> Response:
    """Answer a request that ended in an unexpected exception, without the database."""
    speak(choose(request.headers.get("accept-language", "")))
    problem = Problem(
        500, "internal_error", gettext("This is a problem on our side. It has been logged.")
    )
    if not wants_page(request):
        return to_json(problem, request)
    return _bare(request, problem)


async def redirect_to(request: Request, error: Exception) -> Response:
    """Redirect to the page that must come first; show what was typed if that is the login page."""
    path = error.path if isinstance(error, RedirectTo) else "/"
    context: PageContext | None = getattr(request.state, "page_context", None)
    typed = await typed_into(request) if context is not None else {}
    is_log_in = path.startswith("/login")
    if context is None or not (typed and is_log_in and wants_page(request)):
        return RedirectResponse(path, 303)
    # The session ended while they were typing.
    problem = Problem(401, "log_in_first", gettext("Log in, then send it again."))
    values = _values(request, problem) | {"typed": typed, "onward": path}
    return page(context, "error.html", values, status=401)


def _values(request: Request, problem: Problem) -> dict[str, Any]:
    return {
        "problem": problem,
        "title": gettext(TITLES.get(problem.status, TITLES[500])),
        "request_id": request.scope.get("state", {}).get("request_id", ""),
        "origin": instance_of(request).settings.origin,
        "typed": {},
        "onward": "/",
    }


def _bare(request: Request, problem: Problem) -> Response:
    values = _values(request, problem) | {"style": style_address()}
    response = bare_page("failure.html", problem.status, values)
    response.headers.update(problem.headers)
    return response


def exception_handlers() -> dict[Any, ExceptionHandler]:
    """For `Starlette(exception_handlers=…)`."""
    handlers: dict[Any, ExceptionHandler] = dict.fromkeys(EXPECTED, show_problem)
    handlers[RedirectTo] = redirect_to
    return handlers
