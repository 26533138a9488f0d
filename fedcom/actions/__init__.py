"""Everything a peer can see: one file per kind of action by local members or remote actors.

Read `perform` first (the single entry point), then `base` (what an action is), `federate` (who
receives it), then any action: `post`, `comment`, `message`, `vote`, `follow`, `delete`, `remove`,
`take_down`, `lock`, `pin`, `distinguish`, `report`, `warn`, `ban`, `unban`, `community`, `close`,
`delete_community`, `moderators`, `transfer`, `profile`, `pictures`, `keys`, `delete_actor`,
`purge_actor`. Received only, never sent: `move`, `record_deletion`, `outside_mention`,
`personal_block`.
"""
