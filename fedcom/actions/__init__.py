"""What a peer could see: one file for each thing that members and people elsewhere do.

Read `perform` first (the one door), then `base` (what an action is), `federate` (who is told), then
any action: `post`, `comment`, `message`, `vote`, `follow`, `delete`, `remove`, `lock`, `feature`,
`ban`, `community`, `moderators`, `profile`, `keys`, `delete_actor`, `outside_mention`.
`moderation_notes` tells people on microblogs what moderators decided.
"""
