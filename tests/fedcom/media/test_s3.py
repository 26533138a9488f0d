"""Pictures in a bucket, on a server that speaks S3: as in a folder."""

import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr, ValidationError

from fedcom.app import create_app
from fedcom.media.picture import AVATAR
from fedcom.media.s3 import Bucket, S3Store, open_bucket
from fedcom.settings import Settings, SettingsError
from fedcom.wiring import open_instance
from tests.support.clock import SettableClock
from tests.support.pictures import picture

pytestmark = pytest.mark.anyio

NAME = "0" * 64 + ".webp"
OTHER = "1" * 64 + ".webp"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The host and port of an S3-compatible server."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    started.start()
    host, port = started.get_host_and_port()
    yield f"{host}:{port}"
    started.stop()


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest) -> str:
    """A new, empty bucket, as in the settings; the secret key has characters to be encoded."""
    name = f"pictures-{abs(hash(request.node.name))}"
    url = f"http://key:s%2Fe%2Bcret@{server}/{name}?region=eu-central-1"
    place = {"LocationConstraint": "eu-central-1"}
    open_bucket(url).client.create_bucket(Bucket=name, CreateBucketConfiguration=place)
    return url


@pytest.fixture
def bucket(url: str) -> Bucket:
    return open_bucket(url)


def test_a_stored_picture_can_be_read_and_removed(bucket: Bucket) -> None:
    store = S3Store(bucket)
    assert list(store.files()) == []

    name = store.keep(b"content")

    assert store.keep(b"content") == name
    assert store.read(name) == b"content"
    ((found, kept_at, size),) = store.files()
    assert (found, size) == (name, 7)
    assert abs(kept_at - datetime.now(UTC)) < timedelta(hours=1)
    store.remove(name)
    store.remove(name)
    assert store.read(name) is None


def test_the_secret_key_is_decoded(bucket: Bucket) -> None:
    """The server of these tests does not check signatures."""
    assert bucket.client._request_signer._credentials.secret_key == "s/e+cret"


def test_copies_of_remote_pictures_are_apart(bucket: Bucket) -> None:
    ours, copies = S3Store(bucket), S3Store(bucket, "remote/")
    ours.keep(b"ours", NAME)
    copies.keep(b"a copy", NAME)
    copies.keep(b"another", OTHER)

    assert [name for name, *_ in ours.files()] == [NAME]
    assert {name for name, *_ in copies.files()} == {NAME, OTHER}
    copies.remove(NAME)
    assert (ours.read(NAME), copies.read(NAME)) == (b"ours", None)


def test_all_pictures_are_listed_whatever_the_size_of_a_page(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    store = S3Store(bucket)
    names = {store.keep(b"%d" % number) for number in range(5)}

    assert {name for name, *_ in store.files()} == names


@pytest.mark.parametrize("name", ["", "secret.key", f"../{NAME}", f"remote/{NAME}", f"{NAME}\n"])
def test_no_name_leads_to_a_foreign_object(bucket: Bucket, name: str) -> None:
    for key in ("secret.key", f"remote/{NAME}", f"{NAME}.bak"):
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"precious")
    store = S3Store(bucket)

    store.remove(name)

    assert store.read(name) is None
    assert list(store.files()) == []
    listed = bucket.client.list_objects_v2(Bucket=bucket.name)
    assert listed["KeyCount"] == 3


def test_storage_that_fails_is_like_a_disk_that_fails(server: str) -> None:
    """A picture does not seem to be gone."""
    store = S3Store(open_bucket(f"http://key:secret@{server}/no-such-bucket"))

    with pytest.raises(OSError, match="NoSuchBucket"):
        store.keep(b"content")
    with pytest.raises(OSError, match="NoSuchBucket"):
        store.read(NAME)
    with pytest.raises(OSError, match="NoSuchBucket"):
        list(store.files())


async def test_an_instance_stores_its_pictures_there_and_serves_them(
    url: str, bucket: Bucket, database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    settings = Settings(
        origin="https://home.example",
        data_dir=tmp_path,
        database_url=database_url,
        s3_url=SecretStr(url),
    )
    async with open_instance(settings, clock=clock) as instance:
        app = create_app(settings)
        app.state.instance = instance
        stored = await instance.pictures.keep(picture(), AVATAR)
        address = f"https://home.example/media/{stored.name}"
        answer = await httpx.ASGITransport(app).handle_async_request(httpx.Request("GET", address))
        content = await answer.aread()

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert content == S3Store(bucket).read(stored.name)
    assert not settings.media_dir.exists()


def test_without_the_package_the_admin_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(SettingsError, match="pip install boto3"):
        open_bucket("https://key:secret@s3.example/bucket")


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket",
        "https://s3.example/bucket",
        "https://key@s3.example/bucket",
        "https://key:secret@s3.example",
        "https://key:secret@s3.example/bucket/folder",
        "https://key:secret@s3.example:port/bucket",
    ],
)
def test_an_address_without_keys_or_bucket_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="ACCESS_KEY:SECRET_KEY@host/bucket"):
        Settings(origin="https://home.example", s3_url=SecretStr(url))
