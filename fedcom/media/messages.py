"""What the server and the program that reads pictures send each other.

A message has the lengths of its head and its body, the head as JSON, and the body as it is.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fedcom.errors import Invalid
from fedcom.media.picture import Picture, Size

LENGTHS = struct.Struct(">II")

SECONDS = 30
"""How long a picture may take; within the limits of `images` a long animation takes six."""


def message(head: Mapping[str, Any], body: bytes) -> bytes:
    """A request or response as it is sent."""
    packed = json.dumps(head).encode()
    return LENGTHS.pack(len(packed), len(body)) + packed + body


def question(content: bytes, size: Size) -> bytes:
    """The request to read a picture."""
    return message(asdict(size), content)


def answered(head: Mapping[str, Any], body: bytes) -> Picture:
    """The picture in a response. Raises Invalid for a refusal."""
    if "code" in head:
        code, template = head["code"], head["template"]
        raise Invalid(code, template, **head["facts"])
    content, thumbnail = body[: head["bytes"]], body[head["bytes"] :]
    return Picture(content, thumbnail or None, head["width"], head["height"])
