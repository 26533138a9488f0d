"""This instance as its admin runs it: matters that no peer sees, as plain functions.

In reading order: `setup` (first start and first admin), `settings` (name, rules, registration),
`instances` (blocked servers), `communities` (those that were closed here), `reports` (what
becomes of them), `health` (is all well?).

All but `reports` do not ask who calls: the surfaces let only admins in, and the command line is the
admin.
"""
