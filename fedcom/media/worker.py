"""The program that reads pictures, which `fedcom.media.process` runs in a separate process.

Requests arrive on standard input and responses go to standard output, one after the other, as
`messages` says. The program ends with its input, so it never outlives its server. It opens neither
the database nor a socket.
"""

import json
import resource
import sys
import time
import warnings
from contextlib import suppress
from typing import Any, BinaryIO

from fedcom.errors import Invalid
from fedcom.media.images import MAX_MEMORY, read_picture
from fedcom.media.messages import LENGTHS, SECONDS, message
from fedcom.media.picture import Size

OPEN_FILES = 32
"""The pipes to the server, and Pillow's modules, which are loaded when they are needed."""

_ITSELF = 100_000_000
"""Bytes of address space that Python and Pillow take without a picture."""


def main() -> None:
    """Respond to requests until there are no more."""
    warnings.simplefilter("ignore")  # Pillow warns about untrusted files
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    requests, responses = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing else may be written between the responses
    while (request := _receive(requests)) is not None:
        size, content = request
        # Longer than the server waits: this ends a worker whose server is gone.
        _limit(resource.RLIMIT_CPU, int(time.process_time()) + SECONDS)
        # WebP is copied while it is opened; what Pillow writes is small.
        _limit(resource.RLIMIT_AS, _ITSELF + MAX_MEMORY + 3 * len(content))
        responses.write(answer(content, Size(**size)))
        responses.flush()


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with suppress(ValueError, OSError):  # macOS has no limit of address space
        resource.setrlimit(what, (soft, hard))


def _receive(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    return json.loads(stream.read(head)), stream.read(body)


def answer(content: bytes, size: Size) -> bytes:
    """The response: the picture, or why it is refused."""
    try:
        made = read_picture(content, size)
    except Invalid as error:
        return message({"code": error.code, "template": error.template, "facts": error.facts}, b"")
    head = {"width": made.width, "height": made.height, "bytes": len(made.content)}
    return message(head, made.content + (made.thumbnail or b""))


if __name__ == "__main__":
    main()
