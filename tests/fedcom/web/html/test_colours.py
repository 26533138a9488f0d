"""For every hue that an admin can choose, all texts are readable in both themes."""

import re

import pytest

from fedcom.web.html import colours
from fedcom.web.html.colours import Shades, contrast, dark_shades, light_shades, style_of
from fedcom.web.html.render import STYLE, TINTS

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


def test_the_letter_of_a_name_can_be_read_on_every_colour() -> None:
    style = STYLE.decode()
    face = re.search(r"\n\.face \{[^}]*color: (#\w+);[^}]*background: (#\w+);", style)
    assert face is not None
    tints = re.findall(r"\.tint-\d \{ background: (#\w+); \}", style)
    assert len(tints) == TINTS - 1
    for tint in (face[2], *tints):
        assert contrast(face[1].replace("#fff", "#ffffff"), tint) >= AA, tint


def test_contrast_is_the_one_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ffffff", "#ffffff") == 1


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    for theme, rules in themes_of(STYLE.decode()).items():
        for name in ("page", "card", "soft"):
            ground = getattr(colours, f"{theme.partition(' ')[0]}_{name.upper()}")
            assert rules[f"--{name}"].replace("#fff", "#ffffff")[:7] == ground


def themes_of(style: str) -> dict[str, dict[str, str]]:
    """The colours of the light theme, and of the dark one, chosen by device or by member."""
    selectors = {
        "LIGHT": ":root",
        "DARK by the device": ':root:not([data-theme="light"])',
        "DARK by choice": ':root[data-theme="dark"]',
    }
    found = {}
    for theme, selector in selectors.items():
        rule = re.search(re.escape(selector) + r" ?\{([^}]*)\}", style)
        assert rule is not None, selector
        found[theme] = dict(re.findall(r"(--[\w-]+): ?(#\w+)", rule[1]))
    return found


def test_both_ways_into_the_dark_theme_set_every_colour_of_the_light_one() -> None:
    for style in (STYLE.decode(), style_of(200)):
        light, by_device, by_choice = themes_of(style).values()
        assert by_device == by_choice
        assert light.keys() == by_choice.keys()
        assert all(light[name] != by_choice[name] for name in light)


def test_the_dark_theme_is_the_devices_choice_unless_the_member_chose() -> None:
    for style in (STYLE.decode(), style_of(200)):
        media = "@media (prefers-color-scheme: dark) {"
        assert style.index(media) < style.index(':root:not([data-theme="light"])')
        assert "light-dark(" not in re.sub(r"/\*.*?\*/", "", style)


def test_the_rule_names_what_the_style_sheet_has() -> None:
    rule = style_of(200)
    for name in re.findall(r"--[\w-]+", rule):
        assert f"{name}: " in STYLE.decode()
    assert light_shades(200).accent in rule
    assert rule != style_of(20)
