"""The table of all supported activities, made from the catalog of readers.

The description of an activity is the first sentence of its reader, or of the reader's file.
"""

import inspect

from fedcom.actions.base import Reader, Shape
from fedcom.inbound.catalog import ALL_READERS

HEAD = "| Activity | Read in `fedcom/` | Meaning |\n| --- | --- | --- |\n"


def incoming_table() -> str:
    """The table in Markdown: one line for each reader with its shapes, sorted."""
    shapes: dict[Reader, list[Shape]] = {}
    for readers in ALL_READERS:
        for shape, reader in readers.items():
            shapes.setdefault(reader, []).append(shape)
    lines = [_line(reader, sorted(its_shapes)) for reader, its_shapes in shapes.items()]
    return HEAD + "".join(sorted(lines))


def _line(reader: Reader, shapes: list[Shape]) -> str:
    module = reader.__module__.partition(".")[2].replace(".", "/")
    docstring = inspect.getdoc(reader) or inspect.getdoc(inspect.getmodule(reader)) or ""
    sentence = " ".join(docstring.partition("\n\n")[0].split())
    activities = ", ".join(f"`{_notation(shape)}`" for shape in shapes)
    return f"| {activities} | `{module}.py` | {sentence} |\n"


def _notation(shape: Shape) -> str:
    """`("Undo", "Like")` as the documents spell it: `Undo{Like}`."""
    return "{".join(shape) + "}" * (len(shape) - 1)
