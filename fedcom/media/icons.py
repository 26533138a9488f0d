"""The icons of this server for browser tabs and home screens, as PNG: its logo, or our drawing.

Takes some 10 ms of CPU: call it with `offload`. It only reads pictures that `images` has written.
"""

from io import BytesIO

from PIL import Image, ImageDraw

OUR_COLOUR = "#0d5f7a"

SAFE = 0.8
"""The part of a maskable icon, in width and height, that every shape shows (W3C, Web Application
Manifest, section 6.1).
"""

_GRID = 32
"""Of the drawing, as in `static/icon.svg`."""

_SCALE = 4
"""How much larger than wanted it is drawn, for smooth edges."""


def logo_icon(content: bytes, side: int, *, fills: bool = False) -> bytes:
    """A picture of ours as an icon of `side` pixels; `fills`: on white, for systems that cut icons
    into shapes.
    """
    with Image.open(BytesIO(content), formats=["WEBP"]) as logo:
        whole = logo.convert("RGBA")
    room = round(side * SAFE) if fills else side
    factor = min(room / whole.width, room / whole.height)
    size = max(1, round(whole.width * factor)), max(1, round(whole.height * factor))
    small = whole.resize(size, Image.Resampling.LANCZOS)
    icon = Image.new("RGBA", (side, side), "#ffffffff" if fills else "#ffffff00")
    icon.alpha_composite(small, ((side - size[0]) // 2, (side - size[1]) // 2))
    return _png(icon)


def drawn_icon(side: int, colour: str = OUR_COLOUR, *, fills: bool = False) -> bytes:
    """Our drawing on this colour; `fills`: up to the edges, as for `logo_icon`."""
    large = side * _SCALE
    icon = Image.new("RGBA", (large, large), colour if fills else "#ffffff00")
    pen = ImageDraw.Draw(icon)
    room = SAFE if fills else 1
    unit = large * room / _GRID
    shift = large * (1 - room) / 2

    def at(*numbers: float) -> list[float]:
        return [number * unit + shift for number in numbers]

    if not fills:
        pen.rounded_rectangle((0, 0, large - 1, large - 1), 8 * unit, colour)
    for line in ((10, 12, 22, 12), (11, 13, 15, 21), (21, 13, 17, 21)):
        pen.line(at(*line), "white", round(2.5 * unit))
    for x, y in ((9.5, 12), (22.5, 12), (16, 22)):
        pen.ellipse(at(x - 3.5, y - 3.5, x + 3.5, y + 3.5), "white")
    return _png(icon.resize((side, side), Image.Resampling.LANCZOS))


def to_ico(png: bytes) -> bytes:
    """An icon in the format of /favicon.ico."""
    file = BytesIO()
    with Image.open(BytesIO(png), formats=["PNG"]) as icon:
        icon.save(file, "ICO", sizes=[icon.size])
    return file.getvalue()


def _png(icon: Image.Image) -> bytes:
    file = BytesIO()
    icon.save(file, "PNG", optimize=True)
    return file.getvalue()
