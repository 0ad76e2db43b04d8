"""Every file that one operator of cosmic-ray, used once, makes of a file.

Left out are `|`, which stands in types, shifts and powers; `is` for `==` and the like, which for
words of the trade is the same; and what changes annotations alone. Two that say the same are one.
"""

import ast
import difflib
import re
from collections.abc import Iterator
from typing import NamedTuple

from cosmic_ray.ast import Visitor, ast_nodes, get_ast
from cosmic_ray.operators.provider import OperatorProvider

SKIPPED = re.compile(r"Bit|Shift|Pow|Variable|(?<!_IsNot)_Is$|(?<!_Is)_IsNot$|_Is(Not)?_(?!Is)")


class Mutant(NamedTuple):
    operator: str
    line: int  # the first that differs
    source: str
    change: str


class Bare(ast.NodeTransformer):
    """A tree without annotations."""

    def visit_arg(self, node):
        return ast.arg(node.arg)

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.returns = None
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_AnnAssign(self, node):
        node.annotation = ast.Constant(None)
        return node


class Once(Visitor):
    """Uses an operator at one of the places where it fits."""

    def __init__(self, operator, place: int) -> None:
        self.operator, self.left = operator, place

    def visit(self, node):
        for index, _ in enumerate(self.operator.mutation_positions(node)):
            if self.left == 0:
                node = self.operator.mutate(node, index)
            self.left -= 1
        return node


def shape(source: str) -> str:
    return ast.dump(Bare().visit(ast.parse(source)))


def mutants(source: str) -> Iterator[Mutant]:
    seen = {shape(source)}
    provider, nodes = OperatorProvider(), list(ast_nodes(get_ast(source)))
    for name in (name for name in provider if not SKIPPED.search(name)):
        operator = provider[name]()
        for place in range(sum(len(list(operator.mutation_positions(n))) for n in nodes)):
            changed = Once(operator, place).walk(get_ast(source)).get_code()
            try:
                told = shape(changed)
            except SyntaxError:
                continue
            if told not in seen:
                seen.add(told)
                yield Mutant(name, *difference(source, changed))


def difference(old: str, new: str) -> tuple[int, str, str]:
    before, after = old.splitlines(), new.splitlines()
    pairs = enumerate(zip(before, after, strict=False), 1)
    line = next((number for number, (a, b) in pairs if a != b), len(before))
    gone = list(difflib.unified_diff(before, after, n=0, lineterm=""))[3:]
    return line, new, " / ".join(" ".join(row.split()) for row in gone)
