"""What several actions change besides their own rows, in the caller's transaction.

`counts` (votes, counters, ranks), `notify` and `mentions` (what members are told), `modlog`,
`revisions`, `tombstones`, `resolve_reports`, `bulk_removal` (everything that one person wrote),
`restrictions` (what authors elsewhere do not allow), `local_actor` (the rows of an actor of ours),
`wipe` (which rows go with a person who is deleted).

No rule about who may do something lives here: that is the action's.
"""
