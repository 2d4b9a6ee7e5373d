"""The mutants of a module: its text with one small change, drawn by a seed."""

import difflib
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import parso.tree
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.ast.ast_query import ASTQuery
from cosmic_ray.mutating import mutate_code

from .operators import OPERATORS


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: where it is, and the whole text with it."""

    module: str
    line: int
    function: str
    operator: str
    original: str
    code: str

    @cached_property
    def key(self) -> str:
        """The same as long as the module says the same."""
        return hashlib.sha256(f"{self.module}\n{self.code}".encode()).hexdigest()[:16]

    @cached_property
    def diff(self) -> str:
        """The lines that differ, without their surroundings."""
        return "\n".join(f"{sign}{text}" for sign in "-+" for text in self._lines(sign))

    @property
    def before(self) -> str:
        """What the changed lines said, in one line."""
        return " ".join(" ".join(self._lines("-")).split())

    @property
    def after(self) -> str:
        """What the changed lines say now, in one line."""
        return " ".join(" ".join(self._lines("+")).split())

    def _lines(self, sign: str) -> list[str]:
        compared = difflib.unified_diff(self.original.splitlines(), self.code.splitlines(), n=0, lineterm="")
        return [line[1:] for line in list(compared)[2:] if line.startswith(sign)]


#: What cites a section, which no test can know better.
_CITATIONS = {"plan", "whatwg", "rfc", "practice"}


def places(code: str) -> list[tuple[str, int, int, str]]:
    """Every operator and occurrence that changes what the code does, with the line and the function that it is in."""
    tree = get_ast(code)
    found = []
    for name, operator in OPERATORS.items():
        positions = ((node, start) for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node))
        for occurrence, (node, (line, _)) in enumerate(positions):
            if not _says_nothing(node):
                found.append((name, occurrence, line, ASTQuery(node).get_definition_name() or ""))
    return found


def _says_nothing(node: parso.tree.NodeOrLeaf) -> bool:
    """Whether it is the star of a signature, in a citation, or in the options of a record, which guard us alone."""
    if node.type == "operator" and node.parent and node.parent.type == "parameters":
        return True
    while node := node.parent:
        cites = node.type == "atom_expr" and node.get_first_leaf().value in _CITATIONS
        if cites or (node.type == "decorator" and node.get_code().lstrip().startswith("@dataclass")):
            return True
    return False


def draw(module: str, code: str, *, sample: int | None, seed: int) -> tuple[list[Mutant], int]:
    """
    Some of a module's mutants in the order of their lines, and how many there are.

    A larger sample of the same seed contains the smaller one.
    """
    all_places = places(code)
    random.Random(f"{seed} {module}").shuffle(all_places)
    drawn: dict[str, Mutant] = {}
    for mutant in _made(module, code, all_places):
        if sample is not None and len(drawn) >= sample:
            break
        drawn.setdefault(mutant.key, mutant)
    return sorted(drawn.values(), key=lambda mutant: (mutant.line, mutant.operator, mutant.after)), len(all_places)


def _made(module: str, code: str, wanted: list[tuple[str, int, int, str]]) -> Iterator[Mutant]:
    for operator, occurrence, line, function in wanted:
        mutated = mutate_code(code, OPERATORS[operator], occurrence)
        if mutated is not None and mutated != code:
            yield Mutant(module=module, line=line, function=function, operator=operator, original=code, code=mutated)
