"""The metadata of a page is read in every encoding, and no page takes long."""

import time

import pytest

from fedcom.text.page_head import MAX_DESCRIPTION, PageHead, read_head

URL = "https://peer.example/a/b"


def head(html: str | bytes, content_type: str = "text/html") -> PageHead:
    return read_head(html.encode() if isinstance(html, str) else html, content_type, URL)


def test_open_graph_goes_before_the_rest() -> None:
    found = head(
        "<title>Other</title><meta name=description content=other>"
        '<META PROPERTY="og:title" CONTENT="Caf&eacute; &amp; &#39;cats&#39;">'
        "<meta content='All\n day' property='og:description'>"
        "<meta property=og:image content=../cat.png>"
    )

    assert found == PageHead("Caf\u00e9 & 'cats'", "All day", "https://peer.example/cat.png")


def test_every_page_has_a_title_or_nothing() -> None:
    assert head("<title lang=de>\n Katzen &amp; Hunde\n</title>").title == "Katzen & Hunde"
    assert head("<p>words") == PageHead("", "", None)
    assert head("<body><title>in a text</title>").title == ""


def test_a_page_may_name_a_video() -> None:
    def video(*names: str) -> str | None:
        return head(
            "".join(f'<meta property="{name}" content="/{name}">' for name in names)
        ).video_url

    assert video() is None
    assert video("og:video") == "https://peer.example/og:video"
    assert video("og:video", "og:video:url") == "https://peer.example/og:video:url"
    assert (
        video("og:video:url", "og:video:secure_url") == "https://peer.example/og:video:secure_url"
    )


def test_the_title_of_a_drawing_is_not_the_pages() -> None:
    drawing = "<svg viewBox='0 0 1 1'><title>icon</title></svg>"

    assert head(f"{drawing}<title>Page</title>{drawing}").title == "Page"
    assert head(f"<title>Page</title>{drawing}").title == "Page"
    assert head(drawing).title == "icon"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<title>\u00fc</title>".encode("latin-1"), "text/html; charset=ISO-8859-1"),
        ('<meta charset="windows-1252"><title>\u00fc</title>'.encode("cp1252"), "text/html"),
        ('<meta charset="macintosh"><title>\u00fc</title>'.encode("mac-roman"), "text/html"),
        ('<meta charset="utf-16"><title>\u00fc</title>'.encode(), "text/html"),
        ("<title>\u00fc</title>".encode("utf-16"), "text/html"),
        ("<title>\u00fc</title>".encode("utf-8-sig"), "text/html; charset=iso-8859-1"),
        ("<title>\u00fc</title>".encode(), "text/html; charset=rot13"),
        ("<title>\u00fc</title>".encode(), "text/html; charset=idna"),
        ("<title>\u00fc</title>".encode(), "text/html"),
    ],
)
def test_the_character_encoding_is_detected(body: bytes, content_type: str) -> None:
    assert head(body, content_type).title == "\u00fc"


@pytest.mark.parametrize(
    ("label", "codec", "title"),
    [
        ("windows-874", "cp874", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35"),
        ("x-sjis", "cp932", "\u65e5\u672c\u8a9e"),
        ("gb2312", "gbk", "\u4e2d\u6587\u6807\u9898\u9555"),
        ("koi8-u", "koi8-u", "\u041f\u0440\u0438\u0432\u0456\u0442"),
        ("csisolatin2", "iso-8859-2", "\u017elu\u0165"),
        ("ibm866", "cp866", "\u041f\u0440\u0438\u0432\u0435\u0442"),
        ("iso-8859-1", "cp1252", "Caf\u00e9 \u2013 \u201cna\u00efve\u201d"),
        ("ks_c_5601-1987", "euc-kr", "\ud55c\uad6d\uc5b4"),
        ("iso-2022-jp", "iso-2022-jp", "\u65e5\u672c\u8a9e"),
    ],
)
def test_every_label_of_the_whatwg_is_known(label: str, codec: str, title: str) -> None:
    body = f'<meta charset="{label}"><title>{title}</title>'.encode(codec)

    assert head(body, "text/html").title == title


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "data:image/png;base64,x", "https://", " "]
)
def test_only_an_address_on_the_web_is_a_picture(target: str) -> None:
    assert head(f'<meta property="og:image" content="{target}">').image_url is None


def test_long_texts_are_cut_and_unseen_characters_dropped() -> None:
    found = head(f'<title>a\u202eb</title><meta name="description" content="{"word " * 999}">')

    assert found.title == "ab"
    assert len(found.description) <= MAX_DESCRIPTION


@pytest.mark.parametrize(
    "piece",
    [
        "<meta ",
        "<meta a=",
        '<meta "',
        f"<meta {'a' * 3990}>",
        f"<meta a={' ' * 3980}>",
        f"<meta {'a ' * 1990}>",
        f"<meta a={'=' * 3980}>",
        "<meta " + 'a="' * 1300 + ">",
        "<title",
        "<title>",
        'a="',
        "</",
        "<!--",
        "&amp;",
    ],
    ids=lambda piece: piece[:9],
)
def test_no_page_takes_long(piece: str) -> None:
    page = (piece * (768 * 1024 // len(piece))).encode()
    started = time.process_time()

    head(page)

    assert time.process_time() - started < 3.0


def test_no_content_type_takes_long() -> None:
    started = time.process_time()

    head("<title>x", f"text/html; charset={' ' * 30_000}!")

    assert time.process_time() - started < 1.0
