"""Small plots of numbers over time, as the outline of an SVG: drawn here, without a script."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 240, 48
"""Of the drawing, in its own units."""

_GAP = 0.2
"""Between two bars, as a part of the width of one with its gap."""


@dataclass(frozen=True, slots=True)
class Plot:
    """`path` is the outline of all bars (the `d` of an SVG path), `highest` the largest value."""

    path: str
    highest: int


def draw(values: Sequence[int | None]) -> Plot:
    """A bar for each value, oldest first, from zero to the largest; none for an unknown value.

    A bar that is not zero is at least one unit high, so that it is seen.
    """
    highest = max((value for value in values if value is not None), default=0)
    step = WIDTH / max(len(values), 1)
    width = step * (1 - _GAP)
    bars = []
    for number, value in enumerate(values):
        if value:
            height = max(1.0, HEIGHT * value / highest)
            left = number * step
            bars.append(
                f"M{_short(left)} {HEIGHT}v-{_short(height)}h{_short(width)}v{_short(height)}z"
            )
    return Plot("".join(bars), highest)


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
