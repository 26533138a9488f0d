"""/sitemap.xml: what search engines are told of (sitemaps.org)."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from starlette.requests import Request
from starlette.responses import Response

from fedcom.http.instance import instance_of
from fedcom.offload import offload
from fedcom.views.sitemap import SitePage, list_site_pages

_XMLNS = "http://www.sitemaps.org/schemas/sitemap/0.9"
_AN_HOUR = "public, max-age=3600"


async def show(request: Request) -> Response:
    """GET /sitemap.xml."""
    instance = instance_of(request)
    now = instance.clock()
    pages = await instance.read(lambda conn: list(list_site_pages(conn, now)))
    body = await offload(_to_xml, pages)
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
