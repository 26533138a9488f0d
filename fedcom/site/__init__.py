"""This instance as its admins run it: everything that no peer sees, as plain functions.

In reading order: `setup` (first start and first admin), `settings` (name, rules, registration),
`instances` (blocked servers), `block_list_file` and `block_lists` (lists of them: files, drafts,
subscriptions), `communities` (closed communities), `front_page` (pinned posts, hidden communities),
`purge` (erases people, communities and content for good) with `erasure` (of the rows, in steps),
`removal` (of posts and comments, by moderators and admins), `warnings`, `appeals` (against removals
and bans), `reports` (resolve, reopen, hand over) with `report_selection` (several at once),
`moderator_notes`, `decoration` (taglines and custom emoji), `rules`, `pages` (about, privacy,
contact, legal information), `announcement` (at the top of every page), `first_steps` (of a new
admin), `statistics` (of each day), `health` (problems to look at).

Only `reports`, `report_selection`, `moderator_notes`, `rules`, `warnings`, `appeals`, `removal`,
`front_page` and `purge` check permissions: the web pages let only admins in, and the command line
is theirs.
"""
