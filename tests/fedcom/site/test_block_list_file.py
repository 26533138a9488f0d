from fedcom.errors import Invalid
from fedcom.models.peer import InstanceBlock
from fedcom.site.block_list_file import BlockListFile, read_block_list, write_block_list
from tests.support.clock import SettableClock

OURS = "forum.here.example"
CSV = """\ufeff#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate
Evil.example,suspend,true,true,"spam, and more",false
quiet.example,silence,false,false,,false
media.example,noop,true,false,,false
e**l.example,suspend,true,true,,true
here.example,suspend,false,false,,false
no host,suspend,false,false,,false
*.wild.example,suspend,false,false,,false
evil.example,suspend,false,false,again,false
odd.example,shun,false,false,,false
"""


def read(text: str | bytes) -> BlockListFile:
    return read_block_list(text, OURS)


def why_not(text: str | bytes) -> str:
    try:
        read(text)
    except Invalid as error:
        return error.code
    return ""


def test_mastodons_csv_is_read_and_what_cannot_be_honoured_is_named_with_its_line() -> None:
    found = read(CSV.encode())

    assert found.entries == {"evil.example": "spam, and more", "wild.example": ""}
    assert [(line.number, line.why) for line in found.skipped] == [
        *((3, "silence"), (4, "noop"), (5, "obfuscated"), (6, "own_host"), (7, "host")),
        (10, "severity"),
    ]
    assert found.skipped[2].text == "e**l.example,suspend,true,true,,true"


def test_columns_are_found_by_their_names_and_a_bare_list_needs_none() -> None:
    other = "public_comment,severity,domain\nspam,suspend,evil.example\n"
    assert read(other).entries == {"evil.example": "spam"}
    bare = "# my list\r\n\r\nevil.example\r\nhttps://Bücher.example/\r\nbad.example,suspend\r\n"
    assert [*read(bare).entries] == ["evil.example", "xn--bcher-kva.example", "bad.example"]


def test_what_is_no_list_is_refused() -> None:
    assert why_not("") == "list_empty"
    assert why_not("<!doctype html>\n<title>Not found</title>\n") == "list_empty"
    assert why_not(b"\xff\xfe\x00") == "list_malformed"
    assert why_not("x" * 3_000_000) == "list_too_large"
    assert why_not("\n".join(f"s{number}.example" for number in range(10_001))) == "too_many_items"
    # Nothing to block, but certainly a list.
    assert why_not("#domain,#severity\nquiet.example,silence\n") == ""


def test_what_is_written_is_read_again(clock: SettableClock) -> None:
    blocks = [
        InstanceBlock("a.example", 'spam, "ads"\nand more', clock(), ""),
        InstanceBlock("b.example:8443", "", clock(), "mine"),
    ]
    text = write_block_list(blocks)

    assert text.splitlines() == [
        "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate",
        'a.example,suspend,false,false,"spam, ""ads"" and more",false',
        "b.example:8443,suspend,false,false,,false",
    ]
    assert read(text).entries == {"a.example": 'spam, "ads" and more', "b.example:8443": ""}
