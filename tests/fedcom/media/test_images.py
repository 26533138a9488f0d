"""Pictures come out upright, small and without metadata; other files are refused."""

import re
import struct
import time
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat, PngImagePlugin

from fedcom.errors import Invalid
from fedcom.media.images import (
    MAX_FRAMES,
    MAX_MOVING_FRAME,
    MAX_PIXELS,
    MAX_PROFILE,
    THUMBNAIL,
    read_picture,
)
from fedcom.media.picture import AVATAR, BANNER, FORMATS, POST, PREVIEW, Size
from tests.support.pictures import (
    ORIENTATION,
    bomb,
    draw,
    endless_gif,
    moving,
    opened,
    picture,
    with_exif,
)

SECRETS = (b"Secret Camera", b"secret comment", b"GPS", b"Exif", b"EXIF", b"XMP ", b"ICCP")


def refusal(content: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        read_picture(content, POST)
    return refused.value.code


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_comes_out_as_webp_and_looks_the_same(kind: str) -> None:
    seen = opened(read_picture(picture(kind), POST).content)

    assert seen.format == "WEBP"
    assert seen.size == (64, 48)
    red, green, blue = seen.convert("RGB").getpixel((5, 5))
    assert blue > 200 > 60 > red
    assert green < 60


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "I;16", "RGB", "RGBA"])
def test_every_mode_of_a_png_can_be_shown(mode: str) -> None:
    image = Image.new(mode, (10, 10))

    assert read_picture(picture("PNG", image.convert("P") if mode == "PA" else image), POST).width


def test_transparency_is_kept() -> None:
    clear = Image.new("RGBA", (30, 30), (255, 0, 0, 0))

    seen = opened(read_picture(picture("PNG", clear), POST).content)

    assert seen.convert("RGBA").getpixel((15, 15))[3] == 0


def test_metadata_is_removed_and_the_orientation_applied() -> None:
    original = with_exif(orientation=6)
    assert b"Secret Camera" in original

    made = read_picture(original, POST)

    assert not any(secret in made.content for secret in SECRETS)
    seen = opened(made.content)
    assert dict(seen.getexif()) == {}
    assert seen.size == (48, 64)
    # After a quarter turn, the left corner is on the right.
    assert seen.convert("RGB").getpixel((44, 4))[2] > 200
    assert seen.convert("RGB").getpixel((4, 4))[2] < 60


def test_a_colour_profile_is_applied_and_dropped() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    for image in (draw(), Image.new("CMYK", (20, 20), (0, 255, 0, 0))):
        made = read_picture(picture("JPEG", image, icc_profile=profile.tobytes()), POST)
        assert b"ICCP" not in made.content
    broken = picture("PNG", draw().convert("RGBA"), icc_profile=b"no profile at all")
    assert read_picture(broken, POST).width == 64
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kept = read_picture(picture("PNG", draw().convert("RGBA"), icc_profile=srgb), POST)
    assert opened(kept.content).convert("RGB").getpixel((5, 5))[2] > 200


def test_bytes_after_the_picture_are_dropped() -> None:
    polyglot = picture("GIF") + b"<script>alert(1)</script>PK\x03\x04"

    assert b"script" not in read_picture(polyglot, POST).content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        picture("BMP"),
        picture("TIFF"),
        picture("PPM"),
        picture("ICO"),
    ],
)
def test_an_unsupported_format_is_refused(content: bytes) -> None:
    assert refusal(content) == "picture_format"


@pytest.mark.parametrize("sides", [(65_001, 1_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_before_it_is_decoded(sides: tuple[int, int]) -> None:
    assert sides[0] * sides[1] > MAX_PIXELS

    assert refusal(bomb(*sides)) == "picture_too_large"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_that_ends_too_early_is_refused(kind: str) -> None:
    image = Image.effect_noise((200, 200), 80).convert("RGB")
    whole = picture(kind, image)

    assert refusal(whole[: len(whole) // 2]) in {"picture_broken", "picture_format"}


SLIPS = st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([*FORMATS, "moving"]), st.lists(SLIPS, min_size=1, max_size=4))
def test_a_corrupt_file_is_either_read_or_refused(
    kind: str, changes: list[tuple[float, bytes]]
) -> None:
    content = bytearray(moving() if kind == "moving" else picture(kind))
    for where, what in changes:
        start = int(where * len(content))
        content[start : start + len(what)] = what

    with suppress(Invalid):
        assert opened(read_picture(bytes(content), POST).content).format == "WEBP"


def test_pictures_are_shrunk_and_never_enlarged() -> None:
    large = picture("JPEG", draw(3000, 1000))

    for size, sides in ((POST, (2048, 683)), (PREVIEW, (640, 213)), (AVATAR, (256, 256))):
        made = read_picture(large, size)
        assert (made.width, made.height) == sides
        assert opened(made.content).size == sides
    assert (read_picture(large, BANNER).width, read_picture(large, BANNER).height) == (1500, 500)
    small = read_picture(picture("PNG", draw(100, 40)), AVATAR)
    assert (small.width, small.height) == (40, 40)
    thin = read_picture(picture("PNG", draw(1000, 1)), BANNER)
    assert (thin.width, thin.height) == (3, 1)


def test_only_pictures_larger_than_a_thumbnail_have_one() -> None:
    made = read_picture(picture("PNG", draw(600, 300)), POST)

    assert made.thumbnail is not None
    assert opened(made.thumbnail).size == (THUMBNAIL, THUMBNAIL)
    assert read_picture(picture("PNG", draw(THUMBNAIL, 20)), POST).thumbnail is None


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_stays_one_in_a_post_and_nowhere_else(kind: str) -> None:
    original = moving(kind)

    seen = opened(read_picture(original, POST).content)
    assert getattr(seen, "n_frames", 1) == 4
    assert seen.info["duration"] == 80
    assert getattr(opened(read_picture(original, AVATAR).content), "n_frames", 1) == 1


def test_of_an_endless_animation_the_first_frame_stays() -> None:
    seen = opened(read_picture(moving(frames=MAX_FRAMES + 1), POST).content)

    assert getattr(seen, "n_frames", 1) == 1


@pytest.mark.parametrize(
    "content",
    [
        bomb(7000, 7000),
        bomb(7000, 7000, depth=16),
        bomb(7000, 7000, colours=6),
        bomb(7000, 7000, depth=16, colours=4),
    ],
    ids=["RGB", "RGB of 16 bits", "RGBA", "gray and transparency of 16 bits"],
)
def test_a_picture_that_needs_too_much_memory_is_refused_before_decoding(content: bytes) -> None:
    started = time.process_time()
    assert refusal(content) == "picture_too_large"
    assert time.process_time() - started < 0.3


def test_the_memory_of_a_progressive_jpegs_decoder_is_counted() -> None:
    sides, large = struct.pack(">HH", 48, 64), struct.pack(">HH", 6200, 6200)
    whole = picture("JPEG", progressive=True)
    assert sides in whole

    assert refusal(whole.replace(sides, large, 1)) == "picture_too_large"
    in_one_pass = picture("JPEG").replace(sides, large, 1)
    assert read_picture(in_one_pass, AVATAR).width == 256


def test_of_an_animation_of_twenty_thousand_frames_the_first_stays_and_few_are_read() -> None:
    content = endless_gif(20_000)

    started = time.process_time()
    seen = opened(read_picture(content, POST).content)
    few = time.process_time() - started

    assert (seen.size, getattr(seen, "n_frames", 1)) == ((20, 20), 1)
    started = time.process_time()
    read_picture(endless_gif(MAX_FRAMES + 1), POST)
    assert few < 5 * (time.process_time() - started) + 0.1


def test_of_an_animation_with_large_frames_the_first_stays() -> None:
    frames = [Image.new("P", (3000, 1500), number) for number in (0, 1)]
    content = picture("GIF", frames[0], save_all=True, append_images=frames[1:])

    seen = opened(read_picture(content, POST).content)

    assert MAX_MOVING_FRAME < 3000 * 1500
    assert (seen.width, getattr(seen, "n_frames", 1)) == (2048, 1)


def test_several_pictures_in_one_jpeg_are_no_animation() -> None:
    """Cameras add small or grey versions in other sizes (MPO)."""
    content = picture("MPO", draw(), save_all=True, append_images=[draw(20, 10)])

    assert opened(read_picture(content, POST).content).size == (64, 48)


def test_texts_that_unpack_to_very_much_are_refused() -> None:
    texts = PngImagePlugin.PngInfo()
    for number in range(12):
        texts.add_text(f"text {number}", "a" * 1_000_000, zip=True)

    assert refusal(picture("PNG", pnginfo=texts)) == "picture_broken"


def test_a_colour_profile_that_is_too_large_is_not_applied() -> None:
    content = picture("JPEG", icc_profile=bytes(MAX_PROFILE + 1))

    assert read_picture(content, POST).width == 64


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "size", [Size(300, 300), Size(120, 120, cropped=True), Size(300, 100, cropped=True)]
)
def test_it_is_upright_before_it_is_cut(kind: str, orientation: int, size: Size) -> None:
    """Compared with Pillow's result, which turns the whole picture first."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    content = picture(kind, draw(900, 230), exif=exif)
    upright = ImageOps.exif_transpose(opened(content))
    box = (size.width, size.height)
    scale = min(1, upright.width / size.width, upright.height / size.height)
    part = int(size.width * scale), int(size.height * scale)
    expected = ImageOps.fit(upright, part) if size.cropped else ImageOps.contain(upright, box)

    seen = opened(read_picture(content, size).content).convert("RGB")

    assert seen.size == expected.size
    apart = ImageStat.Stat(ImageChops.difference(seen, expected)).mean
    assert max(apart) < 3


def test_colours_that_cannot_be_seen_do_not_bleed_into_those_beside_them() -> None:
    image = Image.new("RGBA", (3000, 3000), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 1502, 3000))

    seen = opened(read_picture(picture("PNG", image), PREVIEW).content).convert("RGBA")

    edge = [seen.getpixel((x, 300)) for x in range(316, 324)]
    assert all(red < 60 for red, _, _, alpha in edge if alpha > 60)


def test_gray_of_sixteen_bits_is_as_light_as_it_was() -> None:
    image = Image.new("I;16", (500, 400), 0x8000)

    seen = opened(read_picture(picture("PNG", image), AVATAR).content).convert("L")

    assert abs(seen.getpixel((50, 50)) - 0x80) < 4


def test_an_animation_whose_frames_outgrow_it_is_refused_before_they_are_decoded() -> None:
    small, large = moving(width=20), picture("GIF", Image.new("P", (8000, 6000)))
    first_frame = large.index(b",", 13)
    growing = small[:-1] + large[first_frame:-1] * 20 + b";"

    started = time.thread_time()
    assert refusal(growing) == "picture_broken"
    assert time.thread_time() - started < 2  # twenty of them take eighteen


def test_a_file_is_named_by_what_is_in_it() -> None:
    one, same = read_picture(picture("PNG"), POST), read_picture(picture("PNG"), POST)
    other = read_picture(picture("PNG", draw(colour="green")), POST)

    assert re.fullmatch(r"[0-9a-f]{64}\.webp", one.name)
    assert one.name == same.name != other.name
    assert BytesIO(one.content).read(4) == b"RIFF"
