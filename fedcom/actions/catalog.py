"""Every action the inbox can hear: one line for each file."""

from fedcom.actions import comment, community, follow, moderators, post, profile, remove, vote
from fedcom.actions.base import Readers

HEARD: tuple[Readers, ...] = (
    comment.READERS,
    community.READERS,
    follow.READERS,
    moderators.READERS,
    post.READERS,
    profile.READERS,
    remove.READERS,
    vote.READERS,
)
