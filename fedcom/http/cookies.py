"""The Cookie header, read in linear time."""

from starlette.requests import HTTPConnection


def find_cookie(request: HTTPConnection, name: str) -> str:
    """The value of the cookie `name` as it was sent, or "" when there is none.

    Of several with that name the last one counts. Values are not unquoted, since no cookie of ours
    is quoted: `http.cookies`, which Starlette's `request.cookies` calls, needs quadratic time for
    backslashes in quotes (CVE-2024-7592), two seconds for 32 KB.
    """
    found = ""
    for header in request.headers.getlist("cookie"):
        for pair in header.split(";"):
            key, _, value = pair.partition("=")
            if key.strip() == name:
                found = value.strip()
    return found
