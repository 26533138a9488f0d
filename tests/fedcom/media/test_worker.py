"""The requests and responses of the program that reads pictures."""

import json
import subprocess
import sys

import pytest

from fedcom.errors import Invalid
from fedcom.media.images import read_picture
from fedcom.media.messages import LENGTHS, answered, question
from fedcom.media.picture import AVATAR, POST, Picture, Size
from fedcom.media.worker import answer
from tests.support.pictures import bomb, draw, moving, picture

WORKER = (sys.executable, "-m", "fedcom.media.worker")


def taken_apart(message: bytes) -> Picture:
    head, body = LENGTHS.unpack_from(message)
    start = LENGTHS.size + head
    assert len(message) == start + body
    return answered(json.loads(message[LENGTHS.size : start]), message[start:])


@pytest.mark.parametrize("size", [POST, AVATAR])
@pytest.mark.parametrize("content", [picture(), moving(), picture("JPEG", draw(400, 300))])
def test_an_answer_brings_the_picture_and_its_thumbnail(content: bytes, size: Size) -> None:
    assert taken_apart(answer(content, size)) == read_picture(content, size)


@pytest.mark.parametrize("content", [b"", bomb(7000, 7000), bomb(60_000, 60_000)])
def test_an_answer_brings_the_refusal_with_its_facts(content: bytes) -> None:
    with pytest.raises(Invalid) as here:
        read_picture(content, POST)
    with pytest.raises(Invalid) as there:
        taken_apart(answer(content, POST))
    assert (there.value.template, there.value.facts) == (here.value.template, here.value.facts)


def test_it_answers_in_turn_and_ends_with_its_input() -> None:
    pictures = [picture("PNG", draw(side, 20)) for side in (30, 40)]
    asked = b"".join(question(content, AVATAR) for content in pictures)

    done = subprocess.run(WORKER, input=asked, capture_output=True, check=True)

    assert done.stdout == b"".join(answer(content, AVATAR) for content in pictures)
    assert done.stderr == b""
    assert subprocess.run(WORKER, input=b"", capture_output=True, check=True).stdout == b""
