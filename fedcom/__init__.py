"""The community server: the domain, its surfaces, and how the rooms are put together.

In reading order:

- `errors`, `clock`, `logs`, `settings`: the basis of everything else;
- `db`, `migrate`: transactions on SQLite and PostgreSQL, and the schema's history;
- `models`: the tables and their rows; `rules`, `text`, `wire`: pure functions over them;
- `context`, `remote`, `queries`, `actions`: stored data, and everything that peers can see
  (`actions.perform` is the single entry point);
- `accounts`, `site`, `housekeeping`: local data that no peer sees;
- `units`: one transaction each, run again with documents that were missing;
- `http`, `web`, `federation`: the interfaces;
- `wiring`, `app`, `worker`, `cli`, `__main__`: composition and start.

A module may use only modules above it in this list; `pyproject.toml` has the complete layers.
"""
