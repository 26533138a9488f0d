"""Pictures are deleted for good, wherever they came from."""

import pytest

from fedcom.cli.opening import with_instance
from fedcom.media.images import read_picture
from fedcom.media.picture import POST
from fedcom.media.pictures import StoredPicture
from fedcom.media.records import put_media
from fedcom.media.remote import name_of_copy
from fedcom.media.store import Store
from fedcom.wiring import OpenInstance
from tests.fedcom.cli.shell import Shell
from tests.support.pictures import draw, picture

CAT = "https://peer.example/cat.png"


async def kept(instance: OpenInstance) -> str:
    """A preview of a remote picture, with its files and a copy; our address of it."""
    store: Store = instance.pictures.store
    made = read_picture(picture("PNG", draw(300, 300)), POST)
    name, thumbnail = store.keep(made.content), store.keep(made.thumbnail or b"")
    instance.remote_pictures.store.keep(made.content, name_of_copy(CAT, "full"))
    row = StoredPicture(name, thumbnail, made.width, made.height, len(made.content))
    await instance.unit(lambda ctx: put_media(ctx, row, "preview", source_url=CAT))
    return f"{instance.settings.origin}/media/{name}"


@pytest.mark.parametrize("by_its_origin", [True, False])
def test_a_picture_goes_with_all_its_files(shell: Shell, by_its_origin: bool) -> None:
    ours = with_instance(None, kept)
    address = CAT if by_its_origin else ours

    assert shell.must("media", "remove", address) == f"{address} was deleted.\n"

    def files(store: Store) -> list[str]:
        return [name for name, *_ in store.files()]

    async def left(instance: OpenInstance) -> tuple[list[str], list[str]]:
        return files(instance.pictures.store), files(instance.remote_pictures.store)

    copies = [] if by_its_origin else [name_of_copy(CAT, "full")]
    assert with_instance(None, left) == ([], copies)
    result = shell("media", "remove", address)
    assert result.code == 1
    assert "(couldnt_find_picture)" in result.err
