"""One file with everything of an instance: `fedcom backup` and `fedcom restore`.

`archive` (the file: its members, their digests, its manifest), `portable_rows` (rows as JSON, the
same for both databases), `create` (writes one while the server runs), `restore` (reads one into
an empty database, or in place of what is there).
"""
