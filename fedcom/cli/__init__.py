"""The command line: what an admin does at the machine.

`root` (the command and its options), `opening` (how a command gets at the instance), then one file
for each group of subcommands: `server` (serve, worker), `database`, `users`, `communities`,
`instances`, `keys`, `federation` (with `table`, which writes what is heard as
Markdown, and `examine`: explain, verify).
"""
