"""NodeInfo 2.0 and 2.1 (FEP-f1d5): read from a peer to learn its software, and served about us."""

import re
from dataclasses import dataclass
from typing import Any

from activitypub.errors import FetchRefused
from activitypub.fetch import Budget, Fetcher
from activitypub.iri import same_host

VERSIONS = ("2.0", "2.1")
ACCEPT = "application/json"

SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"
_REL_2 = re.compile(r"https?://nodeinfo\.diaspora\.software/ns/schema/2\.[0-9]+")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Software:
    """`name` is lower case, as FEP-f1d5 writes it; `version` is "" when the peer gives none."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts of one server: local accounts, those active in 30 and 180 days, their posts and
    comments.
    """

    users: int
    active_month: int
    active_half_year: int
    posts: int
    comments: int


async def fetch_software(fetcher: Fetcher, host: str, budget: Budget | None = None) -> Software:
    """The software that `host` says it runs.

    The document must be on the host that was asked (Fedify CVE-2026-77632: NodeInfo links can lead
    anywhere). Raises the `FetchFailed` family; `FetchRefused` when there is no usable NodeInfo.
    """
    url, wellknown = await fetcher.fetch_well_known(
        host, "/.well-known/nodeinfo", accept=ACCEPT, budget=budget
    )
    target = _first_link(wellknown, url)
    if target is None:
        raise FetchRefused(
            "nodeinfo_no_link", "The peer links to no NodeInfo 2 document on its own host.", url=url
        )
    answer = await fetcher.fetch_json(target, accept=ACCEPT, budget=budget)
    software = answer.get("software")
    about: dict[str, Any] = software if isinstance(software, dict) else {}
    name = _plain(about.get("name")).lower()
    if not name:
        raise FetchRefused(
            "nodeinfo_no_name", "The NodeInfo document has no software name.", url=target
        )
    return Software(name, _plain(about.get("version")))


def index(origin: str) -> dict[str, Any]:
    """Our `/.well-known/nodeinfo`; `origin` is like `https://fedcom.example`.

    2.0 comes last: GoToSocial 0.20 takes the last link and understands 2.0 best.
    """
    return {
        "links": [
            {"rel": f"{SCHEMA}{version}", "href": f"{origin}/nodeinfo/{version}"}
            for version in reversed(VERSIONS)
        ]
    }


def document(
    version: str,
    software: Software,
    usage: Usage,
    *,
    open_registrations: bool,
    repository: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Our NodeInfo in one of `VERSIONS`; `repository` is included in 2.1, which defines it."""
    about = {"name": software.name, "version": software.version}
    if repository is not None and version == "2.1":
        about["repository"] = repository
    return {
        "version": version,
        "software": about,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": open_registrations,
        "usage": {
            "users": {
                "total": usage.users,
                "activeHalfyear": usage.active_half_year,
                "activeMonth": usage.active_month,
            },
            "localPosts": usage.posts,
            "localComments": usage.comments,
        },
        "metadata": metadata or {},
    }


def _first_link(wellknown: dict[str, Any], url: str) -> str | None:
    links = wellknown.get("links")
    for link in links if isinstance(links, list) else []:
        if not isinstance(link, dict):
            continue
        rel, target = link.get("rel"), link.get("href")
        if not (isinstance(rel, str) and isinstance(target, str)):
            continue
        if _REL_2.fullmatch(rel) and same_host(target, url):
            return target
    return None


def _plain(text: object) -> str:
    if not isinstance(text, str):
        return ""
    return _UNPRINTABLE.sub("", text)[:_LONGEST].strip()
