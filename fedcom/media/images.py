"""Untrusted bytes → a clean picture of bounded size, or a refusal.

Nothing is kept of the original file but its visible pixels: it is decoded, turned upright,
converted to sRGB and encoded again as WebP, which drops locations in EXIF, comments, scripts after
the last pixel, and exploits of other decoders. Only the formats named here are decoded; SVG is not
among them, because it can contain programs.

The memory that a picture needs is estimated from its header, before anything is decoded, and it is
scaled down before anything else is done. Pure; it takes up to seconds of CPU, and decoders have
bugs, so the server runs it in a process of its own (`fedcom.media.process`).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import count, islice
from math import ceil
from typing import Any

from PIL import (
    AvifImagePlugin,
    ExifTags,
    Image,
    ImageCms,
    ImageOps,
    PngImagePlugin,
    UnidentifiedImageError,
)
from PIL.JpegImagePlugin import JpegImageFile

from fedcom.errors import Invalid
from fedcom.media.picture import FORMATS, Picture, Size, broken, too_costly

MAX_PIXELS = 65_000_000
"""Of the original. Phones take pictures of 12 to 64 million."""

MAX_MEMORY = 230_000_000
"""Bytes that a picture may take while it is read. That is enough for a JPEG of `MAX_PIXELS`, which
is decoded at a smaller scale, a PNG of 40 million pixels in colour, and a WebP or AVIF of 12
million."""

MAX_MOVING_PIXELS = 40_000_000
"""Of all frames of an animation together; of a longer one only the first frame is kept."""

MAX_MOVING_FRAME = 2048 * 2048
"""Pixels of one frame of an animation; of a larger one only the first frame is kept."""

MAX_FRAMES = 300
MAX_PROFILE = 2_000_000
"""Bytes of a colour profile; a larger one is ignored. Profiles for print have up to 1,800,000."""

THUMBNAIL = 144
"""The sides of a thumbnail in pixels: twice the 72 on a page, for sharp screens."""

# Pillow checks this before it decodes, and refuses pictures with twice as many pixels.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Text chunks are compressed, and Pillow would accept 64 MB of them from one PNG.
PngImagePlugin.MAX_TEXT_MEMORY = 4 * PngImagePlugin.MAX_TEXT_CHUNK
# Each thread of a decoder has buffers of its own.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_MOVING = ("GIF", "PNG", "WEBP", "AVIF")
"""Formats of animations. A JPEG may contain several pictures too, which are not frames (MPO)."""

_DEEP = ("I;16", "I;16B", "I;16L")
"""Modes of 16-bit grey. 16-bit colours are reduced to 8 bits while they are decoded."""

_DECODED = {"1": 1, "L": 1, "P": 1} | dict.fromkeys(_DEEP, 2)
"""Bytes of a pixel in Pillow's memory, by mode; 4 in any other."""

_DECODING = {"WEBP": 16, "AVIF": 16}
"""Bytes of a pixel including the decoder's own copies (Pillow 13, measured)."""

_PROGRESSIVE = 6
"""Bytes of a pixel of a progressive JPEG that libjpeg holds at every scale."""

_BAND = 1_000_000
"""Pixels that are converted at once: converting all would double the memory."""

_UPRIGHT: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The operations that turn a picture upright, by the orientation in its EXIF."""

_SIDEWAYS = (5, 6, 7, 8)
"""Orientations that swap width and height."""

_QUALITY = 82
_THUMBNAIL_QUALITY = 65
_EFFORT = 2  # of 6: each step takes half as long again and saves a few percent
_SHORTEST_FRAME = 20  # milliseconds; browsers play nothing faster
# What Pillow and the libraries below it raise for files that are broken on purpose.
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


def read_picture(content: bytes, size: Size) -> Picture:
    """The picture in `content`, clean and within `size`.

    Raises Invalid: `picture_format` (none of `FORMATS`), `picture_too_large` (too many pixels, or
    too much memory for them) or `picture_broken`.
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_many_pixels()
            frames = _frames_kept(image, size)
            return _moving(image, size, frames) if frames > 1 else _still(image, size)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except MemoryError as error:
        raise too_costly() from error
    except UnidentifiedImageError as error:
        raise Invalid("picture_format", "Pictures must be JPEG, PNG, WebP, GIF or AVIF.") from error
    except _BROKEN as error:
        raise broken() from error


def _too_many_pixels() -> Invalid:
    return Invalid(
        "picture_too_large",
        "Pictures may have at most %(maximum)s million pixels.",
        maximum=MAX_PIXELS // 1_000_000,
    )


def _frames_kept(image: Image.Image, size: Size) -> int:
    """How many frames are kept: all or 1. Leaves the picture at its first frame."""
    pixels = image.width * image.height
    most = min(MAX_FRAMES, MAX_MOVING_PIXELS // pixels)
    if not size.moving or image.format not in _MOVING or pixels > MAX_MOVING_FRAME:
        return 1
    # Counted up to the limit only: a GIF does not say how many it has, and may have a million.
    found = sum(1 for _ in islice(_frames(image), most + 1))
    image.seek(0)
    return found if found <= most else 1


def _still(image: Image.Image, size: Size) -> Picture:
    held = image.width * image.height * _PROGRESSIVE if image.info.get("progressive") else 0
    if isinstance(image, JpegImageFile):
        # A large JPEG is scaled down while it is decoded.
        image.draft(None, _plan(image.size, _as_stored(size, image)).whole)
    if held + _memory_for(image, _plan(image.size, size)) > MAX_MEMORY:
        raise too_costly()
    clean = _clean(image, size)
    image.close()
    # Small avatars are as plain as thumbnails: a page has many.
    is_small = size.cropped and size.width < THUMBNAIL
    written = _written(clean, _THUMBNAIL_QUALITY if is_small else _QUALITY)
    return Picture(written, _thumbnail(clean), clean.width, clean.height)


def _memory_for(image: Image.Image, plan: "_Plan") -> int:
    """Bytes that it takes to decode the picture and to scale it down."""
    width, height = image.size
    of_pixel = _DECODING.get(image.format or "") or _DECODED.get(image.mode, 4)
    needed = width * height * of_pixel
    if image.mode != _mode_of(image):
        width, height = ceil(width / plan.factor), ceil(height / plan.factor)
        needed += 4 * width * height
    # Pillow resizes the rows first and then the columns.
    return needed + 4 * plan.sides[0] * height


def _moving(image: Image.Image, size: Size, frames: int) -> Picture:
    coming = _LaterFrames(image, size, frames - 1)
    first = coming.frame
    file = BytesIO()
    first.save(
        file,
        "WEBP",
        save_all=True,
        append_images=[coming],
        duration=coming.durations,
        loop=0,
        quality=_QUALITY,
        method=0,
    )
    return Picture(file.getvalue(), _thumbnail(first), first.width, first.height)


class _LaterFrames:
    """The frames of an animation after the first, in the form of a picture that Pillow can write.

    The writer asks for them one by one, so no more than one is in memory. `durations` has those of
    the frames so far, in milliseconds; the writer reads each after its frame.
    """

    def __init__(self, image: Image.Image, size: Size, n_frames: int) -> None:
        self.n_frames = n_frames
        self.durations: list[int] = []
        self._frames = self._cleaned(image, size)
        self.frame = next(self._frames)

    def _cleaned(self, image: Image.Image, size: Size) -> Iterator[Image.Image]:
        for frame in _frames(image):
            clean = _clean(frame, size)
            # Only now, because a WebP has it only after the frame is decoded.
            self.durations.append(max(int(frame.info.get("duration", 100)), _SHORTEST_FRAME))
            yield clean

    def seek(self, _number: int) -> None:
        """Go to the next frame; they are asked for in order."""
        self.frame = next(self._frames)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.frame, name)


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    """The frames, one after the other. Raises ValueError for a GIF with a frame that is larger than
    the whole, because the memory was estimated for the whole.
    """
    size = image.size
    for number in count():
        try:
            image.seek(number)
        except EOFError:
            return
        if image.size != size:
            raise ValueError("a frame is larger than the picture")
        yield image


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a picture is scaled down: which part of it is kept, and how large that will be."""

    box: tuple[int, int, int, int]
    sides: tuple[int, int]
    # How many of its pixels, in either direction, become one of the result.
    factor: int
    # The sides that the whole picture would have at the same scale.
    whole: tuple[int, int]


def _plan(sides: tuple[int, int], size: Size) -> _Plan:
    width, height = sides
    if size.cropped:
        # The largest part with the box's proportions that need not be enlarged.
        scale = min(width / size.width, height / size.height, 1)
        made = max(1, int(size.width * scale)), max(1, int(size.height * scale))
        ratio = max(1, min(width / made[0], height / made[1]))
    else:
        ratio = max(1, width / size.width, height / size.height)
        made = max(1, round(width / ratio)), max(1, round(height / ratio))
    part_width = min(width, round(made[0] * ratio)) if size.cropped else width
    part_height = min(height, round(made[1] * ratio)) if size.cropped else height
    left, top = (width - part_width) // 2, (height - part_height) // 2
    return _Plan(
        box=(left, top, left + part_width, top + part_height),
        sides=made,
        factor=int(ratio),
        whole=(ceil(width / ratio), ceil(height / ratio)),
    )


def _clean(image: Image.Image, size: Size) -> Image.Image:
    """The visible pixels of one frame: upright, sRGB, within the size."""
    image.load()
    small = _shrunk(image, _plan(image.size, _as_stored(size, image)))
    seen = _to_srgb(small, image.info.get("icc_profile"))
    way = _UPRIGHT.get(_orientation(image))
    return seen if way is None else seen.transpose(way)


def _as_stored(size: Size, image: Image.Image) -> Size:
    """The size for a picture that has not been turned upright yet."""
    lies = _orientation(image) in _SIDEWAYS
    return replace(size, width=size.height, height=size.width) if lies else size


def _orientation(image: Image.Image) -> object:
    return image.getexif().get(ExifTags.Base.Orientation)


def _shrunk(image: Image.Image, plan: _Plan) -> Image.Image:
    """The part of the picture that is kept, scaled down and without metadata."""
    mode = _mode_of(image)
    if image.mode == mode:
        small = image.resize(plan.sides, box=plan.box, reducing_gap=2.0)
        small.info.clear()
        return small
    width, height = plan.box[2] - plan.box[0], plan.box[3] - plan.box[1]
    copy = _copied(image, plan, mode)
    small = copy.resize(plan.sides, box=(0, 0, width / plan.factor, height / plan.factor))
    return small.convert("RGBA") if mode == "RGBa" else small


def _copied(image: Image.Image, plan: _Plan, mode: str) -> Image.Image:
    """The part that is kept, in another mode and scaled down by a whole factor, band by band."""
    left, top, right, bottom = plan.box
    factor = plan.factor
    copy = Image.new(mode, (ceil((right - left) / factor), ceil((bottom - top) / factor)))
    rows = factor * max(1, _BAND // ((right - left) * factor))
    for start in range(top, bottom, rows):
        band = image.crop((left, start, right, min(start + rows, bottom)))
        copy.paste(_converted(band, mode).reduce(factor), (0, (start - top) // factor))
    return copy


def _converted(image: Image.Image, mode: str) -> Image.Image:
    if image.mode in _DEEP:
        # Pillow would turn everything that does not fit into 8 bits white.
        image = image.convert("I").point(lambda value: value * (1 / 256))
    if mode == "RGBa":
        image = image.convert("RGBA")
    return image.convert(mode)


def _mode_of(image: Image.Image) -> str:
    """The mode in which the picture is scaled down."""
    if image.mode in _DEEP:
        return "L"
    if image.has_transparency_data:
        return "RGBa"  # or the colours of transparent pixels would bleed into the others
    # Grey and CMYK have profiles of their own.
    return image.mode if image.mode in ("L", "CMYK") else "RGB"


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile or len(profile) > MAX_PROFILE:
        return _plain(image)
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        seen = image.convert("RGB") if image.mode == "RGBA" else image
        found = ImageCms.profileToProfile(seen, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return _plain(image)  # a wrong profile spoils the colours, not the picture
    if found is None:
        return _plain(image)
    found.info.clear()
    if image.mode == "RGBA":
        found.putalpha(image.getchannel("A"))
    return found


def _plain(image: Image.Image) -> Image.Image:
    return image if image.mode in ("RGB", "RGBA") else image.convert("RGB")


_SRGB = ImageCms.createProfile("sRGB")


def _written(image: Image.Image, quality: int) -> bytes:
    file = BytesIO()
    image.save(file, "WEBP", quality=quality, method=_EFFORT)
    return file.getvalue()


def _thumbnail(image: Image.Image) -> bytes | None:
    if max(image.size) <= THUMBNAIL:
        return None
    file = BytesIO()
    side = min(THUMBNAIL, *image.size)
    ImageOps.fit(image, (side, side)).save(file, "WEBP", quality=_THUMBNAIL_QUALITY, method=_EFFORT)
    return file.getvalue()
