"""Expressions in a graph's values, such as ``{{ steps.extract.outputs.rows }}``: pure computations, without effects."""

from orchestrator.expressions.evaluation import holds, references, render
from orchestrator.expressions.template import (
    LONGEST,
    Code,
    Context,
    ExpressionError,
    are_in,
    as_text,
    condition,
    pieces,
    texts,
)

__all__ = [
    "LONGEST",
    "Code",
    "Context",
    "ExpressionError",
    "are_in",
    "as_text",
    "condition",
    "holds",
    "pieces",
    "references",
    "render",
    "texts",
]
