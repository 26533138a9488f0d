"""Bytes that a stranger calls a picture → a clean picture of bounded size, or a refusal.

Nothing of the original file is kept but what can be seen: it is decoded, turned upright, brought to
sRGB and written anew as WebP, so places in EXIF, comments, scripts behind the last pixel and traps
for other decoders are gone. Only the formats named here are looked at; an SVG is a program and none
of them. Pure; it takes up to a second of CPU, so call it in a thread.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from fedcom.errors import Invalid

MAX_PIXELS = 50_000_000
"""Of the original: 200 MB when it is decoded. A telephone makes 12 to 50 million."""

MAX_MOVING_PIXELS = 40_000_000
"""Of all frames of an animation together; of a longer one the first frame stays."""

MAX_FRAMES = 300
THUMBNAIL = 144
"""The sides of a thumbnail in pixels: 72 on a page, on the sharper screens."""

MEDIA_TYPE = "image/webp"
ENDING = "webp"

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")

# Pillow looks at this before it decodes, and refuses what has twice as many.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

_QUALITY = 82
_THUMBNAIL_QUALITY = 65
_EFFORT = 2  # of 6: each step costs half as much again and saves some percent
_SHORTEST_FRAME = 20  # milliseconds; browsers show nothing faster
# What Pillow and the libraries under it raise for files that are broken on purpose.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    AttributeError,
    AssertionError,
    struct.error,
    ImageCms.PyCMSError,
)
_TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a picture may stay: the sides of the box it is shrunk into, in pixels."""

    width: int
    height: int
    # Cut to exactly the box's proportions, as for faces.
    cropped: bool = False
    moving: bool = False


POST = Size(2048, 2048, moving=True)
PREVIEW = Size(640, 640)
FACE = Size(256, 256, cropped=True)
BANNER = Size(1500, 500, cropped=True)


@dataclass(frozen=True, slots=True)
class Picture:
    """A clean picture: WebP, and a square thumbnail of it unless it is as small itself."""

    content: bytes
    thumbnail: bytes | None
    width: int
    height: int

    @property
    def name(self) -> str:
        """What its file is called."""
        return name_of(self.content)


def name_of(content: bytes) -> str:
    """The name of the file that holds this: "<sha-256>.webp"."""
    return f"{hashlib.sha256(content).hexdigest()}.{ENDING}"


def read_picture(content: bytes, size: Size) -> Picture:
    """The picture in `content`, clean and within `size`.

    Raises Invalid: `picture_format` (none of `FORMATS`), `picture_too_large` (too many pixels) or
    `picture_broken`.
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_large()
            return _read(image, size)
    except _TOO_LARGE as error:
        raise _too_large() from error
    except UnidentifiedImageError as error:
        raise Invalid("picture_format", "Pictures are JPEG, PNG, WebP, GIF or AVIF.") from error
    except _BROKEN as error:
        raise Invalid("picture_broken", "The picture is broken or not complete.") from error


def _too_large() -> Invalid:
    return Invalid(
        "picture_too_large",
        "A picture has at most %(maximum)s million pixels.",
        maximum=MAX_PIXELS // 1_000_000,
    )


def _read(image: Image.Image, size: Size) -> Picture:
    frames = getattr(image, "n_frames", 1)
    moves = 1 < frames <= MAX_FRAMES and image.width * image.height * frames <= MAX_MOVING_PIXELS
    if size.moving and moves:
        return _moving(image, size)
    image.draft(None, (size.width, size.height))  # a large JPEG is decoded small at once
    clean = _clean(image, size)
    return Picture(_written(clean), _thumbnail(clean), clean.width, clean.height)


def _moving(image: Image.Image, size: Size) -> Picture:
    frames, durations = [], []
    for frame in _frames(image):
        frames.append(_clean(frame, size))
        # Only now: of a WebP it is known when the frame is decoded.
        durations.append(max(int(frame.info.get("duration", 100)), _SHORTEST_FRAME))
    first = frames[0]
    file = BytesIO()
    first.save(
        file,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=0,
        quality=_QUALITY,
        method=0,
    )
    return Picture(file.getvalue(), _thumbnail(first), first.width, first.height)


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    """One after the other. Raises ValueError for a GIF with a frame that is larger than itself:
    the size of the whole is what was judged.
    """
    size = image.size
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        if image.size != size:
            raise ValueError("a frame outgrows the picture")
        yield image


def _clean(image: Image.Image, size: Size) -> Image.Image:
    """What is seen of one frame: upright, sRGB, within the size, and nothing else."""
    seen = _to_srgb(ImageOps.exif_transpose(image))
    box = (size.width, size.height)
    if size.cropped:
        seen = ImageOps.fit(seen, _at_most(seen, size))
    else:
        seen.thumbnail(box)
    # A new image, because copies keep what stood beside the pixels.
    bare = Image.new(seen.mode, seen.size)
    bare.paste(seen)
    return bare


def _at_most(image: Image.Image, size: Size) -> tuple[int, int]:
    """The largest cut-out with the box's proportions that needs no enlarging."""
    scale = min(image.width / size.width, image.height / size.height, 1)
    return max(1, int(size.width * scale)), max(1, int(size.height * scale))


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image.convert(mode)
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        seen = image.convert("RGB") if image.mode == "RGBA" else image
        found = ImageCms.profileToProfile(seen, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image.convert(mode)  # a wrong profile costs the colours, not the picture
    if found is None:
        return image.convert(mode)
    if mode == "RGBA":
        found.putalpha(image.convert("RGBA").getchannel("A"))
    return found


_SRGB = ImageCms.createProfile("sRGB")


def _written(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "WEBP", quality=_QUALITY, method=_EFFORT)
    return file.getvalue()


def _thumbnail(image: Image.Image) -> bytes | None:
    if max(image.size) <= THUMBNAIL:
        return None
    file = BytesIO()
    side = min(THUMBNAIL, *image.size)
    ImageOps.fit(image, (side, side)).save(file, "WEBP", quality=_THUMBNAIL_QUALITY, method=_EFFORT)
    return file.getvalue()
