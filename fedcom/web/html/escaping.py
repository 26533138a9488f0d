"""How templates escape values: as MarkupSafe does, without making an object of each value.

Jinja compiles `{{ value }}` to a call of `markupsafe.escape`, which makes a `Markup` of it. These
objects are only joined into one text, so they are not needed. Here, the compiled templates call
`to_text` instead, which only escapes.
"""

import re
from typing import Any

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape

_TO_ESCAPE = re.compile("[&<>'\"]")


def to_text(value: Any) -> str:
    """The value as HTML: the same characters as `escape(value)`."""
    kind = type(value)
    if kind is Markup:
        text: str = value
        return text
    if kind is int:
        return str(value)
    if kind is str and _TO_ESCAPE.search(value) is None:
        return str(value)
    return escape(value)


class _Compiler(CodeGenerator):
    """Compiles templates whose output is escaped with `to_text`."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802 - Jinja's name
        """The whole module, which Jinja runs with nothing but its own imports."""
        self.writeline(f"from {__name__} import {to_text.__name__}")
        super().visit_Template(node, frame)

    def _output_child_pre(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write(f"{to_text.__name__}(")
        else:
            super()._output_child_pre(node, frame, finalize)


class EscapingEnvironment(Environment):
    """An environment that compiles with it."""

    code_generator_class = _Compiler
