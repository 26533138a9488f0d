"""Pictures in a bucket of S3-compatible storage, under the same names as in a folder.

Objects are complete or not there, as files of `store` are, and are read and written by the server
only: the bucket needs no public access. The library, boto3, is optional and only imported here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from fedcom.media.picture import MEDIA_TYPE, name_of
from fedcom.media.store import NAME, OURS
from fedcom.settings import SettingsError

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0

_DEFAULT_REGION = "us-east-1"
"""What compatible services accept if they have no regions."""


def open_bucket(url: str) -> "Bucket":
    """The bucket of `s3_url`, as the settings have checked it; nothing is sent yet.

    Raises SettingsError if boto3 is not installed.
    """
    try:
        import boto3  # noqa: PLC0415 - optional
        from botocore.config import Config  # noqa: PLC0415 - optional
    except ImportError as error:
        raise SettingsError(["s3_url: needs the package boto3: pip install boto3"]) from error
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    region = parse_qs(parts.query).get("region", [_DEFAULT_REGION])[0]
    client = boto3.client(
        "s3",
        endpoint_url=f"{parts.scheme}://{parts.hostname}{port}",
        aws_access_key_id=unquote(parts.username or ""),
        aws_secret_access_key=unquote(parts.password or ""),
        region_name=region,
        config=Config(
            signature_version="s3v4",
            # Compatible services may have no host names for buckets, and not know newer checksums.
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 3},
        ),
    )
    return Bucket(client, parts.path.strip("/"))


class Bucket:
    """One bucket, with a client that any number of threads may use."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.name = name


class S3Store:
    """A `PictureStore` of the objects whose keys begin with `prefix`."""

    def __init__(self, bucket: Bucket, prefix: str = "") -> None:
        self._bucket = bucket
        self._prefix = prefix

    def keep(self, content: bytes, name: str = "") -> str:
        """Write `content`, as `name` or under its hash; the name. Raises OSError."""
        name = name or name_of(content)
        with _as_os_error():
            self._bucket.client.put_object(
                **self._object(name), Body=content, ContentType=MEDIA_TYPE
            )
        return name

    def read(self, name: str) -> bytes | None:
        """The content of the object; None if there is no such object of ours.

        Raises OSError if the storage does not respond, so that a picture does not seem to be gone.
        """
        if not NAME.fullmatch(name):
            return None
        with _as_os_error():
            try:
                found = self._bucket.client.get_object(**self._object(name))
            except self._bucket.client.exceptions.NoSuchKey:
                return None
            return bytes(found["Body"].read())

    def remove(self, name: str) -> None:
        """Delete the object, if it is there. Raises OSError."""
        if OURS.fullmatch(name):
            with _as_os_error():
                self._bucket.client.delete_object(**self._object(name))

    def files(self) -> Iterator[tuple[str, datetime, int]]:
        """Name, last change and size in bytes of every object of ours. Raises OSError."""
        pages = self._bucket.client.get_paginator("list_objects_v2")
        with _as_os_error():
            for page in pages.paginate(
                Bucket=self._bucket.name, Prefix=self._prefix, Delimiter="/"
            ):
                for found in page.get("Contents", ()):
                    name = found["Key"].removeprefix(self._prefix)
                    if OURS.fullmatch(name):
                        yield name, found["LastModified"], found["Size"]

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket.name, "Key": f"{self._prefix}{name}"}


@contextmanager
def _as_os_error() -> Iterator[None]:
    """Errors of the storage as those of a disk, which callers know."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - optional

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OSError(f"the storage for pictures failed: {error}") from error
