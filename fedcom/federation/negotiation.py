"""Page or document? The same address serves both, by what the request accepts."""

from starlette.datastructures import Headers

ACTIVITY_TYPES = ("application/activity+json", "application/ld+json", "application/json")
JSON_TYPE = "application/activity+json; charset=utf-8"


def wants_activity(headers: Headers) -> bool:
    """Whether a GET prefers an ActivityPub document to a page (RFC 9110 §12.5.1, first come).

    A browser names text/html; servers name one of the activity types, Lemmy and Mastodon without a
    weight, GoToSocial with. What accepts anything gets a page.
    """
    best_activity, best_page = 0.0, 0.0
    for part in ",".join(headers.getlist("accept")).split(","):
        kind, weight = _weighed(part)
        if kind in ACTIVITY_TYPES:
            best_activity = max(best_activity, weight)
        elif kind in ("text/html", "application/xhtml+xml"):
            best_page = max(best_page, weight)
    return best_activity > 0 and best_activity >= best_page


def _weighed(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return kind.lower(), float(value)
            except ValueError:
                return kind.lower(), 0.0
    return kind.lower(), 1.0
