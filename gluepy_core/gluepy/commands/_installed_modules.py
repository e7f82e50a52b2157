"""Adding a module to ``INSTALLED_MODULES`` in a settings file that a person wrote."""

from __future__ import annotations

import ast

__all__ = ["listed_modules", "with_module"]

_SETTING = "INSTALLED_MODULES"


def listed_modules(source: bytes) -> list[str] | None:
    """Return the modules that a settings file lists; None when it has no one plain list of them."""
    found = _find_list(_parse(source))
    return None if found is None else _values(found)


def with_module(source: bytes, module: str) -> bytes | None:
    """Return a settings file with one more module at the end of its list.

    All else stays as it was, comments and layout included.

    Args:
        source: The file.
        module: A validated name.

    Returns:
        The new file; None when the list is computed, assigned twice, missing, or not to be
        changed safely for another reason: then a person has to.
    """
    tree = _parse(source)
    found = _find_list(tree)
    if found is None:
        return None
    changed = _insert(source, found, f'"{module}"'.encode())
    return changed if _is_exactly_added(tree, _parse(changed), module) else None


def _parse(source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _find_list(tree: ast.Module) -> ast.List | None:
    names = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == _SETTING and isinstance(node.ctx, ast.Store)
    ]
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_target(node)
    ]
    # One assignment, at the top level: anything else decides at run time.
    if len(names) == len(values) == 1 and isinstance(values[0], ast.List) and _is_plain(values[0]):
        return values[0]
    return None


def _is_target(node: ast.Assign | ast.AnnAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [ast.unparse(target) for target in targets] == [_SETTING]


def _is_plain(found: ast.List) -> bool:
    return all(
        isinstance(item, ast.Constant) and isinstance(item.value, str) for item in found.elts
    )


def _values(found: ast.List) -> list[str]:
    return [str(item.value) for item in found.elts if isinstance(item, ast.Constant)]


def _insert(source: bytes, found: ast.List, item: bytes) -> bytes:
    """Put ``item`` after the last one, on a line of its own where the closing bracket has one."""
    bracket = _offset(source, found.end_lineno, found.end_col_offset) - 1
    if not found.elts:
        return source[:bracket] + item + source[bracket:]
    last = found.elts[-1]
    begin = _offset(source, last.lineno, last.col_offset)
    end = _offset(source, last.end_lineno, last.end_col_offset)
    # Only white space, comments and at most one comma can stand between it and the bracket.
    between, newline, before_bracket = source[end:bracket].rpartition(b"\n")
    if not newline or before_bracket.strip():
        return source[:end] + b", " + item + source[end:]
    comma = b"" if any(b"," in line.split(b"#")[0] for line in between.splitlines()) else b","
    indent = source[source.rfind(b"\n", 0, begin) + 1 : begin]
    if indent.strip():
        indent = before_bracket + b"    "
    line = indent + item + b"," + (b"\r\n" if between.endswith(b"\r") else b"\n")
    return source[:end] + comma + between + newline + line + source[bracket - len(before_bracket) :]


def _offset(source: bytes, line: int | None, column: int | None) -> int:
    """Return the place of a line (from 1) and column (in bytes) as ``ast`` counts them."""
    return sum(map(len, source.splitlines(keepends=True)[: (line or 1) - 1])) + (column or 0)


def _is_exactly_added(old: ast.Module, new: ast.Module, module: str) -> bool:
    added = _find_list(new)
    if added is None or not added.elts or _values(added)[-1] != module:
        return False
    added.elts.pop()
    return ast.dump(old) == ast.dump(new)
