"""Every action the inbox can hear: one line for each file."""

from fedcom.actions import (
    collections,
    comment,
    community,
    follow,
    lock,
    post,
    profile,
    remove,
    vote,
)
from fedcom.actions.base import Readers

HEARD: tuple[Readers, ...] = (
    collections.READERS,
    comment.READERS,
    community.READERS,
    follow.READERS,
    lock.READERS,
    post.READERS,
    profile.READERS,
    remove.READERS,
    vote.READERS,
)
