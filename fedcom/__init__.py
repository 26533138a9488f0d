"""The community server: the domain, its surfaces, and how the rooms are put together.

In reading order:

- `errors`, `clock`, `logs`, `settings`: what everything else may lean on;
- `db`, `migrate`: transactions on SQLite and PostgreSQL, and the schema's history;
- `models`: the tables and their rows; `rules`, `text`, `wire`: pure functions over them;
- `context`, `remote`, `queries`, `actions`: what is known, and what a peer can see being done
  (`actions.perform` is the one door);
- `accounts`, `site`, `housekeeping`: local matters no peer sees;
- `units`: one transaction each, begun again with what was found missing;
- `http`, `web`, `federation`: the surfaces;
- `wiring`, `app`, `worker`, `cli`, `__main__`: how the rooms are joined and started.

A module may use only what stands above it in this list; `pyproject.toml` has the floors in full.
"""
