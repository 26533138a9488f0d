"""Run a benchmark: the table of all paths, or what the first argument names."""

import sys

from fedcom.logs import configure_logs
from tests.bench import flood, growth, outgoing, pruning, storage, table

if __name__ == "__main__":
    configure_logs("error", "json")
    parts = {
        "flood": flood.main,
        "growth": growth.main,
        "outgoing": outgoing.main,
        "pruning": pruning.main,
        "storage": storage.main,
    }
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in parts:
        parts[name](sys.argv[2:])
    else:
        table.main(sys.argv[1:])
