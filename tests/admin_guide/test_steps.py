"""What is followed by hand is what the documents say: each block of those chapters is a step."""

from tests.admin_guide.guide import find_block, read_blocks, to_commands
from tests.admin_guide.steps import FIRST, LEFT_OUT, SECOND, Follow

_FOLLOWED = [one for one in (*FIRST, *SECOND) if isinstance(one, Follow)]
_NO_STEPS = {"", "json"}
"""Languages of what is shown, not done."""


def test_every_step_is_in_the_documents_with_what_it_replaces() -> None:
    for step in _FOLLOWED:
        block = find_block(step.document, step.heading, step.number)
        for one in step.replace:
            assert one.old in block.text, f"{block}: {one.old}"


def test_every_block_of_a_followed_chapter_is_a_step() -> None:
    done = {(one.document, one.heading, one.number) for one in _FOLLOWED} | set(LEFT_OUT)
    chapters = {(one.document, one.heading) for one in _FOLLOWED} | {
        (document, heading) for document, heading, _ in LEFT_OUT
    }
    found = {
        (block.document, block.heading, block.number)
        for document in ("admin.md", "scaling.md")
        for block in read_blocks(document)
        if (block.document, block.heading) in chapters and block.language not in _NO_STEPS
    }
    assert found == done


def test_every_chapter_with_commands_for_one_machine_is_followed() -> None:
    chapters = {block.heading for block in read_blocks("admin.md") if block.language == "sh"}
    followed = {heading for _, heading, _ in LEFT_OUT} | {one.heading for one in _FOLLOWED}
    assert chapters <= followed


def test_a_command_may_have_several_lines() -> None:
    assert to_commands("a \\\n  b\n\nc\n") == ["a \\\n  b", "c"]
