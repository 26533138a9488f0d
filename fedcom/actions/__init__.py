"""What a peer could see: one file for each thing that members and people elsewhere do.

Read `perform` first (the one door), then `base` (what an action is), `federate` (who is told), then
any action: `post`, `comment`, `message`, `vote`, `follow`, `delete`, `remove`, `take_down`, `lock`,
`feature`, `report`, `ban`, `unban`, `community`, `close`, `moderators`, `profile`, `pictures`,
`keys`, `delete_actor`. Only heard: `move`, `record_deletion`, `outside_mention`, `personal_block`.
"""
