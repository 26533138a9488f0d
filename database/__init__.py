"""Shared by the packages that have tables: it has no table of its own, and knows none.

`transactions` (how work gets a connection), `inserts` (the statements that SQLite and PostgreSQL
spell alike but SQLAlchemy builds from two classes), `pruning` (deleting in short transactions).

The engines and `fedcom` stand above it. Engines for connections, retries and column types are in
`fedcom/db.py`, which implements `transactions`.
"""
