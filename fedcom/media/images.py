"""Bytes that a stranger calls a picture → a clean picture of bounded size, or a refusal.

Nothing of the original file is kept but what can be seen: it is decoded, turned upright, brought to
sRGB and written anew as WebP, so places in EXIF, comments, scripts behind the last pixel and traps
for other decoders are gone. Only the formats named here are looked at; an SVG is a program and none
of them.

How much memory a picture takes is judged by its header, before anything is decoded, and it is made
small before anything else is done with it. Pure; it takes up to seconds of CPU, and decoders have
mistakes: the server has it done in a process of its own (`fedcom.media.process`).
"""

import hashlib
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

MAX_PIXELS = 65_000_000
"""Of the original. Phones make 12 to 64 million."""

MAX_MEMORY = 230_000_000
"""Bytes that a picture may take while it is read. That is enough for a JPEG of `MAX_PIXELS`, which
is decoded small, a PNG of 40 million pixels in colours, and a WebP or AVIF of 12 million."""

MAX_MOVING_PIXELS = 40_000_000
"""Of all frames of an animation together; of a longer one the first frame stays."""

MAX_MOVING_FRAME = 2048 * 2048
"""Pixels of one frame of an animation; of a larger one the first frame stays."""

MAX_FRAMES = 300
MAX_PROFILE = 2_000_000
"""Bytes of a colour profile; a larger one is not applied. Those for print have up to 1,800,000."""

THUMBNAIL = 144
"""The sides of a thumbnail in pixels: 72 on a page, on the sharper screens."""

MEDIA_TYPE = "image/webp"
ENDING = "webp"

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")

# Pillow looks at this before it decodes, and refuses what has twice as many.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Texts beside the pixels are packed: of all that a PNG unpacks to, Pillow would take 64 MB.
PngImagePlugin.MAX_TEXT_MEMORY = 4 * PngImagePlugin.MAX_TEXT_CHUNK
# Each thread of a decoder has buffers of its own.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_MOVING = ("GIF", "PNG", "WEBP", "AVIF")
"""Formats of animations. A JPEG may hold several pictures too, which are no frames (MPO)."""

_DEEP = ("I;16", "I;16B", "I;16L")
"""Modes of gray with 16 bits. Colours of 16 bits are made ones of 8 while they are decoded."""

_DECODED = {"1": 1, "L": 1, "P": 1} | dict.fromkeys(_DEEP, 2)
"""Bytes of a pixel in Pillow's memory by its mode; 4 in any other."""

_DECODING = {"WEBP": 16, "AVIF": 16}
"""Bytes of a pixel with the copies that the decoder itself holds (Pillow 13, measured)."""

_PROGRESSIVE = 6
"""Bytes of a pixel of a progressive JPEG that libjpeg keeps whatever size is asked for."""

_BAND = 1_000_000
"""Pixels that are converted at once: a copy of all would take as much memory again."""

_UPRIGHT: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by the orientation in its EXIF."""

_SIDEWAYS = (5, 6, 7, 8)
"""Orientations by which width and height are swapped."""

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


def too_costly() -> Invalid:
    """What is said of a picture that takes too much memory or time."""
    return Invalid(
        "picture_too_large",
        "This picture is too complex to process. Please make it smaller or save it as JPEG.",
    )


def broken() -> Invalid:
    """What is said of a picture that cannot be read."""
    return Invalid("picture_broken", "The picture is damaged or incomplete.")


def _too_many_pixels() -> Invalid:
    return Invalid(
        "picture_too_large",
        "Pictures may have at most %(maximum)s million pixels.",
        maximum=MAX_PIXELS // 1_000_000,
    )


def _frames_kept(image: Image.Image, size: Size) -> int:
    """How many frames of it are kept: all or 1. Leaves the picture at its first frame."""
    pixels = image.width * image.height
    most = min(MAX_FRAMES, MAX_MOVING_PIXELS // pixels)
    if not size.moving or image.format not in _MOVING or pixels > MAX_MOVING_FRAME:
        return 1
    # Counted, since a GIF does not say how many there are, and no further: it may have a million.
    found = sum(1 for _ in islice(_frames(image), most + 1))
    image.seek(0)
    return found if found <= most else 1


def _still(image: Image.Image, size: Size) -> Picture:
    held = image.width * image.height * _PROGRESSIVE if image.info.get("progressive") else 0
    if isinstance(image, JpegImageFile):
        # A large one is decoded small at once.
        image.draft(None, _plan(image.size, _as_stored(size, image)).whole)
    if held + _memory_for(image, _plan(image.size, size)) > MAX_MEMORY:
        raise too_costly()
    clean = _clean(image, size)
    image.close()
    return Picture(_written(clean), _thumbnail(clean), clean.width, clean.height)


def _memory_for(image: Image.Image, plan: "_Plan") -> int:
    """Bytes that it takes to decode the picture and to make it small."""
    width, height = image.size
    of_pixel = _DECODING.get(image.format or "") or _DECODED.get(image.mode, 4)
    needed = width * height * of_pixel
    if image.mode != _mode_of(image):
        width, height = ceil(width / plan.factor), ceil(height / plan.factor)
        needed += 4 * width * height
    # Pillow resizes the rows first and then the columns.
    return needed + 4 * plan.sides[0] * height


def _moving(image: Image.Image, size: Size, frames: int) -> Picture:
    coming = _Coming(image, size, frames - 1)
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


class _Coming:
    """The frames of an animation after its first, as Pillow's writer takes a picture of several.

    It asks for each when that has its turn, so no more than one is kept. `durations` has those of
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
            # Only now: of a WebP it is known when the frame is decoded.
            self.durations.append(max(int(frame.info.get("duration", 100)), _SHORTEST_FRAME))
            yield clean

    def seek(self, _number: int) -> None:
        """On to the next frame: they are asked for in their order."""
        self.frame = next(self._frames)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.frame, name)


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    """One after the other. Raises ValueError for a GIF with a frame that is larger than itself:
    the size of the whole is what was judged.
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
    """What becomes of a picture: which part of it is kept, and how large that will be."""

    box: tuple[int, int, int, int]
    sides: tuple[int, int]
    # So many of its pixels, in either direction, are at least one of the result.
    factor: int
    # The sides that the whole picture would have if it were as small.
    whole: tuple[int, int]


def _plan(sides: tuple[int, int], size: Size) -> _Plan:
    width, height = sides
    if size.cropped:
        # The largest cut-out with the box's proportions that needs no enlarging.
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
    """What is seen of one frame: upright, sRGB, within the size, and nothing else."""
    image.load()
    small = _shrunk(image, _plan(image.size, _as_stored(size, image)))
    seen = _to_srgb(small, image.info.get("icc_profile"))
    way = _UPRIGHT.get(_orientation(image))
    return seen if way is None else seen.transpose(way)


def _as_stored(size: Size, image: Image.Image) -> Size:
    """The size for a picture that is not upright yet."""
    lies = _orientation(image) in _SIDEWAYS
    return replace(size, width=size.height, height=size.width) if lies else size


def _orientation(image: Image.Image) -> object:
    return image.getexif().get(ExifTags.Base.Orientation)


def _shrunk(image: Image.Image, plan: _Plan) -> Image.Image:
    """The part of the picture that is kept, small, and without what stood beside the pixels."""
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
    """The part that is kept in another mode, as small as whole steps make it, band by band."""
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
        # Pillow would make white of all that does not fit into 8 bits.
        image = image.convert("I").point(lambda value: value * (1 / 256))
    if mode == "RGBa":
        image = image.convert("RGBA")
    return image.convert(mode)


def _mode_of(image: Image.Image) -> str:
    """The mode in which it is made small."""
    if image.mode in _DEEP:
        return "L"
    if image.has_transparency_data:
        return "RGBa"  # or the colour of what cannot be seen would bleed into the rest
    # Gray and the colours of print have profiles of their own.
    return image.mode if image.mode in ("L", "CMYK") else "RGB"


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile or len(profile) > MAX_PROFILE:
        return _plain(image)
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        seen = image.convert("RGB") if image.mode == "RGBA" else image
        found = ImageCms.profileToProfile(seen, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return _plain(image)  # a wrong profile costs the colours, not the picture
    if found is None:
        return _plain(image)
    found.info.clear()
    if image.mode == "RGBA":
        found.putalpha(image.getchannel("A"))
    return found


def _plain(image: Image.Image) -> Image.Image:
    return image if image.mode in ("RGB", "RGBA") else image.convert("RGB")


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
