"""What a page tells search engines, and the programs that show a link to it (Open Graph, ogp.me).

Nothing sensitive is in it: a link may be shown where nobody asked for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from fedcom.media.remote import MediaUrlSigner
from fedcom.models.actor import Person
from fedcom.models.site import Site
from fedcom.text.html import excerpt_of
from fedcom.text.pictures import NO_SIZES, Sizes
from fedcom.views.comment import CommentView
from fedcom.views.community import CommunityPage, CommunityView
from fedcom.views.post import PostView

DESCRIPTION = 200
"""Characters; search engines show some 160."""

Kind = Literal["website", "article", "profile"]


@dataclass(frozen=True, slots=True)
class CardPicture:
    """A picture by its full address; `is_large` if it is what the page is about."""

    address: str
    alt: str = ""
    size: tuple[int, int] | None = None
    is_large: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A page, as a link to it is shown. `canonical` is its one address: its origin's, if that is
    another server.
    """

    title: str
    canonical: str
    description: str = ""
    kind: Kind = "website"
    picture: CardPicture | None = None
    # Whether search engines may list it.
    is_listed: bool = True
    is_sensitive: bool = False
    # Whether `/oembed` describes it.
    embeds: bool = False
    author: str = ""
    published_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CardMaker:
    """Makes the cards of one server's pages."""

    site: Site
    signer: MediaUrlSigner
    # The full address of the server's icon.
    icon: str

    def of_site(self) -> Card:
        """The front page."""
        site = self.site
        words = site.short_description or _beginning(site.description_html)
        return Card(
            title=site.name,
            canonical=f"{site.origin}/",
            description=words,
            picture=self._site_picture(),
        )

    def of_community(self, community: CommunityPage, *, is_listed: bool) -> Card:
        """A community's page."""
        words = _beginning(community.summary_html)
        return Card(
            title=community.display_name,
            canonical=_address_of(community, community.url),
            description=words or f"!{community.handle}",
            picture=self._community_picture(community),
            is_listed=is_listed and community.hidden_at is None,
            is_sensitive=community.nsfw,
        )

    def of_person(self, person: Person) -> Card:
        """A person's page."""
        words = _beginning(person.summary_html)
        icon = self._icon(person.icon_url)
        return Card(
            title=f"{person.display_name} (@{person.handle})",
            canonical=_address_of(person, person.url),
            description=words or f"@{person.handle}",
            kind="profile",
            picture=icon or self._site_picture(),
            is_listed=person.indexable,
        )

    def of_post(self, post: PostView, sizes: Sizes = NO_SIZES, *, is_listed: bool = True) -> Card:
        """A post that everybody may read."""
        veiled = bool(post.is_sensitive or post.content_warning)
        picture = None if veiled else self._post_picture(post, sizes)
        return Card(
            title=post.title,
            canonical=post.iri,
            description=post.content_warning or ("" if post.is_sensitive else _words_of(post)),
            kind="article",
            picture=picture or self._community_picture(post.community),
            is_listed=is_listed and post.community.hidden_at is None,
            is_sensitive=post.is_sensitive,
            embeds=post.local,
            author=post.author.display_name,
            published_at=post.published_at,
            updated_at=post.updated_at,
        )

    def of_comment(self, comment: CommentView, *, is_veiled: bool, is_listed: bool = True) -> Card:
        """A comment that everybody may read; `is_veiled` if its post has a content warning."""
        is_sensitive = comment.post.nsfw or comment.community.nsfw
        words = "" if is_sensitive or is_veiled else _beginning(comment.body_html)
        return Card(
            title=f"{comment.author.display_name}: {comment.post.title}",
            canonical=comment.iri,
            description=comment.content_warning or words,
            kind="article",
            picture=self._community_picture(comment.community),
            is_listed=is_listed and comment.community.hidden_at is None,
            is_sensitive=is_sensitive,
            embeds=comment.local,
            author=comment.author.display_name,
            published_at=comment.published_at,
            updated_at=comment.updated_at,
        )

    def _post_picture(self, post: PostView, sizes: Sizes) -> CardPicture | None:
        if post.picture_url:
            address = self._full(post.picture_url)
            return CardPicture(address, post.image_alt, sizes.get(post.picture_url), is_large=True)
        if post.preview and post.preview.picture:
            address = f"{self.site.origin}/media/{post.preview.picture}"
            return CardPicture(address, post.image_alt, is_large=True)
        return None

    def _community_picture(self, community: CommunityView) -> CardPicture | None:
        return None if community.nsfw else self._icon(community.icon_url) or self._site_picture()

    def _icon(self, url: str | None) -> CardPicture | None:
        return CardPicture(self._full(url, "face")) if url else None

    def _site_picture(self) -> CardPicture:
        return CardPicture(self.icon, self.site.name)

    def _full(self, url: str, size: str = "full") -> str:
        return f"{self.site.origin}{self.signer.address(url, size)}"


Describe = Callable[[CardMaker], Card]
"""Makes the card of a page."""


def _address_of(actor: Person | CommunityPage, url: str | None) -> str:
    is_address = url is not None and url.startswith(("https://", "http://"))
    return url if url is not None and is_address and not actor.local else actor.iri


# Every reader of a page has it, and making it costs more than the rest of the card.
@lru_cache(maxsize=256)
def _beginning(html: str) -> str:
    return excerpt_of(html, DESCRIPTION)


def _words_of(post: PostView) -> str:
    """The beginning of its text, else what it links to says of itself."""
    words = _beginning(post.body_html)
    if not words and post.preview:
        words = post.preview.description
    return words or post.community.display_name
