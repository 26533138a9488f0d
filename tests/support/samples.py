"""Our own texts in each peer's shape: `tests/samples/<software>/<name>.json`."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "samples"
FILES = sorted(FOLDER.glob("*/*.json"))


def name_of(path: Path) -> str:
    """`lemmy/create_page`."""
    return f"{path.parent.name}/{path.stem}"


def read(path: Path) -> dict[str, Any]:
    """The activity in a sample."""
    sample: dict[str, Any] = json.loads(path.read_text())
    return sample
