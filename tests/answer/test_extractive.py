"""Answers out of the passages' own sentences, offline."""

# ruff: noqa: RUF001 - other scripts look alike

import json

import pytest

import engram
from engram.answer import NOT_IN_MEMORY, RELEVANT, Answer, Passage, ask, stream
from engram.errors import InvalidInput
from engram.rag import RecursiveCharacterTextSplitter, chunk_records


def test_the_best_sentence_answers_and_is_cited(passages):
    answer = ask("When was the Eiffel Tower built?", passages)
    assert "1887 to 1889" in answer.text
    assert answer.text.endswith("[1]")
    assert (answer.found, answer.mode, answer.model, answer.usage) == (
        True,
        "extractive",
        None,
        None,
    )
    assert answer.relevance >= RELEVANT
    assert answer.grounded
    assert answer.sources == ()


def test_a_citation_resolves_to_source_page_and_offsets(passages):
    answer = ask("When did the Golden Gate Bridge open?", passages)
    (citation,) = answer.citations
    assert (citation.id, citation.uri, citation.title) == ("b#0", "bridges.pdf", "Bridges")
    assert (citation.page, citation.start) == (8, 40)
    assert citation.text == passages[1].text
    assert str(citation) == f"[{citation.number}] bridges.pdf (page 8, 40-{citation.end})"
    for sentence in answer.sentences:
        said, evidence = sentence.text, sentence.evidence
        assert answer.text[sentence.start : sentence.end] == said
        assert said.startswith(evidence.text)
        shown = passages[1].text[evidence.start - 40 : evidence.end - 40]
        assert (shown, evidence.page) == (evidence.text, 8)


def test_a_sentence_that_points_back_brings_the_one_before_it(passages):
    answer = ask("Which company built it from 1887 to 1889: that of Gustave Eiffel?", passages)
    first, second, *_ = answer.sentences
    assert first.text.startswith("The Eiffel Tower")
    assert second.text.startswith("It was built")


def test_what_says_the_same_is_said_once():
    twice = [
        {"text": "The meeting is on Monday at nine.", "id": "a"},
        {"text": "The meeting is on Monday at nine o'clock.", "id": "b"},
        {"text": "The meeting takes place in room five.", "id": "c"},
    ]
    answer = ask("When and where is the meeting?", twice)
    assert answer.text.count("Monday") == 1
    assert "room five" in answer.text


@pytest.mark.parametrize(
    "question",
    ["How do I tune a violin?", "Who won the chess championship in Reykjavik?", "什么是量子力学？"],
)
def test_what_no_passage_is_about_is_not_in_memory(passages, question):
    answer = ask(question, passages, return_sources=True)
    assert (answer.found, answer.text) == (False, NOT_IN_MEMORY)
    assert (answer.citations, answer.sentences) == ((), ())
    assert answer.relevance < RELEVANT
    assert len(answer.sources) == 3
    assert not answer.grounded


def test_no_passages_are_no_answer():
    for given in ([], [{"text": "  \n"}]):
        answer = ask("Anything?", given)
        assert (answer.found, answer.text, answer.context) == (False, NOT_IN_MEMORY, "")


def test_other_languages_are_answered_too():
    texts = ["东京是日本的首都。人口约一千四百万。", "巴黎是法国的首都。塞纳河流经巴黎。"]
    answer = ask("法国的首都是哪里？", [{"text": text} for text in texts])
    assert answer.text.startswith("巴黎是法国的首都。")
    texts = ["Эйфелева башня построена в 1889 году.", "Хлеб пекут из муки и воды."]
    answer = ask("Когда построена Эйфелева башня?", [{"text": text} for text in texts])
    assert answer.text == "Эйфелева башня построена в 1889 году. [1]"
    assert not ask("Сколько стоит билет в театр?", [{"text": text} for text in texts]).found
    texts = ["에펠탑은 파리에 있다. 1889년에 지어졌다.", "빵은 밀가루로 만든다."]
    answer = ask("에펠탑은 어디에 있습니까?", [{"text": text} for text in texts])
    assert answer.text.startswith("에펠탑은 파리에 있다.")
    texts = [
        "Der Rhein ist 1233 Kilometer lang. Er mündet in die Nordsee.",
        "Brot besteht aus Mehl.",
    ]
    answer = ask("Wie lang ist der Rhein?", [{"text": text} for text in texts])
    assert "1233 Kilometer" in answer.text


def test_passages_that_touch_are_one_citation():
    text = "Alpha stands first. Beta stands second. Gamma stands third and last of all."
    cut = text.index("second")
    near = [
        Passage(text[cut:], "2", "abc.txt", page=2, start=cut),
        Passage(text[:cut], "1", "abc.txt", page=1, start=0),
    ]
    answer = ask("Which one stands second?", near)
    assert answer.citations[0].text == text
    assert answer.citations[0].ids == ("2", "1")
    assert (answer.citations[0].page, answer.citations[0].start) == (1, 0)
    evidence = {one.evidence.text: one.evidence for one in answer.sentences}
    beta = evidence["Beta stands second."]
    assert (text[beta.start : beta.end], beta.page) == ("Beta stands second.", 1)


def test_only_the_context_may_be_asked_for(passages):
    def never(prompt):
        raise AssertionError

    answer = ask("Anything?", passages, never, context_only=True)
    assert (answer.mode, answer.text, answer.found, answer.model) == ("context", "", True, None)
    assert answer.context.count("<passage ") == 3
    assert 'number="2" source="bridges.pdf" title="Bridges" page="8"' in answer.context
    assert list(stream("Anything?", passages, context_only=True)) == []


def test_the_context_keeps_to_its_budget(passages):
    whole = ask("bridge", passages, context_only=True)
    assert whole.left_out == ()
    assert len(whole.context) > 400
    for budget, held in ((150, 1), (400, 2), (2_000, 3)):
        answer = ask("bridge", passages, context_only=True, max_context=budget, length="characters")
        assert 0 < len(answer.context) <= budget
        assert answer.context.count("<passage ") == held == 3 - len(answer.left_out)
    with pytest.raises(InvalidInput) as caught:
        ask("bridge", passages, max_context=20, length="characters")
    assert caught.value.code == "input.limit"


def test_hits_of_collections_are_passages(db):
    notes = db.collection("notes")
    text = "# Rivers\n\nThe Rhine flows through Basel.\n\n# Lakes\n\nLake Constance is deep."
    chunks = RecursiveCharacterTextSplitter(40).split(text)
    notes.put_many(chunk_records(chunks, "waters.md"))
    answer = ask("Where does the Rhine flow?", notes.query("Rhine flow", k=3))
    (citation,) = answer.citations
    assert citation.uri == "waters.md"
    assert text[citation.start : citation.end] == citation.text
    notes.put(
        "m#0", text="The lake is blue.", metadata={"doc": {"id": "m", "uri": "m.txt", "page": 4}}
    )
    (citation,) = ask("Is the lake blue?", notes.query("blue lake", k=1)).citations
    assert (citation.uri, citation.page, citation.start) == ("m.txt", 4, None)


def test_hits_of_a_memory_are_passages():
    with engram.Memory.open(":memory:") as memory:
        text = "# Rivers\n\nThe Rhine flows through Basel.\n\n# Lakes\n\nLake Constance is deep."
        stored = memory.get(memory.put(text, uri="waters.md", title="Waters").id)
        for found in (memory.find("Rhine"), memory.db.collection("memory").query("Rhine")):
            (citation,) = ask("Where does the Rhine flow?", found).citations
            assert (citation.uri, citation.title) == ("waters.md", "Waters")
            assert stored.text[citation.start : citation.end] == citation.text


def test_an_answer_is_data_and_text(passages):
    answer = ask("When was the Eiffel Tower built?", passages, return_sources=True)
    plain = json.loads(json.dumps(answer.to_dict()))
    assert plain["citations"][0]["uri"] == "towers.txt"
    assert len(plain["sources"]) == 3
    assert plain["sentences"][0]["evidence"]["page"] == 3
    assert str(answer).splitlines()[-1] == str(answer.citations[-1])
    with pytest.raises(AttributeError):
        answer.text = "other"
    assert isinstance(answer, Answer)


def test_extractive_answers_stream_too(passages):
    pieces = stream("When was the Eiffel Tower built?", passages)
    assert "".join(pieces) == pieces.answer.text


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda p: ask(" ", p), "query.empty"),
        (lambda p: ask(7, p), "input.invalid"),
        (lambda p: ask("q", "text"), "input.invalid"),
        (lambda p: ask("q", {"text": "one"}), "input.invalid"),
        (lambda p: ask("q", [object()]), "input.invalid"),
        (lambda p: ask("q", p, sentences=0), "input.invalid"),
        (lambda p: ask("q", p, max_context=True), "input.invalid"),
        (lambda p: ask("q", p, mask_pii="yes"), "input.invalid"),
        (lambda p: ask("q", p, max_tokns=5), "input.invalid"),
        (lambda p: ask("q", p, 7), "llm.invalid"),
        (lambda p: ask("q", p, "openia:gpt"), "provider.unknown"),
    ],
)
def test_wrong_arguments_are_said_at_once(passages, call, code):
    with pytest.raises(engram.EngramError) as caught:
        call(passages)
    assert caught.value.code == code
