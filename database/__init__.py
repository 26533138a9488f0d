"""Shared by the packages that have tables: it has no table of its own, and knows none.

`transactions` (how work gets a connection), `sqlite_writer` (one commit for all work that waits for
SQLite's only writer), `inserts` (the statements that SQLite and PostgreSQL spell alike but
SQLAlchemy builds from two classes), `new_ids` (rows that contain their own id), `id_lists` (a list
of ids as one parameter), `counting` (up to a bound), `patterns` (for LIKE), `partial_indexes`
(alike on both), `pruning` (deleting in short transactions), `postgresql_cursor` (psycopg's,
quicker).

The engines and `fedcom` stand above it. Engines for connections, retries and column types are in
`fedcom/db.py`, which implements `transactions`.
"""
