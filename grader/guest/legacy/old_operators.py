"""Rewrite sources so that operators do what they did on arrays of older NumPy (see Older)."""

from __future__ import annotations

import ast
import copy
from typing import Any

METHODS = ("ptp", "itemset", "newbyteorder", "tostring")  # of arrays, until NumPy 2


class OldMeaning(ast.NodeTransformer):
    """Rewrites operators that NumPy takes otherwise today as calls of Older's operators."""

    def visit_If(self, node: Any) -> ast.AST:
        """Ask for the truth of what is tested."""
        self.generic_visit(node)
        node.test = _old(node.test, "truth", node.test)
        return node  # type: ignore[no-any-return]

    visit_While = visit_IfExp = visit_Assert = visit_If

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """Ask for the truth of each value."""
        self.generic_visit(node)
        node.values = [_old(value, "truth", value) for value in node.values]
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        """Ask for the truth of its conditions."""
        self.generic_visit(node)
        node.ifs = [_old(value, "truth", value) for value in node.ifs]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Ask for the truth of what is negated; read minus a mask as its opposite."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Not):
            node.operand = _old(node.operand, "truth", node.operand)
        elif isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
            return _old(node, "negative", node.operand)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Read a difference of masks as where they differ, a formatted array as its number."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Sub):
            return _old(node, "difference", node.left, node.right)
        if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant):
            if isinstance(node.right, ast.Tuple):
                node.right.elts = [_old(one, "number", one) for one in node.right.elts]
            else:
                node.right = _old(node.right, "number", node.right)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Let arrays of unequal shapes be unequal."""
        self.generic_visit(node)
        if len(node.ops) > 1 or not isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            return node
        sign = ast.Constant("==" if isinstance(node.ops[0], ast.Eq) else "!=")
        return _old(node, "equality", node.left, sign, node.comparators[0])

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Read an array with one number as that number, and methods that arrays had."""
        self.generic_visit(node)
        function = node.func
        name = function.id if isinstance(function, ast.Name) else ""
        owner = getattr(function.value, "id", "") if isinstance(function, ast.Attribute) else ""
        if name == "bool":
            node.args = [_old(one, "truth", one) for one in node.args]
        if name in ("float", "int", "complex", "bool", "round") or owner == "math":
            node.args = [
                one if isinstance(one, ast.Starred) else _old(one, "number", one)
                for one in node.args
            ]
        if isinstance(function, ast.Attribute) and function.attr in METHODS:
            return method_of(node, function, "method_of_old_numpy")
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Take floats and lists of slices as an index."""
        container = node.value
        self.generic_visit(node)
        if not isinstance(container, ast.Name):
            return node
        if isinstance(node.slice, ast.Tuple):
            node.slice.elts = [_indexed(container, one) for one in node.slice.elts]
        else:
            node.slice = _indexed(container, node.slice)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """Let an array with one number be stored in a cell."""
        cell = _cell(node.targets[0]) if len(node.targets) == 1 else None
        self.generic_visit(node)
        if cell is not None:
            node.value = _old(node.value, "fitting", cell, node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Let an array with one number be added to a cell."""
        cell = _cell(node.target)
        if cell is None:
            return self.generic_visit(node)
        read = copy.deepcopy(node.target)
        read.ctx = ast.Load()
        value = ast.copy_location(ast.BinOp(read, node.op, node.value), node)
        return self.visit_Assign(ast.copy_location(ast.Assign([node.target], value), node))


def call_of(at: ast.AST, name: str, *args: ast.expr) -> ast.Call:
    """Return a call of the function `name` in the place of `at`."""
    return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), list(args), []), at)


def method_of(node: ast.Call, method: ast.Attribute, name: str) -> ast.Call:
    """Return the call of a method as one of the function `name(object, method's name, ...)`."""
    call = call_of(node, name, method.value, ast.Constant(method.attr), *node.args)
    call.keywords = node.keywords
    return call


def _cell(target: ast.expr) -> ast.Name | None:
    """Return the name of the array of which a target is one cell, if it is that simple."""
    if not isinstance(target, ast.Subscript) or not isinstance(target.value, ast.Name):
        return None
    if any(isinstance(part, (ast.Slice, ast.Call)) for part in ast.walk(target.slice)):
        return None
    return ast.copy_location(ast.Name(target.value.id, ast.Load()), target)


def _indexed(container: ast.Name, part: ast.expr) -> ast.expr:
    where = ast.copy_location(ast.Name(container.id, ast.Load()), part)
    if not isinstance(part, ast.Slice):
        return _old(part, "index", where, part)
    for name in ("lower", "upper", "step"):
        if bound := getattr(part, name):
            setattr(part, name, _old(bound, "index", where, bound))
    return part


def _old(at: ast.AST, name: str, *args: ast.expr) -> ast.Call:
    return call_of(at, f"{name}_of_old_numpy", *args)


def with_old_meaning(text: str | ast.Module) -> ast.Module:
    """Return the tree of a source whose operators do what they did in older NumPy."""
    tree = ast.parse(text) if isinstance(text, str) else text
    return ast.fix_missing_locations(OldMeaning().visit(tree))  # type: ignore[no-any-return]
