"""The command line: what an admin does at the machine.

`root` (the command and its options), then one file for each group of subcommands: `server` (serve,
worker), `database`, `users`, `communities`, `instances`, `federation`.
"""
