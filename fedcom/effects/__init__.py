"""What several actions change besides their own rows, in the caller's transaction.

`counts` (votes, counters, ranks), `shown` (deleted, removed and back), `notify` and `mentions`
(what members are told), `outside_mentions`, `modlog`, `moderation_notes`, `revisions`,
`tombstones`, `resolve_reports`, `bulk_removal` (everything that one person wrote), `follows`,
`pins`, `boosts`, `restrictions` (what authors elsewhere do not allow), `local_actor` (the rows of
an actor of ours), `wipe` (which rows go with a person who is deleted).

No rule about who may do something lives here: that is the action's.
"""
