"""What a peer could see: one file for each thing that members and people elsewhere do.

Read `perform` first (the one door), then `base` (what an action is), `federate` (who is told), then
any action: `post`, `comment`, `message`, `vote`, `follow`, `delete`, `remove`, `lock`, `feature`,
`ban`, `community`, `moderators`, `profile`, `keys`, `leave`, `outside_mention`. `modlog` writes
down what moderators do, `moderation_notes` tells people on microblogs of it; `settle` closes
reports; `notify` and `mentions` tell members; `catalog` lists the actions for the inbox;
`local_actor` makes the rows of an actor of ours.
"""
