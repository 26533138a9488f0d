"""/robots.txt: what crawlers should not fetch (RFC 9309)."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fedcom.http.instance import instance_of
from fedcom.models.site import Site
from fedcom.site.settings import get_site

FOR_MEMBERS = (
    *("/admin", "/settings", "/messages", "/message/", "/notifications", "/saved", "/drafts"),
    *("/reports", "/notes/", "/appeal/", "/welcome", "/submit", "/upload", "/communities/new"),
    *("/login", "/logout", "/register", "/forgot", "/reset", "/confirm-email", "/setup"),
)
"""The beginnings of addresses without anything for guests, or with forms only."""

FORMS = ("edit", "report", "remove", "ban", "warn", "purge", "voters", "submit", "share", "history")
"""The ends of addresses below posts, comments, people and communities."""

COSTLY = ("/search", "/api/", "/media/remote", "/oembed")

VARIANTS = ("sort", "range", "view", "reply", "after", "answers", "list")
"""Parameters that only order or cut what another page shows as well."""

AI_CRAWLERS = (
    *("GPTBot", "OAI-SearchBot", "ChatGPT-User", "ClaudeBot", "anthropic-ai", "Claude-Web"),
    *("Google-Extended", "Applebot-Extended", "CCBot", "Bytespider", "Amazonbot", "PerplexityBot"),
    *("Meta-ExternalAgent", "FacebookBot", "cohere-ai", "Diffbot", "ImagesiftBot", "omgili"),
    *("Timpibot", "AI2Bot", "DuckAssistBot", "YouBot"),
)
"""The names by which crawlers that collect texts for language models can be addressed."""

_AN_HOUR = "public, max-age=3600"


async def show(request: Request) -> Response:
    """GET /robots.txt."""
    site: Site = await instance_of(request).read(get_site)
    return PlainTextResponse(to_text(site), headers={"Cache-Control": _AN_HOUR})


def to_text(site: Site) -> str:
    """The file for this site. A private one asks all crawlers to stay away.

    Where search engines are to list nothing, they may still fetch pages: only there do they read
    that they should not list them.
    """
    if site.private:
        return "User-agent: *\nDisallow: /\n"
    lines: list[str] = []
    if not site.ai_crawlers:
        lines += [f"User-agent: {name}" for name in AI_CRAWLERS]
        lines += ["Disallow: /", ""]
    lines.append("User-agent: *")
    lines += [f"Disallow: {path}" for path in (*FOR_MEMBERS, *COSTLY)]
    lines += [f"Disallow: /*/*/{end}" for end in FORMS]
    lines += [f"Disallow: /*?*{name}=" for name in VARIANTS]
    if site.search_engines:
        lines += ["", f"Sitemap: {site.origin}/sitemap.xml"]
    return "\n".join(lines) + "\n"
