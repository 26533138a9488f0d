"""What a clean picture is, and why one may be refused; without Pillow, which only the process needs
that reads them.
"""

import hashlib
from dataclasses import dataclass

from fedcom.errors import Invalid

MEDIA_TYPE = "image/webp"
ENDING = "webp"

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
"""The formats of pictures that are accepted, by Pillow's names."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a picture may be: the sides in pixels of the box that it is scaled down into."""

    width: int
    height: int
    # Whether it is cropped to exactly the box's proportions, as for avatars.
    cropped: bool = False
    moving: bool = False


POST = Size(2048, 2048, moving=True)
PREVIEW = Size(640, 640)
EMOJI = Size(128, 128, moving=True)
AVATAR = Size(256, 256, cropped=True)
SMALL_AVATAR = Size(64, 64, cropped=True)
BANNER = Size(1500, 500, cropped=True)


@dataclass(frozen=True, slots=True)
class Picture:
    """A clean picture: WebP, with a square thumbnail unless it is that small itself."""

    content: bytes
    thumbnail: bytes | None
    width: int
    height: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return name_of(self.content)


def name_of(content: bytes) -> str:
    """The name of the file with this content: "<sha-256>.webp"."""
    return f"{hashlib.sha256(content).hexdigest()}.{ENDING}"


def too_costly() -> Invalid:
    """The error for a picture that takes too much memory or time."""
    return Invalid(
        "picture_too_large",
        "This picture is too complex to process. Please make it smaller or save it as JPEG.",
    )


def broken() -> Invalid:
    """The error for a picture that cannot be read."""
    return Invalid("picture_broken", "The picture is damaged or incomplete.")
