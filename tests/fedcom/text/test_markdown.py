import re
import time

import pytest
from markdown_it.token import Token

from fedcom.text.markdown import MAX_SOURCE, render, render_tokens
from tests.fedcom.text.strict_reader import read_strictly

LINK_END = ' rel="nofollow noopener noreferrer"'


def link(url, text=None):
    return f'<a href="{url}"{LINK_END}>{text or url}</a>'


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>"),
        ("H~2~O x^2^", "<p>H<sub>2</sub>O x<sup>2</sup></p>"),
        ("~/a and ~/b, 2^3 or 4", "<p>~/a and ~/b, 2^3 or 4</p>"),
        (
            "`a~b~` https://a.example/~x~/y",
            f"<p><code>a~b~</code> {link('https://a.example/~x~/y')}</p>",
        ),
        ("# T\n\ntext", "<h1>T</h1>\n<p>text</p>"),
        ("> q", "<blockquote>\n<p>q</p>\n</blockquote>"),
        ("[x](https://a.example)", f"<p>{link('https://a.example', 'x')}</p>"),
        ("<b>no</b> & <script>", "<p>&lt;b&gt;no&lt;/b&gt; &amp; &lt;script&gt;</p>"),
        (
            "a[^1]\n\n[^1]: foot",
            "<p>a<sup>[1]</sup></p>\n<hr>\n<ol>\n<li><p>foot</p>\n</li>\n</ol>",
        ),
        (
            "::: spoiler The *end* <b>\nhe wakes\n:::",
            "<details><summary>The *end* &lt;b&gt;</summary>\n<p>he wakes</p>\n</details>",
        ),
        (":::spoiler\nx\n:::", "<details><summary>Spoiler</summary>\n<p>x</p>\n</details>"),
        ("::: spoilers\nx\n:::", "<p>::: spoilers\nx\n:::</p>"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_markdown_becomes_html(source, expected):
    assert render(source) == expected


def test_a_table_has_rows():
    assert "<td>1</td>\n<td>2</td>" in render("|a|b|\n|-|-|\n|1|2|")


def test_the_columns_of_a_table_are_aligned():
    html = render("|a|b|\n|:-:|-:|\n|1|2|")
    assert '<th align="center">a</th>\n<th align="right">b</th>' in html
    assert '<td align="center">1</td>\n<td align="right">2</td>' in html


def test_an_image_is_shown_only_over_https():
    assert 'src="https://a.example/x.png"' in render("![cat](https://a.example/x.png)")
    assert "src=" not in render("![cat](http://a.example/x.png)")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://a.example", link("https://a.example")),
        ("see http://a.example/x.", f"see {link('http://a.example/x')}."),
        ("(https://a.example/b)", f"({link('https://a.example/b')})"),
        ("https://a.example/b_(c)", link("https://a.example/b_(c)")),
        ("https://a.example/a_b_c*d*e", link("https://a.example/a_b_c*d*e")),
        ("**https://a.example/x**", f"<strong>{link('https://a.example/x')}</strong>"),
        ("HTTPS://a.example/X", link("HTTPS://a.example/X")),
        ("<https://a.example>", link("https://a.example")),
        (
            "[https://a.example/](https://b.example)",
            link("https://b.example", "https://a.example/"),
        ),
        ("[a https://x.example b", f"[a {link('https://x.example')} b"),
        ("https://a.example/ü", link("https://a.example/%C3%BC", "https://a.example/ü")),
        ("xhttps://a.example", "xhttps://a.example"),
        ("`https://a.example`", "<code>https://a.example</code>"),
        ("https://", "https://"),
        ("a://b.example ftp://c.example", "a://b.example ftp://c.example"),
        ("javascript://a.example/%0aalert(1)", "javascript://a.example/%0aalert(1)"),
    ],
)
def test_a_bare_url_becomes_a_link(source, expected):
    assert render(source) == f"<p>{expected}</p>"


@pytest.mark.parametrize(
    "source",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](  javascript:alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](\\javascript:alert(1))",
        "[x](<javascript:alert(1)>)",
        "[x](vbscript:x)",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](data:image/png;base64,AAAA)",
        "[x](file:///etc/passwd)",
        "[x](//evil.example)",
        "[x](/u/me/delete)",
        "[x]: javascript:alert(1)\n\n[x]",
        "<javascript:alert(1)>",
        "<data:text/html,x>",
        "![x](javascript:alert(1))",
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
        "![x](data:image/png;base64,AAAA)",
        "![x](//tracker.example/p.png)",
        '![x" onerror="alert(1)](https://a.example/x)',
        '[x](https://a.example "t\\" onclick=alert(1) x")',
        '[x](https://a.example/"onclick=alert(1)//)',
        'https://a.example/"onclick=alert(1)//',
        "<img src=x onerror=alert(1)>",
        '```x" onclick=alert(1)\ncode\n```',
        "::: spoiler </summary><script>alert(1)</script>\nx\n:::",
        "[^1]\n\n[^1]: <script>alert(1)</script>",
        "[^<script>]\n\n[^<script>]: x",
        "|<script>|\n|-|\n|<img src=x onerror=alert(1)>|",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "\\<script>alert(1)</script>",
    ],
)
def test_an_attack_in_markdown_makes_no_markup(source):
    html = render(source)
    read_strictly(html)
    assert all(
        url.startswith("https://a.example") for url in re.findall('(?:href|src)="([^"]*)', html)
    )


ATTACKS = {
    "a megabyte": "x " * 500_000,
    "colons": ":" * 50_000,
    "tildes": "~" * 50_000,
    "tildes apart": "~a " * 16_000,
    "tildes and backslashes": "~\\" * 25_000,
    "carets": "^" * 50_000,
    "carets apart": "^a " * 16_000,
    "carets in links": "[^a" * 10_000,
    "brackets": "[" * 10_000,
    "too many brackets": "[" * 60_000,
    "images": "![" * 10_000,
    "links without end": "[a](b" * 10_000,
    "stars": "*a " * 16_000,
    "underscores": "_a_" * 16_000,
    "mixed emphasis": "**a *b " * 8_000,
    "quotes": ">" * 50_000,
    "lists": "- " * 25_000,
    "backticks": "".join("`" * number + " " for number in range(300)),
    "less-thans": "<" * 50_000,
    "ampersands": "&" * 50_000,
    "URLs": "http://" * 7_000,
    "parentheses after a URL": "https://a.example/" + ")" * 40_000,
    "spoilers": "::: spoiler a\n" * 3_500,
    "references": "[a]: x\n" * 8_000,
    "footnotes": "[^a]" * 9_000 + "\n\n[^a]: x",
    "cells": "|a" * 20_000 + "\n" + "|-" * 8_000,
    "rows": "|a|b|\n|-|-|\n" + "|x|y|\n" * 7_000,
}


@pytest.mark.parametrize("source", ATTACKS.values(), ids=ATTACKS.keys())
def test_hostile_markdown_costs_little(source):
    started = time.process_time()
    html = render(source)
    assert time.process_time() - started < 3
    assert len(html) < 500_000


def test_a_thousand_levels_are_no_trouble():
    # The parser reads twenty levels and drops everything below.
    assert render("> " * 1_000 + "deep").count("<blockquote>") == 20
    assert "deep" in render("> " * 18 + "deep")
    assert "x" in render("".join("  " * level + "- x\n" for level in range(200)))


def test_a_text_that_is_too_long_is_shown_as_typed():
    html = render("*a*\n<b>" + "x" * MAX_SOURCE)
    assert html.startswith("<p>*a*<br>&lt;b&gt;xxx")


def test_the_output_of_the_renderer_is_sanitized_too():
    token = Token("html_block", "", 0, content="<script>x</script><b onclick=x>y</b>")
    assert render_tokens([token]) == "<b>y</b>"


def test_more_table_cells_than_are_rendered_are_shown_as_typed():
    wide = "|a" * 100 + "|\n" + "|-" * 100 + "|\n"
    assert "<td>" in render(wide + "a\n" * 40)
    assert render(wide + "a\n" * 60).startswith("<p>|a|a")
    assert render((wide + "a\n" * 40 + "\n") * 2).startswith("<p>|a|a")


def test_a_long_table_of_few_columns_is_a_table():
    assert render("|a|b|\n|-|-|\n" + "|1|2|\n" * 1_000).count("<td>") == 2_000


def test_a_definition_that_is_used_again_and_again_is_shown_as_typed():
    source = f"[a]: https://a.example/{'b' * 2_000}\n\n" + "[a] " * 300
    assert render(source).startswith("<p>[a]: https://a.example/")


def test_the_name_of_a_footnote_is_short():
    assert "<sup>[1]</sup>" in render(f"x[^{'a' * 100}]\n\n[^{'a' * 100}]: foot")
    assert "<sup>" not in render(f"x[^{'a' * 101}]\n\n[^{'a' * 101}]: foot")


def test_more_blocks_than_may_be_shown_are_shown_as_typed():
    assert render("- a\n" * 2_000).count("<li>") == 2_000
    assert render("- a\n" * 6_000).startswith("<p>- a<br>- a<br>")


def test_more_lines_than_anybody_writes_are_shown_as_typed():
    assert render("> *a*\n" * 2_000).startswith("<blockquote>")
    assert render("> *a*\n" + "b\n" * 10_000).startswith("<p>&gt; *a*<br>b")
