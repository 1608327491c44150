"""Prompts with variables.

Owns: `PromptTemplate`. Invariant: what comes out has every variable filled, and nothing that was
filled in is read as a template again.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["PromptTemplate"]

_PART = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")
_AROUND_CHARS = 20


class PromptTemplate:
    """A text with ``{variables}``; ``{{`` and ``}}`` stand for braces.

    Example:
        >>> from engram.rag import PromptTemplate
        >>> template = PromptTemplate("Answer {question} from {context}")
        >>> template.format({"question": "why?", "context": "because"})
        'Answer why? from because'
    """

    def __init__(self, template: str) -> None:
        """Read a template.

        Raises:
            InvalidInput: ``template.invalid`` where a brace belongs to no variable.
        """
        if not isinstance(template, str):
            raise InvalidInput("input.invalid", f"a template is no {type(template).__name__}")
        self._template = template
        self._known: dict[str, str] = {}
        # Text and the names of variables by turns, text first.
        self._parts = [""]
        end = 0
        for match in _PART.finditer(template):
            self._parts[-1] += template[end : match.start()]
            end = match.end()
            if match[1] is not None:
                self._parts += [match[1], ""]
            elif len(match[0]) > 1:
                self._parts[-1] += match[0][0]
            else:
                raise _lone_brace(template, match.start())
        self._parts[-1] += template[end:]

    @property
    def template(self) -> str:
        """The template as it was given."""
        return self._template

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that are still to be filled in, in the order of the text."""
        return tuple(name for name in dict.fromkeys(self._parts[1::2]) if name not in self._known)

    def format(self, variables: Mapping[str, object]) -> str:
        """Fill in all variables.

        Args:
            variables: A value for each of `PromptTemplate.variables`; what is no text is converted
                with ``str``.

        Raises:
            InvalidInput: ``template.invalid`` where a variable is missing, unknown, or None.
        """
        values = self._known | self._checked(variables)
        missing = [name for name in self.variables if name not in values]
        if missing:
            raise InvalidInput(
                "template.invalid",
                f"no value for {_listed(missing)}",
                f'format({{"{missing[0]}": ...}}), or {{{{{missing[0]}}}}} for braces in the text',
                {"missing": ", ".join(missing)},
            )
        filled = [values[part] if index % 2 else part for index, part in enumerate(self._parts)]
        return "".join(filled)

    def partial(self, variables: Mapping[str, object]) -> PromptTemplate:
        """Give the template with some variables filled in, which it then has no more.

        Raises:
            InvalidInput: ``template.invalid`` where a variable is unknown, or None.
        """
        made = PromptTemplate(self._template)
        made._known = self._known | self._checked(variables)
        return made

    def _checked(self, variables: Mapping[str, object]) -> dict[str, str]:
        if not hasattr(variables, "keys"):
            raise InvalidInput(
                "input.invalid",
                f"variables is {type(variables).__name__}, not a mapping",
                '{"question": "..."}',
            )
        for name, value in variables.items():
            if name not in self.variables:
                raise self._unknown(str(name))
            if value is None:
                raise InvalidInput(
                    "template.invalid",
                    f"the value of {{{name}}} is None",
                    'pass "" where there is nothing to say',
                    {"variable": name},
                )
        return {name: str(value) for name, value in variables.items()}

    def _unknown(self, name: str) -> InvalidInput:
        near = get_close_matches(name, self.variables, 1)
        if name in self._known:
            hint = "it is filled in already, by partial()"
        elif near:
            hint = f"did you mean {near[0]!r}?"
        else:
            hint = f"it has {_listed(self.variables) or 'none'}"
        return InvalidInput(
            "template.invalid",
            f"the template has no variable {name!r} to fill in",
            hint,
            {"unknown": name},
        )

    def __repr__(self) -> str:
        """Show the template, and what is filled in already."""
        shown = f"PromptTemplate({self._template!r})"
        return f"{shown}.partial({self._known!r})" if self._known else shown


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def _lone_brace(template: str, at: int) -> InvalidInput:
    around = template[max(0, at - _AROUND_CHARS) : at + _AROUND_CHARS]
    brace = template[at]
    return InvalidInput(
        "template.invalid",
        f"the {brace!r} at offset {at} belongs to no variable: {around!r}",
        f"write {brace * 2} for a brace; a variable is {{name}}, in letters, digits and _",
        {"offset": str(at)},
    )
