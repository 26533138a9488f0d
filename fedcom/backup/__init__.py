"""One file with everything of an instance: `fedcom backup` and `fedcom restore`.

`archive` (the file: its members, their digests, its manifest), `portable_rows` (rows as JSON, the
same for both databases), `verify` (reads a whole file), `create` (writes one while the server
runs), `restore` (to an empty database, or in place of what is there).
"""
