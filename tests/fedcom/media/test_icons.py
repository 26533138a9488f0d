"""The icons of a server have the size that is asked for, and look like its logo or our drawing."""

from io import BytesIO

from PIL import Image

from fedcom.media.icons import drawn_icon, logo_icon, to_ico
from tests.support.pictures import opened, picture


def test_a_logo_keeps_its_proportions() -> None:
    icon = opened(logo_icon(picture("WEBP"), 128))  # it is 64 by 48

    assert (icon.format, icon.size) == ("PNG", (128, 128))
    assert icon.getpixel((64, 4))[3] == 0
    assert icon.getpixel((4, 64))[3] == 255


def test_an_icon_that_is_cut_into_shapes_is_opaque_and_leaves_a_margin() -> None:
    for content in (logo_icon(picture("WEBP"), 100, fills=True), drawn_icon(100, fills=True)):
        icon = opened(content).convert("RGBA")
        assert icon.getextrema()[3] == (255, 255)
        edge = icon.getpixel((50, 5))
        assert all(icon.getpixel((x, y)) == edge for x in (2, 97) for y in range(2, 98))


def test_our_drawing_has_round_corners_and_the_colour_of_the_site() -> None:
    icon = opened(drawn_icon(64, "#ff0000"))

    assert icon.getpixel((0, 0))[3] == 0
    assert icon.getpixel((32, 4)) == (255, 0, 0, 255)
    assert icon.getpixel((19, 24)) == (255, 255, 255, 255)


def test_a_favicon_is_an_ico() -> None:
    with Image.open(BytesIO(to_ico(drawn_icon(32)))) as icon:
        assert (icon.format, icon.size) == ("ICO", (32, 32))
