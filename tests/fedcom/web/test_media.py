"""Uploads are served as pictures or not at all, whatever they contain and however they are
requested.
"""

import json

import pytest

from tests.fedcom.web.conftest import World
from tests.support.documents import person
from tests.support.pictures import picture

pytestmark = pytest.mark.anyio

DOCUMENT = json.dumps(person("https://forum.example/u/bob")).encode()
FILES = {
    "an actor (Akkoma 3.12)": DOCUMENT,
    "an actor that begins as a picture": b"GIF89a" + DOCUMENT,
    "a page": b"<!doctype html><script>alert(1)</script>",
    "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "a script": b"#!/bin/sh\n",
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
async def test_a_file_that_is_not_a_picture_is_not_stored(world: World, content: bytes) -> None:
    answer = await world.browser("bob").send("/upload", {"picture": content}, alt="")

    assert answer.status == 422
    assert list(world.instance.pictures.store.files()) == []


@pytest.mark.parametrize(
    "accept", ["application/activity+json", "application/ld+json", "text/html", "*/*"]
)
async def test_an_upload_is_a_picture_to_everybody(world: World, accept: str) -> None:
    """A document hidden after the pixels is not served."""
    hidden = picture("PNG") + DOCUMENT
    await world.browser("bob").send("/upload", {"picture": hidden}, alt="")
    [(name, *_)] = world.instance.pictures.store.files()

    shown = await world.browser().client.get(f"/media/{name}", headers={"Accept": accept})

    assert shown.headers["content-type"] == "image/webp"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert b"publicKey" not in shown.content
