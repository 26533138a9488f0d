"""Pictures made for tests: in every format, with a location in their EXIF, broken, or
misleading.
"""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

ORIENTATION, GPS = 0x0112, 0x8825


def draw(width: int = 64, height: int = 48, colour: str = "orange") -> Image.Image:
    """A picture whose left upper corner is blue, so that its orientation is visible."""
    image = Image.new("RGB", (width, height), colour)
    image.paste("blue", (0, 0, width // 2, height // 2))
    return image


def picture(kind: str = "PNG", image: Image.Image | None = None, **options: Any) -> bytes:
    """The bytes of a picture file."""
    file = BytesIO()
    (image or draw()).save(file, kind, **options)
    return file.getvalue()


def with_exif(*, orientation: int = 6) -> bytes:
    """A JPEG with EXIF data: a location, a camera, and an orientation on its side."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x0110] = "Secret Camera"
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return picture("JPEG", exif=exif, comment=b"a secret comment", quality=95)


def moving(kind: str = "GIF", frames: int = 4, width: int = 20) -> bytes:
    """An animation."""
    images = [Image.new("RGB", (width, 20), (40 * number % 256, 99, 0)) for number in range(frames)]
    return picture(kind, images[0], save_all=True, append_images=images[1:], duration=80)


def bomb(width: int, height: int, *, depth: int = 8, colours: int = 2) -> bytes:
    """A PNG of a few bytes that claims to be this large; `depth` and `colours` as of
    `black_png`.
    """
    return _png(width, height, depth, colours, zlib.compress(b"\0" * 100_000))


def black_png(width: int, height: int, *, depth: int = 8, colours: int = 2) -> bytes:
    """A complete PNG of these sides, all of it black, in few bytes.

    `depth`: bits of a channel; `colours`: 0 gray, 2 RGB, 4 gray and 6 RGB with transparency (PNG
    §11.2.1).
    """
    packer = zlib.compressobj(1)
    row = bytes(1 + (width * CHANNELS[colours] * depth + 7) // 8)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return _png(width, height, depth, colours, pixels)


CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def _png(width: int, height: int, depth: int, colours: int, pixels: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def endless_gif(frames: int) -> bytes:
    """A GIF that repeats the same frame this many times."""
    one = moving("GIF", frames=1, width=20)
    start = one.index(b",", 13)
    return one[:start] + one[start:-1] * frames + b";"


def exif_bomb() -> bytes:
    """A JPEG of 64 KB whose EXIF has 5,000 entries, each of which claims to have 60 KB."""
    entries = b"".join(
        struct.pack("<HHII", 0x4000 + number, 7, 60_000, 8) for number in range(5_000)
    )
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 5_000) + entries + bytes(4)
    whole = picture("JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif
    return whole[:2] + segment + whole[2:]


def _chunk(name: bytes, body: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + check


def opened(content: bytes) -> Image.Image:
    """A picture file decoded by another library."""
    image = Image.open(BytesIO(content))
    image.load()
    return image
