"""The colours for the hue that an admin or a moderator chose, dark or light enough to be readable.

HSL lightness says little about how bright a hue looks: at 50 %, blue can be read on white and
yellow cannot. So lightnesses are tried, starting from the middle, until the contrast is sufficient.
"""

import colorsys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from fedcom.http.numbers import whole_number
from fedcom.rules.limits import check_hue

READABLE = 4.6
"""The lowest contrast of text: WCAG 2.2 AA requires 4.5, and colours are rounded."""

# From style.css: page, card and soft text, in the light and the dark theme.
LIGHT_PAGE, LIGHT_CARD, LIGHT_SOFT = "#f6f5f2", "#ffffff", "#5d5a55"
DARK_PAGE, DARK_CARD, DARK_SOFT = "#15171a", "#1d2024", "#a8a49d"


@dataclass(frozen=True, slots=True)
class Shades:
    """The colours of one theme: links and buttons, soft backgrounds, text on buttons."""

    accent: str
    accent_soft: str
    on_accent: str


@cache
def light_shades(hue: int) -> Shades:
    """For the light theme: the brightest readable accent."""
    soft = _first(hue, 45, range(92, 100), lambda tint: contrast(tint, LIGHT_SOFT) >= READABLE)
    accent = _first(
        hue, 75, range(50, 0, -1), lambda colour: _reads(colour, LIGHT_PAGE, soft, "#ffffff")
    )
    return Shades(accent, soft, "#ffffff")


@cache
def dark_shades(hue: int) -> Shades:
    """For the dark theme: the darkest readable accent."""
    soft = _first(hue, 35, range(17, 0, -1), lambda tint: contrast(tint, DARK_SOFT) >= READABLE)
    ink = to_hex(hue, 40, 8)
    accent = _first(hue, 60, range(60, 100), lambda colour: _reads(colour, DARK_CARD, soft, ink))
    return Shades(accent, soft, ink)


def style_of(hue: int) -> str:
    """The CSS that replaces the colours of style.css."""
    light, dark = light_shades(hue), dark_shades(hue)
    return (
        f"\n:root{_rules(light)}\n@media (prefers-color-scheme: dark) {{"
        f':root:not([data-theme="light"]){_rules(dark)}}}\n:root[data-theme="dark"]{_rules(dark)}\n'
    )


def _rules(shades: Shades) -> str:
    return (
        f"{{--accent:{shades.accent};--accent-soft:{shades.accent_soft};"
        f"--on-accent:{shades.on_accent}}}"
    )


def read_hue(text: str) -> int | None:
    """The hue that a form names; None for an empty field, the default. Raises
    Invalid("hue_unknown").
    """
    if not text:
        return None
    hue = whole_number(text, 359)
    check_hue(-1 if hue is None else hue)
    return hue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21, as WCAG 2.2 defines it."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def to_hex(hue: int, saturation: int, lightness: int) -> str:
    """HSL (degrees, percent, percent) → `#rrggbb`."""
    rgb = colorsys.hls_to_rgb(hue / 360, lightness / 100, saturation / 100)
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def _first(
    hue: int, saturation: int, lightnesses: Iterable[int], fits: Callable[[str], bool]
) -> str:
    shades = (to_hex(hue, saturation, lightness) for lightness in lightnesses)
    return next(shade for shade in shades if fits(shade))


def _reads(shade: str, *others: str) -> bool:
    return all(contrast(shade, other) >= READABLE for other in others)


def _luminance(shade: str) -> float:
    parts = (int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
