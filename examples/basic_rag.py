"""Answer questions from documents, with sources: the whole way, on one file.

    python examples/basic_rag.py

Offline: in the place of a language model stands a function that quotes the sentence which fits the
question best. Put a call of yours there. The database is in a folder that is removed at the end.
"""

from __future__ import annotations

import re
import tempfile

import engram
import engram.embed
from engram.rag import (
    MarkdownTextSplitter,
    MultiQueryRetrieval,
    PromptTemplate,
    chunk_records,
    pack_context,
)

DOCUMENTS = {
    "tents.md": """# Tents

## Cleaning

Clean a tent with lukewarm water and a soft sponge. Soap and machines destroy its coating.

## Storing

Store a tent dry and loosely packed. A damp tent grows mould within two days.
""",
    "stoves.md": """# Stoves

## Fuel

Gas stoves lose power below five degrees. Petrol stoves work in any cold, but need cleaning.

## Safety

Never cook inside a closed tent: carbon monoxide has no smell.
""",
}

PROMPT = PromptTemplate("""\
Answer from the sources only, and name the number of each that you use, as [1].

{context}

Question: {question}
""")


PASSAGE = re.compile(r"^\[(\d+)\][^\n]*\n(.*?)(?=\n\n\[|\Z)", re.MULTILINE | re.DOTALL)


def model(prompt: str) -> str:
    """Answer as a language model would, by quoting. A real one goes here."""
    context, question = prompt.rsplit("\n\nQuestion: ", 1)
    quotes = [
        (number, sentence)
        for number, passage in re.findall(
            r"^\[(\d+)\][^\n]*\n(.*?)(?=\n\n\[|\Z)", context, re.MULTILINE | re.DOTALL
        )
        for sentence in re.findall(r"[A-Z][^.\n]+\.", passage)
    ]
    embedder = engram.embed.default()
    scores = embedder.encode_batch([text for _, text in quotes]) @ embedder.encode(question)
    number, sentence = quotes[int(scores.argmax())]
    return f"{sentence} [{number}]"


def ask(camping: engram.Collection, question: str) -> None:
    """Search, let the model answer from what was found, and show where the answer comes from."""
    # The question in several ways, each searched by words and by meaning, fused.
    queries = MultiQueryRetrieval().generate(question, 3)
    hits = MultiQueryRetrieval.retrieve(camping, queries, k=3)
    packed = pack_context(hits, max_tokens=150)
    answer = model(PROMPT.format({"context": packed.text, "question": question}))
    print(f"\n? {question}\n  {answer}")
    for citation in packed.cited(answer):
        print(f"  {citation}")
        source = DOCUMENTS[str(citation.source)]
        assert source[citation.start : citation.end] == citation.text


def main() -> None:
    """Put documents in, and ask."""
    with tempfile.TemporaryDirectory() as folder, engram.open(f"{folder}/camping.engram") as db:
        camping = db.collection("camping")
        for name, text in DOCUMENTS.items():
            count = camping.put_many(chunk_records(MarkdownTextSplitter(200).split(text), name))
            print(f"put {name}: {count} chunks")
        ask(camping, "How do I clean and store a tent?")
        ask(camping, "Which stove works when it is freezing?")
        ask(camping, "Why is it dangerous to cook in a tent?")


if __name__ == "__main__":
    main()
