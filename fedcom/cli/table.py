"""The table of everything the inbox hears, written from the catalog of actions.

What it says of an activity is the first sentence of its reader, or of the file that reader is in.
"""

import inspect

from fedcom.actions.base import Reader, Shape
from fedcom.inbound.catalog import HEARD

HEAD = "| Activity | Read in `fedcom/` | What is there |\n| --- | --- | --- |\n"


def heard_table() -> str:
    """One line of Markdown for each reader with the shapes it hears, sorted, under a head."""
    shapes: dict[Reader, list[Shape]] = {}
    for readers in HEARD:
        for shape, reader in readers.items():
            shapes.setdefault(reader, []).append(shape)
    lines = [_line(reader, sorted(heard)) for reader, heard in shapes.items()]
    return HEAD + "".join(sorted(lines))


def _line(reader: Reader, shapes: list[Shape]) -> str:
    module = reader.__module__.partition(".")[2].replace(".", "/")
    said = inspect.getdoc(reader) or inspect.getdoc(inspect.getmodule(reader)) or ""
    sentence = " ".join(said.partition("\n\n")[0].split())
    heard = ", ".join(f"`{_written(shape)}`" for shape in shapes)
    return f"| {heard} | `{module}.py` | {sentence} |\n"


def _written(shape: Shape) -> str:
    """`("Undo", "Like")` as documents write it: `Undo{Like}`."""
    return "{".join(shape) + "}" * (len(shape) - 1)
