"""This instance as its admins run it: everything that no peer sees, as plain functions.

In reading order: `setup` (first start and first admin), `settings` (name, rules, registration),
`instances` (blocked servers), `communities` (closed communities), `reports` (resolve and reopen),
`decoration` (taglines and custom emoji), `health` (problems to look at).

Only `reports` checks permissions: the web pages let only admins in, and the command line is theirs.
"""
