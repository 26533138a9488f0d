import io
import wave

import pytest
from PIL import Image
from sqlalchemy import select

from fedcom.accounts.captcha import (
    LENGTHS,
    draw_captcha,
    expired_captchas,
    get_answer,
    make_ticket,
    speak_captcha,
    use_captcha,
)
from fedcom.errors import Invalid
from fedcom.models.account import used_captcha
from fedcom.remote.keys import KeyCipher
from tests.support.pruning import prune_now

CIPHER = KeyCipher(b"secret")


@pytest.fixture
def ticket(rig):
    return make_ticket(CIPHER, "medium", rig.clock())


def answer_of(rig, ticket):
    return get_answer(CIPHER, ticket, rig.clock())


def use(rig, ticket, typed):
    return rig(lambda ctx: use_captcha(ctx.conn, CIPHER, ticket, typed, ctx.now))


@pytest.mark.parametrize("difficulty", LENGTHS)
def test_a_harder_captcha_is_longer(rig, difficulty):
    answer = answer_of(rig, make_ticket(CIPHER, difficulty, rig.clock()))
    assert len(answer) == LENGTHS[difficulty]
    assert sorted(LENGTHS.values()) == list(LENGTHS.values())


def test_no_two_are_alike_and_none_shows_its_answer(rig, ticket):
    assert answer_of(rig, ticket) not in ticket
    assert make_ticket(CIPHER, "medium", rig.clock()) != ticket


@pytest.mark.parametrize("typed", [str, str.lower, lambda answer: f" {answer[:3]} {answer[3:]} "])
def test_the_right_answer_counts_once(rig, ticket, typed):
    answer = answer_of(rig, ticket)
    assert use(rig, ticket, typed(answer))
    assert not use(rig, ticket, answer)


def test_after_a_wrong_answer_the_right_one_comes_too_late(rig, ticket):
    assert not use(rig, ticket, "WRONG")
    assert not use(rig, ticket, answer_of(rig, ticket))


@pytest.mark.parametrize("typed", ["", "\0", "\ud800", "x" * 100_000])
def test_what_is_no_answer_is_wrong(rig, ticket, typed):
    assert not use(rig, ticket, typed)


def test_it_may_be_solved_for_ten_minutes(rig, ticket):
    answer = answer_of(rig, ticket)
    rig.clock.advance(minutes=10, seconds=-1)
    assert answer_of(rig, ticket) == answer
    rig.clock.advance(seconds=1)
    assert not use(rig, ticket, answer)


@pytest.mark.parametrize(
    "ticket",
    [
        *("", "x", "\0", "\ud800", "ä", "x" * 100_000),
        pytest.param(CIPHER.encrypt("a secret").decode(), id="another secret of ours"),
        pytest.param(CIPHER.encrypt("key ABC 99999999999").decode(), id="for another purpose"),
        pytest.param(
            KeyCipher(b"theirs").encrypt("captcha ABC 99999999999").decode(), id="of another server"
        ),
    ],
)
def test_a_ticket_that_is_not_ours_is_refused_and_stores_nothing(rig, ticket):
    with pytest.raises(Invalid) as caught:
        answer_of(rig, ticket)
    assert caught.value.code == "captcha_incorrect"
    assert not use(rig, ticket, "ABC")
    assert rig(lambda ctx: ctx.conn.execute(select(used_captcha)).all()) == []


def test_used_ones_are_forgotten_when_they_would_have_expired(rig, ticket):
    use(rig, ticket, "WRONG")
    assert rig(lambda ctx: prune_now(ctx.conn, expired_captchas(ctx.now))) == 0
    rig.clock.advance(minutes=10)
    assert rig(lambda ctx: prune_now(ctx.conn, expired_captchas(ctx.now))) == 1


def test_it_can_be_seen_and_heard():
    with Image.open(io.BytesIO(draw_captcha("ACDEFH"))) as picture:
        assert (picture.format, picture.height) == ("PNG", 70)
        assert len(picture.getcolors(1_000_000) or []) > 10
    with wave.open(io.BytesIO(speak_captcha("ACDEFH"))) as recording:
        assert (recording.getnchannels(), recording.getframerate()) == (1, 8_000)
        assert recording.getnframes() > 6 * 8_000


def test_every_character_can_be_drawn_and_spoken():
    assert draw_captcha("ACDEFHJKLMNPRTUVWXY3479")
    assert speak_captcha("ACDEFHJKLMNPRTUVWXY3479")
