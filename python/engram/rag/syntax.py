"""Splitting code by its syntax tree.

Owns: `CodeTextSplitter` and the table of languages. The trees are tree-sitter's (the extra
``code``); what a grammar cannot read is split all the same, since every tree covers its text.
Invariants: those of every splitter; a chunk ends between the largest pieces that fit, and within a
token only where that alone is too long. Complexity: one parse, and a walk through the nodes that
are larger than a chunk.
"""

from __future__ import annotations

from copy import copy
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from engram.errors import InvalidInput, _missing_extra
from engram.rag.boundaries import parts_a_character
from engram.rag.chunks import Chunk
from engram.rag.packing import LINES, PARAGRAPHS, WORDS, Places, WholeLines, spans
from engram.rag.splitters import CHUNK_SIZE, TextSplitter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tree_sitter import Language, Node

    from engram.rag.lengths import Length
    from engram.rag.packing import Breaks

__all__ = ["LANGUAGES", "CodeTextSplitter"]

LANGUAGES: dict[str, tuple[str, str]] = {
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "python": ("tree_sitter_python", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}
"""The package of each language's grammar, and the function that gives it."""

_OTHER_NAMES = {"c++": "cpp", "golang": "go", "js": "javascript", "jsx": "javascript",
                "py": "python", "rs": "rust", "ts": "typescript"}  # fmt: skip

_WITHIN_TOKENS = WholeLines((PARAGRAPHS, LINES, WORDS))
_LEVELS = 32
"""Depths of the tree that are told apart; what is deeper counts as this deep."""

_LEADING = ("comment", "attribute", "decorator", "annotation")
"""What stands right above a definition and belongs to it, by the names of its nodes."""

_OPAQUE = ("string", "comment", "char", "heredoc")
"""What is one token to a reader, by the names of its nodes."""

_STATEMENTS = ("statement", "declaration", "definition", "item")
"""What comes before other nodes that start within a line, by how their names end."""

_SIGNATURE_CHARS = 120
_CONTINUING = bytes(range(0x80, 0xC0))
"""Bytes that continue a character of UTF-8 and start none."""


class CodeTextSplitter(TextSplitter):
    r"""Splits code between definitions, then within them, by its syntax tree.

    Until a language is named it breaks behind blank lines, lines and words. Comments, decorators
    and attributes right above a definition stay with it. Chunks that start within a class or a
    function carry its first line as `Chunk.path`. An overlap repeats whole lines, or nothing.

    Example:
        >>> from engram.rag import CodeTextSplitter
        >>> code = "def one():\n    return 1\n\ndef two():\n    return 2\n"
        >>> CodeTextSplitter(30, 0).with_language("python").split_text(code)
        ['def one():\n    return 1\n\n', 'def two():\n    return 2\n']
    """

    def __init__(
        self, chunk_size: int = CHUNK_SIZE, chunk_overlap: int = 0, *, length: Length = "characters"
    ) -> None:
        """Make a splitter without a language; the arguments are those of `TextSplitter`."""
        super().__init__(chunk_size, chunk_overlap, length=length)
        self._language: str | None = None
        self._grammar: Language | None = None

    @property
    def language(self) -> str | None:
        """The language whose syntax it follows, or None."""
        return self._language

    def with_language(self, language: str) -> CodeTextSplitter:
        """Give the same splitter for a language.

        Args:
            language: ``c``, ``cpp``, ``go``, ``java``, ``javascript``, ``python``, ``rust``,
                ``tsx``, ``typescript``, or another usual name of theirs, such as ``c++``, ``ts``.

        Raises:
            InvalidInput: ``input.invalid`` where the language is none of them.
            MissingExtra: ``extra.missing`` where its grammar is not installed.
        """
        name = language.lower() if isinstance(language, str) else ""
        name = _OTHER_NAMES.get(name, name)
        if name not in LANGUAGES:
            raise InvalidInput(
                "input.invalid",
                f"no grammar for the language {language!r}",
                f"one of {', '.join(LANGUAGES)}; without a language, lines are what it breaks at",
            )
        chosen = copy(self)
        chosen._language = name
        chosen._grammar = _grammar(name)
        return chosen

    def _chunks(self, text: str) -> Iterator[Chunk]:
        breaks: Breaks = _WITHIN_TOKENS
        scopes: list[_Scope] = []
        if self._grammar is not None:
            from tree_sitter import Parser

            data = text.encode()
            outline = _Outline(data, self._chunk_size)
            outline.read(Parser(self._grammar).parse(data).root_node)
            breaks, scopes = outline.finish(text)
        around: list[_Scope] = []
        ahead = iter([*scopes, _Scope(len(text), len(text), "")])
        following = next(ahead)
        for start, end in spans(text, (0, len(text)), breaks, self._ruler):
            while following.start < start:
                around.append(following)
                following = next(ahead)
            around = [scope for scope in around if start < scope.end]
            path = tuple(scope.signature for scope in around)
            yield Chunk(text[start:end], start, end, path)

    def __repr__(self) -> str:
        """Show size, overlap and language."""
        shown = super().__repr__()
        return shown if self._language is None else f"{shown}.with_language({self._language!r})"


def _grammar(name: str) -> Language:
    """Load the grammar of a language."""
    package, function = LANGUAGES[name]
    purpose = f"splitting {name} by its syntax"
    try:
        import tree_sitter
    except ImportError as cause:
        raise _missing_extra("tree-sitter", "code", purpose) from cause
    try:
        grammar = import_module(package)
    except ImportError as cause:
        raise _missing_extra(package.replace("_", "-"), "code", purpose) from cause
    return tree_sitter.Language(getattr(grammar, function)())


class _Scope(NamedTuple):
    """A definition that is larger than a chunk."""

    start: int
    end: int
    signature: str


class _Outline:
    """Collects, in bytes, where the nodes of a tree start, by how deep they are."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = data
        self._size = size
        self._lines: list[list[int]] = [[] for _ in range(_LEVELS)]
        self._statements: list[int] = []
        self._tokens: list[int] = []
        self._scopes: list[_Scope] = []
        self._openings: list[int] = []
        self._seen: set[int] = set()

    def read(self, root: Node) -> None:
        """Walk through the nodes that are larger than a chunk.

        One that fits need not be taken apart: where it does not fit any more, the chunk can end
        where it starts.
        """
        ahead = [(root, 0)]
        while ahead:
            node, depth = ahead.pop()
            self._note_scope(node)
            children = node.children
            self._note(children, min(depth, _LEVELS - 1))
            large = [
                (child, depth + 1)
                for child in children
                if child.end_byte - child.start_byte > self._size and not _is_token(child)
            ]
            ahead.extend(reversed(large))

    def _note(self, children: list[Node], depth: int) -> None:
        above: Node | None = None
        for child in children:
            line = self._line_start(child)
            belongs = above is not None and _touches(above, child)
            if line is not None:
                if line not in self._seen and not belongs:
                    self._lines[depth].append(line)
                self._seen.add(line)
            elif child.end_byte - child.start_byte <= self._size:
                # What has to be cut anyway is not worth a break before it.
                ends = child.type.endswith(_STATEMENTS)
                (self._statements if ends else self._tokens).append(child.start_byte)
            above = child if line is not None and _has_part(child, _LEADING) else None

    def _line_start(self, node: Node) -> int | None:
        """Give the start of its line, if nothing but white space stands before it there."""
        start = node.start_byte
        line = start - node.start_point.column
        before = self._data[line:start]
        return line if not before or before.isspace() else None

    def _note_scope(self, node: Node) -> None:
        body = node.child_by_field_name("body")
        if body is None or node.type.endswith("_statement"):
            return
        if all(node.child_by_field_name(one) is None for one in ("name", "type", "declarator")):
            return
        words = self._data[node.start_byte : body.start_byte].decode("utf-8", "replace").split()
        signature = " ".join(words).rstrip(" :{")[:_SIGNATURE_CHARS]
        self._scopes.append(_Scope(node.start_byte, node.end_byte, signature))
        # What a body starts with is parted from the first line only where they cannot stay
        # together.
        opening = next(iter(body.named_children), body)
        line = self._line_start(opening)
        if line is not None:
            self._seen.add(line)
            self._openings.append(line)

    def finish(self, text: str) -> tuple[Places, list[_Scope]]:
        """Turn bytes into characters: the places to break at, and the scopes from outside in."""
        everything = [*self._lines, self._statements, self._openings, self._tokens]
        wanted = {at for level in everything for at in level}
        wanted |= {at for scope in self._scopes for at in (scope.start, scope.end)}
        places = _characters(self._data, text, wanted)
        levels = [
            sorted(at for byte in level if not parts_a_character(text, at := places[byte]))
            for level in everything
        ]
        scopes = [_Scope(places[one.start], places[one.end], one.signature) for one in self._scopes]
        scopes.sort(key=lambda one: (one.start, -one.end))
        return Places(levels[:_LEVELS], _WITHIN_TOKENS, ends=levels[_LEVELS:]), scopes


def _is_token(node: Node) -> bool:
    return node.child_count == 0 or _has_part(node, _OPAQUE)


def _has_part(node: Node, parts: Iterable[str]) -> bool:
    return any(part in node.type for part in parts)


def _touches(above: Node, below: Node) -> bool:
    """Say whether no blank line stands between two nodes."""
    row, column = above.end_point
    return below.start_point.row - (row if column else row - 1) <= 1


def _characters(data: bytes, text: str, wanted: Iterable[int]) -> dict[int, int]:
    """Give the offset in characters of each offset in bytes."""
    if len(data) == len(text):
        return {at: at for at in wanted}
    places: dict[int, int] = {}
    byte = character = 0
    for at in sorted(wanted):
        character += len(data[byte:at].translate(None, _CONTINUING))
        places[at] = character
        byte = at
    return places
