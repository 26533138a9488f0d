"""The Accept and Accept-Language headers (RFC 9110 §12.5.1 and §12.5.4)."""

from starlette.datastructures import Headers

PAGE_TYPES = ("text/html", "application/xhtml+xml")
ANYTHING = ("*/*", "text/*")

MAX_CHARACTERS = 4096
"""The rest of a longer header is ignored. Browsers send about 150 characters."""


def weights(headers: Headers) -> dict[str, float]:
    """Each media type in Accept, in lower case and without parameters, with its highest weight.

    Empty without an Accept header. A weight that is not a number counts as 0.
    """
    found: dict[str, float] = {}
    for part in ",".join(headers.getlist("accept"))[:MAX_CHARACTERS].split(","):
        kind, weight = _weighed(part)
        if kind:
            found[kind] = max(found.get(kind, 0.0), weight)
    return found


def preferred(header: str) -> list[str]:
    """The languages of an Accept-Language header with a weight above 0, the highest first."""
    found = [_weighed(part) for part in header[:MAX_CHARACTERS].split(",")]
    wanted = [(language, weight) for language, weight in found if language and weight > 0]
    return [language for language, _ in sorted(wanted, key=lambda pair: -pair[1])]


def heaviest(accepted: dict[str, float], kinds: tuple[str, ...]) -> float:
    """The highest weight of any of `kinds`."""
    return max((accepted.get(kind, 0.0) for kind in kinds), default=0.0)


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
