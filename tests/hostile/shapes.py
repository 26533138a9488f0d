"""Hostile inputs, each as a function of the approximate length."""

from collections.abc import Callable
from itertools import count

Shape = Callable[[int], str]


def repeated(unit: str) -> Shape:
    """The same text repeated."""
    return lambda length: (unit * (length // len(unit) + 1))[:length]


def counted(write: Callable[[int], str]) -> Shape:
    """The results of `write` for 1, 2, 3 and so on."""

    def shape(length: int) -> str:
        parts: list[str] = []
        room = length
        for number in count(1):
            parts.append(write(number))
            room -= len(parts[-1])
            if room <= 0:
                break
        return "".join(parts)[:length]

    return shape


def nested(opening: str, closing: str, inside: str = "a") -> Shape:
    """The same number of openings and closings."""

    def shape(length: int) -> str:
        depth = length // (len(opening) + len(closing))
        return opening * depth + inside + closing * depth

    return shape


def after(head: str, shape: Shape, tail: str = "") -> Shape:
    """A shape between a beginning and an end."""
    return lambda length: head + shape(length) + tail


def halves(first: Shape, second: Shape) -> Shape:
    """One shape followed by another, each of half the length."""
    return lambda length: first(length // 2) + "\n\n" + second(length // 2)


def _table(rows: int, columns: int) -> str:
    return "|a" * columns + "|\n" + "|-" * columns + "|\n" + ("|a" * columns + "|\n") * rows


_SAME = (
    # Brackets.
    *("[", "]", "[]", "[a](", "[a](b", "[a](b) ", "![", "![a](", "![a](b)", "[a [b](c) ", "[[]]"),
    *('[a](b "', "[a](b 'c", "[a](b (", "[a](<b", "[a](b(", "\\[", "[]()", "[a][", "[a][b]"),
    *("![[]", "[!", "[`", "[<", "[x](\\", "*[a]", "[*a", "[*a](b)*", "(", ")"),
    # Emphasis and its kin.
    *("*a", "a*", "**a*b_c", "_a", "a_b", "*_", "*a _b ", "*a_ b", "*", "_", "*** a", "a***"),
    *("***a**b*", "a**bc* ", "`", "`a", "`a` ", "~", "~a", "~a~ ", "~a~", "~a b", "^", "^a", "^a^"),
    *("^a b ", "^a~b ", "~[", "^[a", "~~a", "~~a~~", "~~~a", "a~~~b", "^`", "~\\ "),
    # Angles and ampersands.
    *("<", "<a:", "<http://a", "<http://a.b>", "<a@b.c>", "<a@b.", "<aaa@aaa-", "<!--", "<b>"),
    *("<![CDATA[", "<?", "&", "&a;", "&amp;", "&#1;", "&#", "&#x", "&abcdefghij"),
    # Blocks.
    *(">", "> ", "> a\n", ">" * 20 + "a\n", "> - a\n", "> - ", "- > ", "> ```\n", ">\n", ">\t"),
    *("- ", "- a\n", "- a\n\n", "1. a\n", "1. ", "- a\n* b\n+ c\n", "1) a\n2. b\n", "-\n"),
    *(
        "- " * 20 + "a\n",
        "|a",
        "|a|b|\n|-|-|\n",
        "\\|",
        "|",
        "|-",
        "a|b\n-|-\nc|d\n\n",
        "a|\n:-:|\n",
    ),
    *(
        "a\n|-\n",
        "a|b\n",
        "::: spoiler a\n",
        "::: spoiler a\nb\n:::\n",
        ":",
        ":::\n",
        "> ::: spoiler a\n",
    ),
    *("a  \n", "\\", "\\\n", "a\n", "\n", " ", "\t", "---\n", "* * *\n", "- - ", "a\n=\n", "=\n"),
    *("```\n", "```a\n\n", "~~~\n", "    a\n", "    a\n\n\n", "# ", "# a\n", "###### a #\n", "#"),
    # Footnotes and references.
    *("[^a]", "[^a", "[^a]: b\n", "[^a]: [^b]: ", "[^a]: b\n    c\n", "[a]: b\n", "[a]: ", "[a\n"),
    *('[a]: b "\n', "[a]: b '", "> [a]: b\n", '[a]: b\n"c\n', '[a]: b "c\n\n', "[a]:\n"),
    # Addresses and names.
    *("http://", "http://a.b ", "https://a.b/(", "https://a.b/()", "https://a.b/.... ", "://"),
    *(":// ", "x://", "xhttp://", "http:", "javascript://a ", "https://a_b_", "https://a.b*"),
    *("(https://a.b/(c)) ", "@a@b.c ", "@a", "!a@b.c", "@a@a.", "@", "!", "@_", "@a@b.c:"),
    *("@a@" + "-" * 63, "@" + "a" * 100, " @a@" + "a" * 63 + "." + "a" * 64, "@a@é.", "!a@b.c "),
    # Characters.
    *("a", "\u0301", "a\u0301", "a" + "\u0301\u0316" * 20, "\u05d0", "\u202e", "\u200d", "a\u200b"),
    *("👩\u200d👧", "\0", "\r", "\x0c", "\xa0", "漢字", '"', "'"),
    "Some *honest* words, a [link](https://example.org/x) and @somebody@example.org.\n\n",
)
MARKDOWN: dict[str, Shape] = {
    **{repr(unit): repeated(unit) for unit in _SAME},
    "nested brackets": nested("[", "]"),
    "nested brackets and a definition": after("[a]: b\n\n", nested("[", "]")),
    "nested links": nested("[", "](b)"),
    "nested pictures": nested("![", "](b)"),
    "pictures thirty deep": repeated("![" * 30 + "a" + "](b)" * 30),
    "runs of stars": counted(lambda i: "*" * (i % 40 + 1) + "a"),
    "runs of both": counted(lambda i: "*_"[i % 2] * (i % 7 + 1) + "a"),
    "stars opened and lines closed": halves(repeated("*a "), repeated("b_ ")),
    "opened, then closed": halves(repeated("*a _b ~~c "), repeated("a* b_ c~~ ")),
    "nested emphasis": nested("**x", "x**"),
    "growing backticks": counted(lambda i: "`" * i + " "),
    "many lengths of backticks": counted(lambda i: "`" * (i % 200 + 1) + "a"),
    "an open code span": after("``", repeated("`a ")),
    "an endless tag": after("<", repeated("a")),
    "growing quotes": counted(lambda i: ">" * i + " a\n"),
    "lazy lines of a deep quote": after(">" * 50, repeated("a\n")),
    "growing lists": counted(lambda i: "  " * i + "- a\n"),
    "lists thirty deep": counted(lambda i: "  " * (i % 30) + "- a\n"),
    "lazy lines of a list": after("- a\n", repeated("b\n")),
    "empty lines in a deep list": after("- " * 50 + "a\n", repeated("\n"), "b"),
    "a wide table": lambda length: _table(0, length // 4),
    "a square table": lambda length: _table(int(length**0.5), int(length**0.5 / 2)),
    "a long table": lambda length: _table(length // 3, 1),
    "a table with short rows": lambda length: _table(0, length // 8) + "a\n" * (length // 4),
    "small tables with short rows": repeated(_table(0, 70) + "a\n" * 70 + "\n"),
    "escaped bars in a table": after("|", repeated("\\|"), "\n|-\n"),
    "a long rule below a word": after("a\n", repeated("-")),
    "names of footnotes without an end": after("[^a]: b\n\n", repeated("[^a")),
    "footnotes used often": after("[^a]: b\n\n", repeated("[^a]")),
    "many footnotes": counted(lambda i: f"[^{i}] [^{i}]: x\n\n"),
    "footnotes and uses": halves(counted(lambda i: f"[^{i}]: x\n\n"), counted(lambda i: f"[^{i}]")),
    "footnotes in footnotes": counted(lambda i: "  " * i + f"[^{i}]: a\n"),
    "a chain of footnotes": after("[^1]\n\n", counted(lambda i: f"[^{i}]: [^{i + 1}]\n\n")),
    "a footnote of itself": after("[^a]\n\n", repeated("[^a]: [^a]\n\n")),
    "a long footnote used often": halves(repeated("[^a]"), after("[^a]: ", repeated("x"))),
    "a long name of a footnote": after("[^", repeated("a"), "]"),
    "definitions and uses": halves(counted(lambda i: f"[{i}]: x\n"), repeated("[1]")),
    "a title over many lines": after('[a]: b "', repeated("c\n")),
    "a label over many lines": after("[", repeated("a\n")),
    "a long address used often": halves(after("[a]: /", repeated("b")), repeated("[a] ")),
    "an address used often": after("[a]: /" + "b" * 300 + "\n\n", repeated("[a] ")),
    "a label that grows in small letters": after("[" + "ẞ" * 500 + "]: x\n[", repeated("ẞ"), "]"),
    "growing spoilers": counted(lambda i: ":" * (i + 2) + " spoiler a\n"),
    "spoilers, and lines": after("::: spoiler a\n" * 90, repeated("b\n")),
    "long rows of colons": repeated(":" * 1000 + "\n"),
    "an address and parentheses": after("https://a.b/", repeated(")")),
    "an address and full stops": after("https://a.b/", repeated(".")),
    "an address in other letters": after("https://", repeated("é")),
    "a host of many labels": after("https://", repeated("a.")),
    "a host of many labels in other letters": after("https://", repeated("ü.")),
    "broken escapes in an address": after("https://a/", repeated("%zz")),
    "brackets in an address": after("https://a.b/", nested("(", ")")),
    "a long name": after("@", repeated("a.")),
    "many names": counted(lambda i: f"@a{i}@b.c "),
    "spaces inside a line": after("a", repeated(" "), "b"),
    "a heading below many lines": after("", repeated("a\n"), "="),
    "a heading with many ends": after("# a", repeated(" #")),
}

HTML: dict[str, Shape] = {
    **{
        repr(unit): repeated(unit)
        for unit in (
            *("<", "<div>", "<div></div>", "<b>", "<b>a</b>", "<b><p>", "<a href=x>", "<table>"),
            *(
                "<table><b>x",
                "<table><tr><td>",
                "&",
                "&amp",
                "&amp;",
                "&lt;",
                "&#x",
                "&notin",
                "&abc;",
            ),
            *(
                "<a " + "b=c " * 50 + ">",
                "<a" + " href=x" * 100 + ">",
                "<!--",
                "<!-- a -->",
                "<![CDATA[",
            ),
            *("<svg><style>", "<li>", "<ul><li>", "<ruby><rt>", "<details>", "<font>", "<nobr>"),
            *(
                "<a><p>",
                "<select><option>",
                "<b x><p>",
                "<em lang=a>",
                '"',
                "\0",
                "<br>",
                "<b ",
                "<br",
            ),
            *(
                '<span class="invisible">',
                "<img src=https://x/>",
                "@a ",
                "@a@b ",
                " ",
                "<p>",
                "</p>",
            ),
            *("<button>", "<object>", "<div><object></div></object>", "<template>", "<math><mi>"),
            *(
                "<blockquote>",
                "<a href=https://x><p></a>",
                "<b><p></b>",
                "<i><p></i></p>",
                "<script>",
            ),
            *(
                "<b><i><u><s>",
                '<a b="',
                "<p a='\">",
                "<!",
                "</",
                "</a b=c>",
                "<a =",
                "word ",
                "\u0301",
            ),
            *('<a href="https://x" class="mention">a</a> ',),
        )
    },
    "attributes of one tag": after("<p", counted(lambda i: f" a{i}=b"), ">"),
    "attributes without an end": after("<p", counted(lambda i: f" a{i}=b")),
    "one long attribute": after('<p title="', repeated("a"), '">'),
    "formatting with attributes": counted(lambda i: f"<b x={i}>"),
    "nested and closed": nested("<div>", "</div>"),
    "nested lists": nested("<ul><li>", "</li></ul>"),
}

PAGES: dict[str, Shape] = {
    **{
        repr(unit): repeated(unit)
        for unit in (
            *("<meta ", '<meta property="og:title" content="x">', "<title>", "<", "<title>&amp;"),
            *(
                "<meta " + "a=b " * 50,
                "<script>",
                "<!--",
                '<meta content="',
                "<link rel=alternate ",
            ),
            *("<meta" + " " * 100, '<link rel="alternate" type="x" href="y">', "<meta a"),
            *(
                "<link " + "a" * 1000 + ">",
                "<title" + " " * 400 + ">",
                "</head",
                "<body",
                "charset=",
            ),
        )
    },
    "one long name": after("<meta ", repeated("a")),
    "one long link": after("<link ", repeated("a ")),
}

JSON: dict[str, Shape] = {
    "zeros": after("[", repeated("0,"), "0]"),
    "words": after("[", repeated('"a",'), "0]"),
    "one word": after('"', repeated("a"), '"'),
    "escapes": after('"', lambda length: "\\u0041" * (length // 6), '"'),
    "pairs of surrogates": after('"', lambda length: "\\ud83d\\ude00" * (length // 12), '"'),
    "objects": after("[", lambda length: "{}," * (length // 3), "0]"),
    "keys": lambda length: "{" + ",".join(f'"k{i}":0' for i in range(length // 12)) + "}",
    "one key again and again": lambda length: "{" + ",".join(['"k":0'] * (length // 6)) + "}",
    "too deep": nested("[", "]", ""),
    "deep": lambda length: "[" + ("[" * 36 + "]" * 36 + ",") * (length // 73) + "0]",
    "one long number": repeated("1"),
    "many long numbers": lambda length: "[" + ("1" * 4000 + ",") * (length // 4001) + "0]",
    "a huge power": after("1e", repeated("9")),
    "fractions": lambda length: "[" + "1e5," * (length // 4) + "0]",
    "spaces": repeated(" "),
    "signs": after("[", repeated("-")),
    "addresses": lambda length: '{"to":[' + '"https://a/b",' * (length // 14) + "0]}",
    "names": lambda length: (
        '{"tag":[' + '{"type":"Mention","href":"https://a/b"},' * (length // 41) + "0]}"
    ),
}

LINES: dict[str, Shape] = {
    repr(unit): repeated(unit)
    for unit in (
        *(
            "a",
            "a ",
            " ",
            ",",
            ";",
            "=",
            "a=",
            "a;",
            'a="b",',
            '"',
            "(",
            "()",
            ")",
            ":",
            "a:",
            "?1",
        ),
        *(
            "1",
            "-",
            ".",
            "a.",
            "@",
            "a@",
            "/",
            "//",
            "\\",
            "%",
            "%41",
            "é",
            "\u0301",
            "漢字 ",
            '"a" ',
        ),
        *(
            "-a ",
            "author:a ",
            "a* ",
            "text/html;q=0.5,",
            ";q=1",
            "en-",
            "en,",
            'keyId="a",',
            "sig=(),",
        ),
        *(
            "sig=:YQ==:,",
            'a;b="c";',
            "https://a",
            "[",
            "::",
            "<a>;",
            '<a>; rel="b", ',
            "\t",
            "*/*,",
        ),
    )
}
