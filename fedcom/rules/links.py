"""What links lead to: the same page though they are written differently, or a picture."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

# Parameters that newsletters, advertisers and social networks add to track where a reader came
# from.
_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|igsh|mc_[ce]id"
    r"|_hs(?:enc|mi)|ref_src|ref_url|vero_id|mkt_tok|wt_mc|at_(?:medium|campaign)|spm|ck_subscriber_id"
)
_PORTS = {"http": 80, "https": 443}
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif")


def normal_link(url: str) -> str:
    """The same text for links to the same page: for comparison, not for following.

    Without scheme, `www.`, fragment, tracking parameters and final slash; parameters in order. A
    link that cannot be parsed is returned unchanged.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
        # No real address has more parameters.
        asked = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return url
    if port is not None and port != _PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    kept = sorted((name, value) for name, value in asked if not _TRACKING.fullmatch(name.lower()))
    path = parts.path.rstrip("/")
    return f"{host}{path}?{urlencode(kept)}" if kept else f"{host}{path}"


def is_picture(url: str) -> bool:
    """Whether a link looks as if it led to a picture: by the ending of its path.

    Some pages about a picture end like it, too.
    """
    try:
        return urlsplit(url).path.lower().endswith(_PICTURES)
    except ValueError:
        return False


def possible_beginnings(url: str) -> tuple[str, ...]:
    """The possible beginnings of links to the same page: only links with one of these need
    comparing.
    """
    host, slash, path = normal_link(url).partition("?")[0].partition("/")
    return tuple(
        f"{scheme}://{www}{host}{port}{slash}{path}"
        for scheme, own_port in (("https", ":443"), ("http", ":80"))
        for port in ("", own_port)
        for www in ("", "www.")
    )
