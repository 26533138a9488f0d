"""Whatever hue an admin chooses, everything can be read in both themes."""

import re

import pytest

from fedcom.web import colours
from fedcom.web.colours import Shades, contrast, dark_shades, light_shades, style_of
from fedcom.web.render import STYLE

AA = 4.5


@pytest.mark.parametrize(
    ("shades_of", "theme"), [(light_shades, "LIGHT"), (dark_shades, "DARK")], ids=["light", "dark"]
)
def test_every_hue_can_be_read_wherever_it_stands(shades_of, theme: str) -> None:
    page, card, soft = (getattr(colours, f"{theme}_{name}") for name in ("PAGE", "CARD", "SOFT"))
    for hue in range(360):
        shades: Shades = shades_of(hue)
        pairs = [
            *((shades.accent, ground) for ground in (page, card, shades.accent_soft)),
            (shades.on_accent, shades.accent),
            (soft, shades.accent_soft),
        ]
        assert all(contrast(*pair) >= AA for pair in pairs), (hue, shades)


def test_contrast_is_the_one_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ffffff", "#ffffff") == 1


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    found = dict(re.findall(r"--(\w+): light-dark\((.+?)\);", STYLE.decode()))
    for name in ("page", "card", "soft"):
        light, dark = (getattr(colours, f"{theme}_{name.upper()}") for theme in ("LIGHT", "DARK"))
        assert found[name].replace("#fff,", "#ffffff,") == f"{light}, {dark}"


def test_the_rule_names_what_the_style_sheet_has() -> None:
    rule = style_of(200)
    for name in re.findall(r"--[\w-]+", rule):
        assert f"{name}: light-dark(" in STYLE.decode()
    assert light_shades(200).accent in rule
    assert rule != style_of(20)
