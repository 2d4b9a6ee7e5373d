"""
What is changed in the code: the telling operators of cosmic-ray, and three of our own.

Left out are those that say nothing about a rule (decorators removed, bits shifted) and all but the nearest comparison
and arithmetic: each comparison is negated and moved by its boundary, each sum becomes a difference. Ours are for what
rules are made of and cosmic-ray leaves alone: conditions of comprehensions, membership, and any, all, min and max.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

import parso
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator

_COMPARISONS = {
    "Eq": ("NotEq",),
    "NotEq": ("Eq",),
    "Lt": ("LtE", "GtE"),
    "LtE": ("Lt", "Gt"),
    "Gt": ("GtE", "LtE"),
    "GtE": ("Gt", "Lt"),
    "Is": ("IsNot",),
    "IsNot": ("Is",),
}
_ARITHMETIC = {"Add": "Sub", "Sub": "Add", "Mul": "Div", "Div": "Mul", "FloorDiv": "Mul", "Mod": "FloorDiv"}
_THEIRS = (
    "NumberReplacer",
    "AddNot",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ZeroIterationForLoop",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_USub",
    *(f"ReplaceComparisonOperator_{it}_{other}" for it, others in _COMPARISONS.items() for other in others),
    *(f"ReplaceBinaryOperator_{it}_{other}" for it, other in _ARITHMETIC.items()),
)

Position = tuple[int, int]
Node = Any  #: a node of parso's tree, which has no types


class NegateFilter(Operator):
    """Keeps in a comprehension what it leaves out, and the other way round."""

    def mutation_positions(self, node: Node) -> Iterator[tuple[Position, Position]]:
        if node.type == "comp_if":
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: Node, _index: int) -> Node:
        node.children[1] = parso.parse(f" not ({node.children[1].get_code().strip()})")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("[x for x in y if x or z]", "[x for x in y if not (x or z)]"),)


class NegateMembership(Operator):
    """Swaps ``in`` and ``not in``."""

    OTHER: ClassVar = {"in": "not in", "not in": "in"}

    def mutation_positions(self, node: Node) -> Iterator[tuple[Position, Position]]:
        for place in self._places(node):
            yield node.children[place].start_pos, node.children[place].end_pos

    def mutate(self, node: Node, index: int) -> Node:
        place = self._places(node)[index]
        node.children[place] = parso.parse(" " + self.OTHER[_words(node.children[place])])
        return node

    def _places(self, node: Node) -> list[int]:
        if node.type != "comparison":
            return []
        return [place for place, child in enumerate(node.children) if _words(child) in self.OTHER]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("x in y", "x not in y"), Example("x not in y", "x in y"))


class SwapFold(Operator):
    """Swaps ``any`` and ``all``, ``min`` and ``max``."""

    OTHER: ClassVar = {"any": "all", "all": "any", "min": "max", "max": "min"}

    def mutation_positions(self, node: Node) -> Iterator[tuple[Position, Position]]:
        if node.type == "name" and node.value in self.OTHER and node.get_next_leaf() == "(":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Node, _index: int) -> Node:
        node.value = self.OTHER[node.value]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("any(x)", "all(x)"), Example("max(x)", "min(x)"))


def _words(node: Node) -> str:
    return " ".join(node.get_code().split())


#: By name, in the order in which they are tried.
OPERATORS: dict[str, Operator] = {
    **{name: get_operator(f"core/{name}")() for name in _THEIRS},
    **{operator.__name__: operator() for operator in (NegateFilter, NegateMembership, SwapFold)},
}
