"""Checks of this machine: settings, disk, clock, queues, pictures."""

import hashlib
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlalchemy import Connection

from fedcom.catalogues import mark
from fedcom.media.store import PictureStore
from fedcom.settings import Settings
from fedcom.site.health import SCARCE, Finding, check_health
from inbox.journal import measure_clock

ENOUGH_HOSTS = 3
"""Servers whose clocks are compared with ours; with fewer, theirs may be wrong."""

SLIGHTLY_OFF, FAR_OFF = 60.0, 600.0
"""Seconds. Signatures of more than an hour ago are refused by nearly all."""

_PROBE = f"{hashlib.sha256(b'fedcom doctor').hexdigest()}.webp"


def check_settings(settings: Settings) -> Finding:
    """Development mode, and who can read the secret key."""
    if settings.development:
        return Finding(
            "settings",
            "warning",
            mark("Development mode is on: other servers cannot reach this one."),
            mark("This is for trying things out. A public server needs a data_dir of its own."),
        )
    path = settings.secret_file
    is_used = settings.secret_key is None and path.exists()
    if is_used and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding(
            "settings",
            "warning",
            mark("Other users of this machine can read %(path)s."),
            mark("Make it readable by its owner only: chmod 600."),
            {"path": str(path)},
        )
    return Finding("settings", "ok", mark("The settings are valid."))


def check_disks(settings: Settings) -> list[Finding]:
    """The disks of the data and of the pictures."""
    folders = [settings.data_dir]
    if settings.s3_url is None:
        folders.append(settings.media_dir)
    by_disk: dict[int, Path] = {}
    for folder in folders:
        if folder.is_dir():
            by_disk.setdefault(folder.stat().st_dev, folder)
    return [_check_disk(folder) for folder in by_disk.values()]


def _check_disk(folder: Path) -> Finding:
    disk = shutil.disk_usage(folder)
    facts = {
        "folder": str(folder),
        "free": f"{disk.free / 1e9:.1f} GB",
        "total": f"{disk.total / 1e9:.1f} GB",
    }
    found = mark("%(free)s of %(total)s are free for %(folder)s.")
    if disk.free >= SCARCE * disk.total:
        return Finding("disk", "ok", found, facts=facts)
    remedy = mark("Free some space, or get a larger disk: without space, nothing can be posted.")
    return Finding("disk", "failed", found, remedy, facts)


def check_clock(conn: Connection) -> Finding:
    """Our clock, compared with those of the servers that sent something lately."""
    ahead = measure_clock(conn)
    if len(ahead) < ENOUGH_HOSTS:
        found = mark("Too few other servers have sent anything yet to compare the clock.")
        return Finding("clock", "ok", found)
    off = median(ahead.values())
    facts = {"number": str(len(ahead)), "seconds": str(round(abs(off)))}
    if abs(off) < SLIGHTLY_OFF:
        found = mark("The clock agrees with those of %(number)s other servers.")
        return Finding("clock", "ok", found, facts=facts)
    return Finding(
        "clock",
        "failed" if abs(off) >= FAR_OFF else "warning",
        mark("The clock differs by %(seconds)s seconds from those of other servers."),
        mark("Synchronize it (NTP): others refuse what was signed at a wrong time."),
        facts,
    )


def check_queues(conn: Connection, settings: Settings, now: datetime) -> list[Finding]:
    """What should have been sent or processed by now."""
    health = check_health(conn, settings.data_dir, now)
    found = []
    for since, text in (
        (health.unsent_since, mark("Nothing is sent; the oldest delivery was due at %(since)s.")),
        (health.unworked_since, mark("Nothing received is processed since %(since)s.")),
    ):
        if since is not None:
            when = f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC"
            remedy = mark("Check that the server and its workers run, and read their log.")
            found.append(Finding("queues", "failed", text, remedy, {"since": when}))
    if "peers" in health.alerts:
        found.append(
            Finding(
                "queues",
                "warning",
                mark("Deliveries to %(number)s servers began to fail in the last days."),
                mark("Read why at /admin/federation. With so many, the cause is usually here."),
                {"number": str(health.failing_peers)},
            )
        )
    return found or [Finding("queues", "ok", mark("Nothing is stuck in the queues."))]


def check_pictures(store: PictureStore) -> Finding:
    """Whether a picture can be stored, read and deleted; blocks."""
    try:
        store.keep(b"", _PROBE)
        was_kept = store.read(_PROBE) is not None
        store.remove(_PROBE)
        if not was_kept:
            raise OSError("what was written cannot be read")
    except OSError as error:
        return Finding(
            "pictures",
            "failed",
            mark("Pictures cannot be stored: %(reason)s"),
            mark("Check media_dir and its owner, or s3_url and its permissions."),
            {"reason": str(error)},
        )
    return Finding("pictures", "ok", mark("Pictures can be stored."))
