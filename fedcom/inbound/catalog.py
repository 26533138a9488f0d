"""Every action the inbox can hear: one line for each file."""

from fedcom.actions import (
    ban,
    community,
    follow,
    lock,
    message,
    move,
    profile,
    remove,
    report,
    vote,
)
from fedcom.actions.base import Readers
from fedcom.inbound import collections

HEARD: tuple[Readers, ...] = (
    ban.READERS,
    collections.READERS,
    community.READERS,
    follow.READERS,
    lock.READERS,
    message.READERS,
    move.READERS,
    profile.READERS,
    remove.READERS,
    report.READERS,
    vote.READERS,
)
