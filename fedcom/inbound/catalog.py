"""Every activity that the inbox reads: one line per file."""

from fedcom.actions import community, follow, lock, move, profile, report, warn
from fedcom.actions.base import Readers
from fedcom.inbound import block, collections, delete, note, vote

ALL_READERS: tuple[Readers, ...] = (
    block.READERS,
    collections.READERS,
    community.READERS,
    delete.READERS,
    follow.READERS,
    lock.READERS,
    move.READERS,
    note.READERS,
    profile.READERS,
    report.READERS,
    vote.READERS,
    warn.READERS,
)
