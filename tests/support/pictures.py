"""Pictures made for tests: in every format, with a place in their EXIF, broken, or lying."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

ORIENTATION, GPS = 0x0112, 0x8825


def draw(width: int = 64, height: int = 48, colour: str = "orange") -> Image.Image:
    """A picture whose left upper corner is blue, so that one sees which way up it is."""
    image = Image.new("RGB", (width, height), colour)
    image.paste("blue", (0, 0, width // 2, height // 2))
    return image


def picture(kind: str = "PNG", image: Image.Image | None = None, **options: Any) -> bytes:
    """The bytes of a picture file."""
    file = BytesIO()
    (image or draw()).save(file, kind, **options)
    return file.getvalue()


def with_exif(*, orientation: int = 6) -> bytes:
    """A JPEG that says where it was taken, by which camera, and that it lies on its side."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x0110] = "Secret Camera"
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return picture("JPEG", exif=exif, comment=b"a secret comment", quality=95)


def moving(kind: str = "GIF", frames: int = 4, width: int = 20) -> bytes:
    """An animation."""
    images = [Image.new("RGB", (width, 20), (40 * number % 256, 99, 0)) for number in range(frames)]
    return picture(kind, images[0], save_all=True, append_images=images[1:], duration=80)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is this large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100_000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + check


def opened(content: bytes) -> Image.Image:
    """A picture file as others read it, decoded."""
    image = Image.open(BytesIO(content))
    image.load()
    return image
