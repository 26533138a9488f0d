"""A member's private feeds: followed communities and notifications, at secret addresses.

Feed readers cannot log in, so the secret is in the address. It is the member's id, signed together
with a salt that the member changes if the address has leaked.
"""

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from fedcom.accounts.notices import to_words
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.http.signer import HmacSigner, parts_of
from fedcom.personal.feed_tokens import Subscriber, find_subscriber, renew_feed_salt
from fedcom.rules.limits import MAX_BODY
from fedcom.site.settings import get_site
from fedcom.text.html import escape_text
from fedcom.views.feed import FeedQuery
from fedcom.views.notification import NotificationView, list_notifications
from fedcom.web.html.feed_documents import Entry, Feed
from fedcom.web.html.forms import receive, see_other
from fedcom.web.html.i18n import choose, gettext, speak
from fedcom.web.html.render import slug
from fedcom.web.html.request_context import context_of, member_of
from fedcom.web.html.routing import button_route, page_route
from fedcom.web.syndication import ENTRIES, answer, own_address, posts_feed

PRIVATE = "private, max-age=300"
_PURPOSE = "private feeds"


def make_token(signer: HmacSigner, subscriber: Subscriber) -> str:
    """The secret part of the addresses of their feeds."""
    return signer.sign(_PURPOSE, str(subscriber.id), bound_to=subscriber.salt)


async def show_subscribed(request: Request) -> Response:
    """GET /feeds/subscribed: posts in communities that the member follows, newest first."""

    def read(conn: Connection) -> Feed:
        subscriber = _subscriber(conn, request)
        site = get_site(conn)
        shows_nsfw = site.nsfw and subscriber.show_nsfw
        wanted = FeedQuery("subscribed", "new", nsfw=shows_nsfw, limit=ENTRIES, text=2 * MAX_BODY)
        title = gettext("%(name)s: following") % {"name": site.name}
        page = "/?list=subscribed"
        return posts_feed(conn, request, wanted, page, title, viewer_id=subscriber.id)

    return await answer(request, await instance_of(request).read(read), PRIVATE)


async def show_notifications(request: Request) -> Response:
    """GET /feeds/notifications: the member's notifications, read or not, newest first."""
    instance = instance_of(request)
    origin = instance.settings.origin

    def read(conn: Connection) -> Feed:
        subscriber = _subscriber(conn, request)
        site = get_site(conn)
        items = list_notifications(conn, subscriber.id, limit=ENTRIES).items
        entries = tuple(_of_notification(origin, item) for item in items)
        title = gettext("%(name)s: notifications") % {"name": site.name}
        began = site.set_up_at or instance.clock()
        return Feed(own_address(request), f"{origin}/notifications", title, "", entries, began)

    return await answer(request, await instance_of(request).read(read), PRIVATE)


async def renew(request: Request) -> Response:
    """POST /settings/feeds: change the addresses."""
    await receive(request)
    by = member_of(await context_of(request)).person
    await instance_of(request).unit(lambda ctx: renew_feed_salt(ctx.conn, by.id))
    return see_other("/settings/account", "feeds_renewed")


def routes() -> list[BaseRoute]:
    """The routes of each feed in each format, and of the button that changes the addresses."""
    handlers = {"/feeds/subscribed": show_subscribed, "/feeds/notifications": show_notifications}
    shown = [
        page_route(f"{path}.{ending}", handler)
        for path, handler in handlers.items()
        for ending in ("xml", "atom")
    ]
    return [*shown, button_route("/settings/feeds", renew)]


def _subscriber(conn: Connection, request: Request) -> Subscriber:
    """The member with this address; sets the language of the request to theirs."""
    instance = instance_of(request)
    token = request.query_params.get("token", "")
    (member_id,) = parts_of(token, 1)
    subscriber = find_subscriber(conn, number_in(member_id), instance.clock())
    if subscriber is None or not instance.signer.verify(_PURPOSE, token, subscriber.salt):
        raise HTTPException(404)
    speak(choose("", subscriber.interface_language))
    return subscriber


def _of_notification(origin: str, item: NotificationView) -> Entry:
    by = item.by
    # Messages are private, and the operator of a feed reader has no need to store them.
    notice = to_words(item, gettext, quotes_messages=False)
    return Entry(
        id=f"{origin}/notifications#news-{item.id}",
        address=f"{origin}{notice.path}",
        title=notice.sentence,
        html=escape_text(notice.words) if notice.words else "",
        author=by.handle if by else "",
        author_address=f"{origin}/u/{slug(by)}" if by else origin,
        published=item.created_at,
        changed=item.created_at,
    )
