"""What several actions change besides their own rows, in the caller's transaction.

`counts` (votes, counters, ranks), `shown` (deleted, removed and restored), `notify` and `mentions`
(members' notifications), `outside_mentions`, `modlog` (what moderators did, and the notification of
it), `moderation_notes` (direct notes to people on microblogs, which show no bans or removals),
`revisions`, `tombstones`, `resolve_reports`, `bulk_removal` (everything that one person wrote),
`mail_admins`, `site_emoji` (pictures in members' texts), `follows`, `pins`, `boosts`,
`restrictions` (what remote authors do not allow), `local_actor` (the rows of a local actor), `wipe`
(the rows that are deleted with a person).

No permission rule lives here: those belong to the action.
"""
