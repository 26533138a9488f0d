"""The command line: what an admin does at the machine.

`root` (the command and its options), `opening` (opens the instance for a command), then one file
for each command or group of commands: `server` (serve), `worker`, `backups` (backup, restore),
`doctor`, `database`, `users`, `communities`, `instances`, `keys`, `media`, `federation` (with
`table`, which writes the supported activities as Markdown, and `examine`: explain, verify). `root`
imports them when they are used.
"""
