"""What expressions of Terraform's language give, as far as the files answer them.

https://developer.hashicorp.com/terraform/language/expressions
What the files do not answer (a variable without default, an attribute that only AWS knows) is left `Open`, by name.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any, Final

from lark import Token, Tree

from alarms.as_code.hcl import expression, operands, source, trees
from alarms.as_code.hcl_values import FUNCTIONS, HclError, Names, arithmetic, index, same
from alarms.as_code.values import Open, joined, unknown

_UNREADABLE: Final = "this expression is not read here"
_DIRECTIVE: Final = unknown("%{…}", "template directives are not followed here")


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Gives the value of an expression where `names` says what the names in it mean."""

    names: Names

    def value(self, given: Any) -> Any:
        """Give the value of a syntax tree, or of a value of Terraform's JSON, in which texts are templates.

        Raises ValueError (HclError) for what Terraform would not take.
        """
        if isinstance(given, Tree):
            return self._tree(given)
        if isinstance(given, str):
            return self.template(given)
        if isinstance(given, dict):
            return {str(self.value(key)): self.value(value) for key, value in given.items()}
        if isinstance(given, list):
            return [self.value(entry) for entry in given]
        return given

    def template(self, text: str) -> Any:
        """Fill in a text with `${…}`; a text that is one expression has that expression's type."""
        parts = [part for part in _template_parts(text) if part != ""]
        if len(parts) == 1 and not isinstance(parts[0], str):
            return self._tree(parts[0])
        return joined([part if isinstance(part, str) else self._inner(part) for part in parts])

    def _inner(self, tree: Tree[Token]) -> Any:
        value = self._tree(tree)
        if isinstance(value, list | dict):
            raise HclError("a list or an object cannot stand within a text; use join or jsonencode")
        return value

    def _tree(self, tree: Tree[Token]) -> Any:
        self.names.budget.spend()
        read = getattr(self, f"_{tree.data}", None)
        if read is None:
            return unknown(source(tree), _UNREADABLE)
        return read(tree)

    def _expr_term(self, tree: Tree[Token]) -> Any:
        (inner,) = operands(tree)
        return self._tree(inner)

    def _int_lit(self, tree: Tree[Token]) -> Any:
        return int(str(tree.children[0]))

    def _float_lit(self, tree: Tree[Token]) -> Any:
        return float(str(tree.children[0]))

    def _literal_value(self, tree: Tree[Token]) -> Any:
        return {"true": True, "false": False}.get(str(tree.children[0]))

    def _string(self, tree: Tree[Token]) -> Any:
        parts = [part.children[0] for part in trees(tree) if part.data == "string_part"]
        if len(parts) == 1 and isinstance(parts[0], Tree) and parts[0].data == "interpolation":
            return self._tree(operands(parts[0])[0])
        return joined([self._part(part) for part in parts])

    def _part(self, part: Tree[Token] | Token) -> Any:
        if isinstance(part, Token):
            return _unescaped(str(part))
        if part.data == "interpolation":
            return self._inner(operands(part)[0])
        return _DIRECTIVE

    def _heredoc_template(self, tree: Tree[Token]) -> Any:
        return self.template("\n".join(str(tree.children[0]).splitlines()[1:-1]) + "\n")

    def _heredoc_template_trim(self, tree: Tree[Token]) -> Any:
        lines = str(tree.children[0]).splitlines()[1:-1]
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        return self.template("\n".join(line[indent:] for line in lines) + "\n")

    def _tuple(self, tree: Tree[Token]) -> Any:
        return [self._tree(entry) for entry in operands(tree)]

    def _object(self, tree: Tree[Token]) -> Any:
        made: dict[str, Any] = {}
        for element in operands(tree):
            key, value = operands(element)
            made[str(self._key(key))] = self._tree(value)
        return made

    def _key(self, key: Tree[Token]) -> Any:
        (inner,) = trees(key)
        bare = inner.children[0] if inner.data == "expr_term" and len(inner.children) == 1 else inner
        if isinstance(bare, Tree) and bare.data in {"identifier", "keyword"}:
            return str(bare.children[0])
        return self._tree(inner)

    def _identifier(self, tree: Tree[Token]) -> Any:
        return self.names.look_up((str(tree.children[0]),), source(tree))

    def _get_attr_expr_term(self, tree: Tree[Token]) -> Any:
        path = _path(tree)
        if path is not None and path[0] not in self.names.loops:
            return self.names.look_up(path, source(tree))
        owner, attribute = trees(tree)
        return self._indexed(self._tree(owner), str(trees(attribute)[0].children[0]), tree)

    def _index_expr_term(self, tree: Tree[Token]) -> Any:
        owner, place = trees(tree)
        if place.data == "short_index":
            key: Any = int(str(place.children[-1]))
        else:
            key = self._tree(operands(place)[0])
        return self._indexed(self._tree(owner), key, tree)

    def _indexed(self, owner: Any, key: Any, tree: Tree[Token]) -> Any:
        if isinstance(owner, Open):
            return unknown(source(tree), owner.why)
        if isinstance(key, Open):
            return unknown(source(tree), key.why)
        return index(owner, key, source(tree))

    def _full_splat_expr_term(self, tree: Tree[Token]) -> Any:
        return self._splat(tree)

    def _attr_splat_expr_term(self, tree: Tree[Token]) -> Any:
        return self._splat(tree)

    def _splat(self, tree: Tree[Token]) -> Any:
        owner, splat = trees(tree)
        values = self._tree(owner)
        if isinstance(values, Open):
            return unknown(source(tree), values.why)
        for step in trees(splat):
            if step.data != "get_attr":
                return unknown(source(tree), _UNREADABLE)
            name = str(trees(step)[0].children[0])
            values = [index(value, name, source(tree)) for value in (values if isinstance(values, list) else [values])]
        return values

    def _conditional(self, tree: Tree[Token]) -> Any:
        condition, yes, no = operands(tree)
        truth = self._tree(condition)
        if isinstance(truth, Open):
            return unknown(source(tree), truth.why)
        return self._tree(yes if truth in (True, "true") else no)

    def _binary_op(self, tree: Tree[Token]) -> Any:
        left, term = operands(tree)
        operator, right = operands(term)
        sign = str(operator.children[0]).strip()
        first = self._tree(left)
        if sign in {"&&", "||"}:
            return self._both(sign, first, right)
        second = self._tree(right)
        opened = next((value for value in (first, second) if isinstance(value, Open)), None)
        if opened is not None:
            return unknown(source(tree), opened.why)
        if sign in {"==", "!="}:
            return same(first, second) == (sign == "==")
        return arithmetic(sign, first, second)

    def _both(self, sign: str, first: Any, right: Tree[Token]) -> Any:
        settles = sign == "||"
        if first is settles:
            return settles
        second = self._tree(right)
        return settles if second is settles else next((v for v in (first, second) if isinstance(v, Open)), not settles)

    def _unary_op(self, tree: Tree[Token]) -> Any:
        value = self._tree(trees(tree)[0])
        if isinstance(value, Open):
            return unknown(source(tree), value.why)
        return (not value) if str(tree.children[0]) == "!" else arithmetic("-", 0, value)

    def _function_call(self, tree: Tree[Token]) -> Any:
        name = str(trees(tree)[0].children[0])
        arguments = [part for part in trees(tree) if part.data == "arguments"]
        if name == "try" and arguments:
            return self._first_that_works(operands(arguments[0]))
        values = [self._tree(part) for part in operands(arguments[0])] if arguments else []
        if arguments and any(isinstance(part, Token) and part.type == "ELLIPSIS" for part in arguments[0].children):
            values = [*values[:-1], *(values[-1] if isinstance(values[-1], list) else [values[-1]])]
        if name not in FUNCTIONS:
            return unknown(source(tree), f"the function {name} is not followed here")
        opened = next((value for value in values if isinstance(value, Open)), None)
        if opened is not None and name != "coalesce":
            return unknown(source(tree), opened.why)
        return FUNCTIONS[name](*values)

    def _first_that_works(self, choices: list[Tree[Token]]) -> Any:
        for choice in choices[:-1]:
            try:
                return self._tree(choice)
            except HclError:
                continue
        return self._tree(choices[-1])

    def _for_tuple_expr(self, tree: Tree[Token]) -> Any:
        intro, body, *condition = operands(tree)
        rows = self._rows(intro)
        if isinstance(rows, Open):
            return unknown(source(tree), rows.why)
        return [inner._tree(body) for inner in rows if inner._kept(condition)]  # noqa: SLF001 - the same class

    def _for_object_expr(self, tree: Tree[Token]) -> Any:
        intro, key, body, *condition = operands(tree)
        rows = self._rows(intro)
        if isinstance(rows, Open):
            return unknown(source(tree), rows.why)
        if any(isinstance(part, Token) and part.type == "ELLIPSIS" for part in tree.children):
            return unknown(source(tree), _UNREADABLE)
        kept = [inner for inner in rows if inner._kept(condition)]  # noqa: SLF001 - the same class
        return {str(inner._tree(key)): inner._tree(body) for inner in kept}  # noqa: SLF001

    def _rows(self, intro: Tree[Token]) -> list[Evaluator] | Open:
        *words, over = operands(intro)
        names = [str(word.children[0]) for word in words]
        values = self._tree(over)
        if isinstance(values, Open):
            return values
        if not isinstance(values, list | dict):
            raise HclError("for takes a list or an object")
        pairs = list(values.items()) if isinstance(values, dict) else list(enumerate(values))
        bound = [dict(zip(names[::-1], (value, key), strict=False)) for key, value in pairs]
        return [Evaluator(self.names.with_loop(row)) for row in bound]

    def _kept(self, condition: list[Tree[Token]]) -> bool:
        truth = self._tree(operands(condition[0])[0]) if condition else True
        if isinstance(truth, Open):
            raise HclError(f"the condition of a for is open: {truth.why}")
        return truth in (True, "true")


def _template_parts(text: str) -> list[Any]:
    """Cut a text at its `${…}`: plain texts, and the syntax trees between them."""
    parts: list[Any] = []
    plain, place = "", 0
    while place < len(text):
        if text.startswith(("$${", "%%{"), place):
            plain, place = plain + text[place + 1 : place + 3], place + 3
        elif text.startswith("${", place):
            end = closing(text, place + 2)
            parts += [plain, expression(text[place + 2 : end].strip("~"))]
            plain, place = "", end + 1
        elif text.startswith("%{", place):
            parts += [plain, _DIRECTIVE]
            plain, place = "", closing(text, place + 2) + 1
        else:
            plain, place = plain + text[place], place + 1
    return [*parts, plain]


def closing(text: str, start: int) -> int:
    """Give the place of the } that closes a ${ whose expression begins at `start`; texts within may hold more ${…}."""
    within = ["{"]
    place = start
    while place < len(text):
        character = text[place]
        if within[-1] == '"':
            if character == "\\":
                place += 1
            elif character == '"':
                within.pop()
            elif text.startswith(("${", "%{"), place):
                within.append("{")
                place += 1
        elif character in {'"', "{"}:
            within.append(character)
        elif character == "}":
            within.pop()
            if not within:
                return place
        place += 1
    raise HclError("a ${ has no closing }")


def _unescaped(text: str) -> str:
    if text.startswith(("$${", "%%{")):
        return text[1:]
    return re.sub(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", _escape, text)


def _escape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1:
        number = int(code[1:], 16)
        if number > sys.maxunicode:
            raise HclError(f"\\{code} is no character; the last one is \\U0010ffff")
        return chr(number)
    return {"n": "\n", "t": "\t", "r": "\r"}.get(code, code)


def _path(tree: Tree[Token]) -> tuple[str, ...] | None:
    """`var.a.b` as its words; None where something else than names is in it."""
    words: list[str] = []
    while tree.data in {"get_attr_expr_term", "expr_term"}:
        if tree.data == "get_attr_expr_term":
            owner, attribute = trees(tree)
            words.append(str(trees(attribute)[0].children[0]))
            tree = owner
        elif len(tree.children) == 1 and isinstance(tree.children[0], Tree):
            tree = tree.children[0]
        else:
            return None
    return (str(tree.children[0]), *reversed(words)) if tree.data == "identifier" else None
