"""The community server: the domain, its interfaces, and how the packages are connected.

In reading order:

- `errors`, `clock`, `catalogues` (translations), `offload` (threads for CPU work), `logs`,
  `settings`: the basis of everything else;
- `db`, `migrate`: transactions on SQLite and PostgreSQL, and the schema's history;
- `models`, `tables`: the tables and their rows; `transfer`: moves them to another database;
  `rules`, `text`, `wire`: pure functions over them;
- `context`, `queries`, `media`, `remote`: stored data, and what other servers say of theirs;
  `backup`: all of it in one file;
- `effects`, `actions`, `inbound`: everything that peers can see (`actions.perform` is the single
  entry point), and the readers of what they send;
- `views`: what is displayed, as read models;
- `accounts`, `personal`, `site`: local data that no peer sees; `metrics`: figures for Prometheus;
- `units`, `refresh`, `lookup`: transactions, run again with documents that were missing;
- `background`: loops beside the server;
- `http`, `web`, `api`, `federation`, `inspect`: the interfaces; `doctor`: checks of the server,
  through its public address, too;
- `wiring`, `app`, `worker`, `cli`, `__main__`: composition and start.

A module may use only modules above it in this list; `pyproject.toml` has the complete layers.
"""
