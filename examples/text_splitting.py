"""Split prose, Markdown and code into chunks that know where they came from.

    python examples/text_splitting.py

Offline, and writes nothing. Splitting code needs `engram[code]`.
"""

from __future__ import annotations

import textwrap

import engram.embed
from engram.rag import (
    CodeTextSplitter,
    MarkdownTextSplitter,
    RecursiveCharacterTextSplitter,
    SemanticTextSplitter,
    TextSplitter,
    TokenTextSplitter,
)

PROSE = """\
Storks winter in Africa. They glide on warm air, so they cannot cross wide seas.

Swifts sleep while they fly. They eat insects and nest under roofs. Compound interest is interest
on interest. It makes savings grow faster every year.
"""

MARKDOWN = """\
# Birds

## Size

| species | wingspan |
|---|---|
| white stork | 155 to 215 cm |
| black stork | 145 to 155 cm |
| marabou | 225 to 285 cm |
| common swift | 38 to 48 cm |
"""

CODE = '''\
class Stork:
    """A tall bird."""

    def fly(self, height: int) -> str:
        return f"south, at {height} m"

    # They rest at night.
    def rest(self) -> str:
        return "on a roof"


def count(birds: list[Stork]) -> int:
    return len(birds)
'''


def show(title: str, splitter: TextSplitter, text: str) -> None:
    """Split a text, print the chunks, and check that nothing is lost."""
    print(f"{title}: {splitter}")
    chunks = splitter.split(text)
    for chunk in chunks:
        assert text[chunk.start : chunk.end] == chunk.text
        print(f"  {chunk.start}-{chunk.end}" + (f", {chunk.context!r}" if chunk.context else ""))
        print(textwrap.indent(chunk.text.strip("\n"), "    | "))
    print(f"  {len(chunks)} chunks\n")


def main() -> None:
    """Show every splitter at work."""
    show("Paragraphs, then sentences", RecursiveCharacterTextSplitter(90, 0), PROSE)
    show("With an overlap", RecursiveCharacterTextSplitter(90, 40), PROSE)
    show("As many tokens as fit", TokenTextSplitter(20), PROSE)
    show("Where the subject changes", SemanticTextSplitter(engram.embed.default()), PROSE)
    show("Markdown, rows with their header", MarkdownTextSplitter(110), MARKDOWN)
    show("Code, by its syntax", CodeTextSplitter(110).with_language("python"), CODE)
    splitter = RecursiveCharacterTextSplitter(40)
    assert "".join(splitter.split_text(PROSE)) == PROSE
    print("Joined together again, the chunks are the text to the last character.")


if __name__ == "__main__":
    main()
