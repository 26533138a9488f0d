"""Captchas: a few characters to type from a picture or a recording, before signing up.

Nothing is stored until an answer comes: the answer is in the ticket that the form brings back,
encrypted with the instance's secret. Then the ticket is stored as used, right or wrong.

`draw_captcha` takes some 10 ms of CPU, `speak_captcha` 300 ms: call them with `offload`.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from functools import cache

from captcha.audio import AudioCaptcha
from captcha.image import ImageCaptcha
from sqlalchemy import Connection

from database.inserts import insert_ignoring
from database.pruning import Outdated, outdated_in
from fedcom.errors import Invalid
from fedcom.models.account import used_captcha
from fedcom.models.site import CaptchaDifficulty
from fedcom.remote.keys import KeyCipher, WrongSecret

VALID = timedelta(minutes=10)
"""How long a captcha may be solved. Lemmy 0.19 has the same."""

LENGTHS: dict[CaptchaDifficulty, int] = {"easy": 4, "medium": 6, "hard": 8}
"""Characters to type."""

MAX_TICKET = 400
"""Characters."""

# Without those that look alike; the recordings have all of them.
_CHARACTERS = "ACDEFHJKLMNPRTUVWXY3479"
_PURPOSE = "captcha"
_WIDTH, _HEIGHT = 44, 70


def make_ticket(cipher: KeyCipher, difficulty: CaptchaDifficulty, now: datetime) -> str:
    """A new captcha, as the ticket that has its answer, encrypted, and its end."""
    answer = "".join(secrets.choice(_CHARACTERS) for _ in range(LENGTHS[difficulty]))
    until = int((now + VALID).timestamp())
    return cipher.encrypt(f"{_PURPOSE} {answer} {until}").decode()


def get_answer(cipher: KeyCipher, ticket: str, now: datetime) -> str:
    """The answer to this captcha. Raises Invalid("captcha_incorrect") if the ticket is not ours or
    has expired.
    """
    try:
        if len(ticket) > MAX_TICKET or not ticket.isascii():
            raise captcha_incorrect()
        purpose, answer, until = cipher.decrypt(ticket.encode()).split(" ")
    except (WrongSecret, ValueError):
        raise captcha_incorrect() from None
    if purpose != _PURPOSE or int(until) <= now.timestamp():
        raise captcha_incorrect()
    return answer


def use_captcha(
    conn: Connection, cipher: KeyCipher, ticket: str, typed: str, now: datetime
) -> bool:
    """Whether the answer is right, and the first one to this captcha; capitals do not matter.

    The caller has to commit in either case, and then to raise `captcha_incorrect` if it is wrong.
    """
    try:
        answer = get_answer(cipher, ticket, now)
    except Invalid:
        return False
    digest = hashlib.sha256(ticket.encode()).hexdigest()
    is_first = insert_ignoring(conn, used_captcha, {"digest": digest, "expires_at": now + VALID})
    given = "".join(typed.split()).upper().encode("utf-8", "replace")
    return is_first and hmac.compare_digest(given, answer.encode())


def captcha_incorrect() -> Invalid:
    """The error for a wrong answer, and for one that comes too late or twice."""
    return Invalid(
        "captcha_incorrect", "These aren't the characters in the picture. Try the new ones."
    )


def draw_captcha(answer: str) -> bytes:
    """The picture, as PNG."""
    return (
        ImageCaptcha(width=_WIDTH * (len(answer) + 1), height=_HEIGHT).generate(answer).getvalue()
    )


def speak_captcha(answer: str) -> bytes:
    """The recording in English, with noise, as WAV; some 20 seconds, 8 kHz."""
    return bytes(_voices().generate(answer))


@cache
def _voices() -> AudioCaptcha:
    voices = AudioCaptcha()
    voices.load()
    return voices


def expired_captchas(now: datetime) -> Outdated:
    """The used captchas that would not be accepted any more anyway."""
    return outdated_in(used_captcha, used_captcha.c.expires_at <= now)
