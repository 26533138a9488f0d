"""`fedcom backup` and `fedcom restore`: everything of the server in one file, and back."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from fedcom.backup.archive import BackupError, Manifest
from fedcom.backup.create import Source, create_backup
from fedcom.backup.restore import SKIPPED, Target, restore_backup
from fedcom.backup.verify import verify_backup
from fedcom.cli.database import examine
from fedcom.db import open_database
from fedcom.settings import Settings, SettingsError, load_settings, write_secret
from fedcom.site.first_steps import mark_step
from fedcom.wiring import open_stores

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--without-pictures", is_flag=True, help="Leave out uploads and previews.")
@click.option("--without-key", is_flag=True, help="Leave out the secret key; keep it elsewhere.")
@click.option("--overwrite", is_flag=True, help="Replace FILE, once the new one is complete.")
@click.option("--verify", is_flag=True, help="Only read FILE, and say whether it is undamaged.")
@click.pass_obj
def backup(
    config: Path | None,
    file: Path,
    without_pictures: bool,
    without_key: bool,
    overwrite: bool,
    verify: bool,
) -> None:
    """Write the database, the secret key and the pictures to FILE, while the server runs.

    It contains everything that is needed to act as this server: keep it where only you can read it.
    """
    progress = _Progress()
    if verify:
        click.echo(_described(verify_backup(file, progress=progress)))
        return
    settings = load_settings(config)
    source = Source(
        origin=settings.origin,
        database_url=settings.database_url,
        pictures=None if without_pictures else open_stores(settings)[0],
        secret=None if without_key else settings.secret_text(),
    )
    with _interruptible("No backup was made."):
        made = create_backup(
            source,
            file,
            examine=lambda conn: examine(conn, settings),
            progress=progress,
            overwrite=overwrite,
        )
    with closing(open_database(settings.database_url)) as db:
        asyncio.run(db.write(lambda conn: mark_step(conn, "backed_up_at", datetime.now(UTC))))
    click.echo(_described(made))
    click.echo(f"It was read again and is undamaged. {file.stat().st_size:,} bytes: {file}")
    if settings.s3_url is not None and without_pictures:
        click.echo("The pictures are in the bucket of s3_url, and nowhere in this file.")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Delete all that is in the database now.")
@click.option("--without-pictures", is_flag=True, help="Leave the pictures as they are.")
@click.pass_obj
def restore(config: Path | None, file: Path, replace: bool, without_pictures: bool) -> None:
    """Restore FILE to the database and the folders of the settings.

    Stop the server and all workers first. The whole file is verified before anything is changed;
    the database may be of the other kind than the one that was saved.
    """
    settings = load_settings(config)
    progress = _Progress()
    with _interruptible("Nothing was restored; run the command again."):
        manifest = verify_backup(file, progress=progress)
        click.echo(_described(manifest))
        _check_origin(manifest, settings)
        key = _SecretKey(settings, manifest, replace=replace)
        pictures = None if without_pictures else open_stores(settings)[0]
        try:
            restore_backup(
                file,
                manifest,
                Target(settings.database_url, pictures, replace),
                examine=lambda conn: examine(conn, settings),
                put_key=key.put,
                progress=progress,
            )
        except BaseException:
            key.undo()
            raise
    _say_what_next(manifest, settings, without_pictures=without_pictures)


def _check_origin(manifest: Manifest, settings: Settings) -> None:
    if manifest.origin != settings.origin:
        raise SettingsError(
            [
                f"origin: this is a backup of {manifest.origin}, and the settings say"
                f" {settings.origin}. A server keeps its name: correct the setting."
            ]
        )


class _SecretKey:
    """The secret key of the settings: compared with the backup's before anything is changed, and
    put in its place.
    """

    def __init__(self, settings: Settings, manifest: Manifest, *, replace: bool) -> None:
        self._settings = settings
        self._replace = replace
        self._aside: Path | None = None
        self._written = False
        if not manifest.has_key:
            try:
                settings.secret_text()
            except SettingsError as error:
                raise BackupError(
                    "This backup was made without the secret key. Put the key where the settings"
                    f" say first: {settings.secret_file}, or the setting secret_key."
                ) from error

    def put(self, secret: str) -> None:
        """Store the key of the backup, unless it is there. Raises BackupError if another is."""
        path = self._settings.secret_file
        if self._settings.secret_key is not None:
            if self._settings.secret_text() != secret:
                raise BackupError(
                    "The setting secret_key is not the key of this backup. Remove the setting, and"
                    " the key of the backup is stored in data_dir."
                )
            return
        if path.exists():
            if self._settings.secret_text() == secret:
                return
            if not self._replace:
                raise BackupError(
                    f"{path} is not the key of this backup. Move it away, or keep it under another"
                    " name with --replace."
                )
            self._aside = path.with_name(f"{path.name}.before-{int(time.time())}")
            path.rename(self._aside)
        self._written = True
        write_secret(path, secret)

    def undo(self) -> None:
        """Put back the key that was there."""
        if self._written:
            self._settings.secret_file.unlink(missing_ok=True)
        if self._aside is not None:
            self._aside.rename(self._settings.secret_file)


def _described(manifest: Manifest) -> str:
    made = datetime.fromisoformat(manifest.created_at).astimezone(UTC)
    parts = [
        f"{manifest.rows:,} rows in {len(manifest.tables)} tables",
        f"{manifest.pictures:,} picture{'s' if manifest.pictures != 1 else ''}"
        if manifest.has_pictures
        else "no pictures",
        "the secret key" if manifest.has_key else "no secret key",
    ]
    return (
        f"Backup of {manifest.origin} from {made:%Y-%m-%d %H:%M:%S} UTC, made by Fedcom"
        f" {manifest.version} (revision {manifest.revision}, {manifest.database}):"
        f" {', '.join(parts)}."
    )


def _say_what_next(manifest: Manifest, settings: Settings, *, without_pictures: bool) -> None:
    click.echo(
        f"Restored {manifest.rows:,} rows; they were read again and are equal. The private keys can"
        " be decrypted.\n\n"
        "Next:\n"
        f"- Start the server and its workers, and run fedcom doctor: {settings.origin} is then as"
        f" it was at the time of the backup. Posts, comments and messages skip {SKIPPED:,} numbers,"
        " which other servers may know.\n"
        "- What was done since the backup is undone: bans, blocks, new passwords, deleted accounts."
        " See the section about backups in docs/admin.md.\n"
        "- Never start a server with the old database again."
    )
    if without_pictures or not manifest.has_pictures:
        click.echo("- Pictures were not restored: copy them to media_dir or the bucket of s3_url.")


class _Progress:
    """One line on a terminal, written anew; nothing elsewhere."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._last = ("", -1)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how much of it is done."""
        now = (what, 100 * done // total if total else 100)
        if not self._is_shown or now == self._last:
            return
        self._last = now
        click.echo(f"\r\x1b[K{what}: {now[1]} %", nl=False, err=True)
        if done >= total:
            click.echo("\r\x1b[K", nl=False, err=True)


@contextmanager
def _interruptible(state: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise BackupError(f"Interrupted. {state}") from interrupt
