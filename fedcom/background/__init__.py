"""Loops that run beside the server: none of them answers a request.

`mailer` (sends the queued mail by SMTP), `push` (messages to members' browsers), `backfill`
(fetches old posts and comments of what is followed or looked up), `previews` (of links), `imports`
(what members' imported settings name), `block_lists` (fetches subscribed lists of servers to
block), `follow_requests` (sends unanswered ones again), `gone_actors` (asks whether an actor whose
inbox is gone still exists), `purges` (erases what admins have purged), `active_users` (counts them
in each community), `daily_counts` (what happened on each day), `search_words` (reads the words of
new texts), `housekeeping` (prunes what grows), `loops` (repeats work and survives its errors).
`wiring` starts them.
"""
