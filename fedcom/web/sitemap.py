"""/sitemap.xml: what search engines are told of (sitemaps.org)."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.errors import Denied, NotFound
from fedcom.http.instance import instance_of
from fedcom.offload import offload
from fedcom.site.settings import get_site
from fedcom.views.sitemap import SitePage, list_site_pages

_XMLNS = "http://www.sitemaps.org/schemas/sitemap/0.9"
_AN_HOUR = "public, max-age=3600"


async def show(request: Request) -> Response:
    """GET /sitemap.xml; 403 on a private site, 404 where search engines are asked to stay away."""
    instance = instance_of(request)
    now = instance.clock()

    def read(conn: Connection) -> list[SitePage]:
        site = get_site(conn)
        if site.private:
            raise Denied("instance_is_private", "Only members can see this.")
        if not site.search_engines:
            raise NotFound("no_search_engines", "This server asks search engines to stay away.")
        return list(list_site_pages(conn, now))

    body = await offload(_to_xml, await instance.read(read))
    headers = {"Cache-Control": _AN_HOUR}
    return Response(body, headers=headers, media_type="application/xml")


def _to_xml(pages: Iterable[SitePage]) -> bytes:
    whole = Element("urlset", xmlns=_XMLNS)
    for one in pages:
        url = SubElement(whole, "url")
        SubElement(url, "loc").text = one.address
        if one.changed_at is not None:
            SubElement(url, "lastmod").text = one.changed_at.isoformat(timespec="seconds")
    document: bytes = tostring(whole, encoding="utf-8", xml_declaration=True)
    return document
