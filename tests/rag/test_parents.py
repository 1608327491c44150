"""Small chunks are searched, the texts around them come back."""

import pytest

import engram
from engram.errors import InvalidInput
from engram.rag import (
    MarkdownTextSplitter,
    MultiQueryRetrieval,
    ParentDocuments,
    RecursiveCharacterTextSplitter,
    pack_context,
)

BIRDS = """# Storks

White storks winter in Africa. They cannot cross wide seas, since they glide.

# Swifts

Swifts sleep while they fly. They eat insects. They nest under roofs.
"""
FISH = "Eels spawn in the Sargasso Sea. Salmon return to the river where they hatched."


@pytest.fixture
def db():
    with engram.open(":memory:") as db:
        yield db


@pytest.fixture
def documents(db):
    documents = ParentDocuments(
        db, children=RecursiveCharacterTextSplitter(40), parents=MarkdownTextSplitter()
    )
    documents.put("birds.md", BIRDS, metadata={"kind": "bird"})
    documents.put("fish.md", FISH, metadata={"kind": "fish"})
    return documents


def test_the_parent_of_the_best_chunk_is_given(documents):
    (parent,) = documents.query("birds that sleep in the air", k=1)
    assert parent.text.startswith("# Swifts\n\nSwifts sleep while they fly.")
    about = parent.metadata
    assert BIRDS[about["start"] : about["end"]] == parent.text
    assert parent.id == f"birds.md#{about['start']}-{about['end']}"
    place = parent.hit.metadata
    assert BIRDS[place["start"] : place["end"]] in parent.text
    assert parent.score == parent.hit.score


def test_each_parent_comes_once(documents):
    found = documents.query("swifts storks insects sleep fly", k=10)
    assert len({parent.id for parent in found}) == len(found) == 3
    (fish,) = documents.query("animals", where="kind = 'fish'", mode="semantic")
    assert fish.text == FISH


def test_parents_can_be_fused_and_packed(documents):
    queries = ["sleep while flying", "insects"]
    found = MultiQueryRetrieval.retrieve(lambda query: documents.query(query, k=2), queries, 2)
    assert found[0].score == pytest.approx(2 / 61)
    packed = pack_context(found, 100)
    assert packed.citations[0].source == "birds.md"


def test_putting_again_replaces_and_deleting_forgets(db, documents):
    before = len(db.collection("documents"))
    commit = db.stats().commit
    assert documents.put("birds.md", "Only penguins are left.") == 1
    assert db.stats().commit == commit + 1
    assert len(db.collection("documents")) < before
    assert documents.query("storks", k=1, mode="lexical") == []
    assert documents.delete("birds.md") == 1
    assert documents.delete("birds.md") == 0
    assert {
        record.metadata["source"] for record in db.collection("documents.parents").iterate()
    } == {"fish.md"}


def test_without_a_parent_splitter_the_parent_is_the_document(db):
    documents = ParentDocuments(db, "notes")
    documents.put("fish.md", FISH)
    (parent,) = documents.query("salmon")
    assert parent.text == FISH
    assert db.list_collections() == ["notes", "notes.parents"]


def test_the_name_of_the_parent_cannot_be_metadata(db):
    for name in ("parent", "source"):
        with pytest.raises(InvalidInput) as caught:
            ParentDocuments(db).put("a", "text", metadata={name: "x"})
        assert caught.value.code == "input.invalid"
