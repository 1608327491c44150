"""What `Memory.find` promises."""

import pytest

from engram import Memory
from engram.errors import Conflict, InvalidInput
from engram.rag import RecursiveCharacterTextSplitter

MARKDOWN = "# Camping\n\nTents keep dry.\n\n## Fire\n\n" + "Wood burns when it is dry. " * 60


def texts_match(memory, found):
    text = memory.get(found.document.id).text
    assert text[found.start : found.end] == found.text
    for piece in found.snippets:
        assert text[piece.start : piece.end] == piece.text
        assert found.start <= piece.start <= piece.end <= found.end
        assert all(text[a:b].strip() for a, b in piece.marks)


def test_offsets_lead_to_the_documents_text(memory):
    memory.put(MARKDOWN, format="markdown", uri="a")
    finds = memory.find("dry wood", k=5, snippets=2, snippet_chars=60)
    assert len(finds) >= 2
    for found in finds:
        texts_match(memory, found)
    marked = next(f for f in finds if "Wood" in f.text).snippet
    text = memory.get("a").text
    assert {text[a:b].lower() for a, b in marked.marks} <= {"dry", "wood"}
    assert marked.marks


def test_words_of_the_heading_find_a_passage_but_are_no_part_of_it(memory):
    memory.put(MARKDOWN, format="markdown", uri="a", title="Nights outdoors")
    found = memory.find("nights outdoors", mode="lex")[0]
    assert "Nights" not in found.text
    texts_match(memory, found)


def test_the_mode_that_ran_is_in_the_answer(memory):
    memory.put("Tents keep dry.")
    assert memory.find("tents").mode == "hybrid"
    assert memory.find("tents", mode="lex").mode == "lexical"
    assert memory.find("tents", mode="sem").mode == "semantic"
    assert memory.find("tents", mode="hybrid").mode == "hybrid"


def test_nothing_put_is_nothing_found(memory):
    finds = memory.find("tents")
    assert (list(finds), finds.mode) == ([], "none")
    assert memory.find("tents", scope="x", tags=["y"], since="2024").ids == []


def test_without_an_embedder_auto_says_so_and_sem_fails(bare):
    bare.put("Tents keep dry.")
    finds = bare.find("tents")
    assert (finds.mode, len(finds)) == ("lexical", 1)
    assert "no embedder" in finds.skipped["semantic"]
    for mode in ("sem", "hybrid"):
        with pytest.raises(InvalidInput) as raised:
            bare.find("tents", mode=mode)
        assert raised.value.code == "embedder.missing"


def test_conditions_narrow_the_search(memory):
    memory.put("tents one", uri="camp/a", tags=["x", "y"], timestamp="2023-01-01")
    memory.put("tents two", uri="camp/b", tags=["x"], timestamp="2024-01-01", metadata={"n": 2})
    memory.put("tents three", uri="home/c", timestamp="2025-01-01")

    def uris(**options):
        return sorted(found.uri for found in memory.find("tents", **options))

    assert uris(scope="camp/") == ["camp/a", "camp/b"]
    assert uris(tags=["x", "y"]) == ["camp/a"]
    assert uris(since="2024") == ["camp/b", "home/c"]
    assert uris(since="2024", until="2025-01-01") == ["camp/b"]
    assert uris(where="n = 2") == ["camp/b"]
    assert uris(where="n = 2", scope="home/") == []
    assert uris(where="doc.uri LIKE '%c'") == ["home/c"]


def test_a_field_that_nothing_has_is_an_error_even_beside_conditions_of_ours(memory):
    memory.put("tents")
    with pytest.raises(InvalidInput) as raised:
        memory.find("tents", where="yeer = 1", scope="x")
    assert raised.value.code == "filter.unknown_field"
    assert memory.find("tents", where="yeer = 1", missing="ignore").ids == []


def test_pages_follow_each_other(memory):
    for n in range(7):
        memory.put(f"tents number {n}", uri=str(n))
    for mode in ("auto", "sem"):
        whole = memory.find("tents number 3", k=7, mode=mode).ids
        first = memory.find("tents number 3", k=4, mode=mode)
        rest = memory.find("tents number 3", k=4, mode=mode, cursor=first.cursor)
        assert [*first.ids, *rest.ids] == whole
        assert rest.cursor is None
    with pytest.raises(InvalidInput):
        memory.find("boots", k=4, cursor=first.cursor)


def test_no_more_passages_of_a_document_than_asked_for(memory):
    memory.put("\n\n".join("tents " * 150 for _ in range(5)), uri="a")
    memory.put("tents and boots", uri="b")
    assert len(memory.find("tents", k=9)) > 2
    assert sorted(f.uri for f in memory.find("tents", k=9, per_document=1)) == ["a", "b"]


def test_the_past_can_be_searched(tmp_path, words):
    with Memory.open(tmp_path / "m.engram", embedder=words()) as memory:
        memory.put("tents are blue", uri="a")
        memory.db.create_snapshot("blue")
        memory.put("tents are red", uri="a")
        assert memory.find("tents", as_of="blue")[0].text == "tents are blue"
        assert memory.get("a", as_of="blue").text == "tents are blue"
        assert memory.find("tents")[0].text == "tents are red"


def test_a_found_passage_is_json(memory):
    import json

    memory.put("tents", tags=["x"], metadata={"n": [1]})
    plain = json.loads(json.dumps(memory.find("tents").to_dict()))
    assert plain["mode"] == "hybrid"
    assert plain["hits"][0]["document"]["tags"] == ["x"]
    assert plain["hits"][0]["metadata"] == {"n": [1]}


def test_source_code_is_cut_between_definitions(memory):
    pytest.importorskip("tree_sitter_python")
    code = "".join(f"def number_{n}():\n    return '{'x' * 400}'\n\n\n" for n in range(4))
    memory.put(file=code.encode(), filename="a.py", uri="a")
    finds = memory.find("number_2", mode="lex", k=9)
    assert all(found.text.startswith("def ") for found in finds)
    for found in finds:
        texts_match(memory, found)


def test_a_splitter_of_ones_own_cuts(words):
    splitter = RecursiveCharacterTextSplitter(50)
    with Memory.open(":memory:", embedder=words(), splitter=splitter) as memory:
        memory.put("tents " * 40, uri="a")
        finds = memory.find("tents", k=20)
        assert len(finds) > 3
        assert max(len(found.text) for found in finds) <= 50


def test_a_reranker_orders_what_was_found(memory):
    class Longest:
        """Score by length."""

        def rerank(self, query, hits, /):
            return [float(len(hit.text)) for hit in hits]

    for n in range(1, 5):
        memory.put("tents " * n, uri=str(n))
    finds = memory.find("tents", k=2, rerank=Longest())
    assert [found.uri for found in finds] == ["4", "3"]
    assert "rerank" in finds.report.notes


def test_a_commit_and_a_moment_of_the_past_can_be_searched(tmp_path, words):
    with Memory.open(tmp_path / "m.engram", embedder=words()) as memory:
        memory.put("tents are blue", uri="a")
        first = memory.db.stats()
        memory.put("tents are red", uri="a")
        view = memory.db.at(first.commit)
        for point in (first.commit, view.time):
            assert memory.find("tents", as_of=point)[0].text == "tents are blue"
            assert memory.timeline(as_of=point)[0].text == "tents are blue"


def test_words_are_stemmed_for_the_language_that_was_said(tmp_path):
    path = tmp_path / "m.engram"
    with Memory.open(path, embedder=None, language="de") as memory:
        memory.put("Die Häuser stehen am See.", uri="a")
        assert memory.find("Haus", mode="lex")[0].uri == "a"
    with Memory.open(path, embedder=None) as memory:
        assert memory.find("Haus", mode="lex")[0].uri == "a"
    with Memory.open(path, embedder=None, language="fr") as memory:
        with pytest.raises(Conflict) as raised:
            memory.put("Les maisons")
        assert raised.value.code == "collection.mismatch"
