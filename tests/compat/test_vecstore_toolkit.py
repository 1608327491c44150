"""VecStore's toolkit by the signatures of its plan: splitters, memory, prompts, evaluation."""

import pytest

import engram.evaluate
import engram.rag
from engram.compat import vecstore
from engram.compat.vecstore import (
    AnswerCorrectness,
    AnswerFaithfulness,
    CodeTextSplitter,
    ContextRelevance,
    ConversationMemory,
    EvaluationInput,
    Evaluator,
    MarkdownTextSplitter,
    MultiQueryRetrieval,
    PromptTemplate,
    RecursiveCharacterTextSplitter,
    SearchResult,
)

TEXT = "One sentence. Another sentence, somewhat longer.\n\nA second paragraph follows here.\n"


def test_the_names_are_those_of_the_toolkit():
    for name in set(vecstore.__all__) & set(engram.rag.__all__):
        assert getattr(vecstore, name) is getattr(engram.rag, name)
    for name in set(vecstore.__all__) & set(engram.evaluate.__all__):
        assert getattr(vecstore, name) is getattr(engram.evaluate, name)
    assert not hasattr(vecstore, "nothing_of_the_kind")


@pytest.mark.parametrize("kind", [RecursiveCharacterTextSplitter, MarkdownTextSplitter])
def test_a_splitter_takes_size_and_overlap(kind):
    for splitter in (kind(chunk_size=40, chunk_overlap=10), kind(40, 10)):
        chunks = splitter.split_text(TEXT)
        assert isinstance(chunks, list)
        assert len(chunks) > 1
        assert all(isinstance(chunk, str) and 0 < len(chunk) <= 40 for chunk in chunks)


def test_the_overlap_has_to_be_smaller_than_the_size():
    with pytest.raises(ValueError):
        RecursiveCharacterTextSplitter(chunk_size=10, chunk_overlap=10)


def test_the_code_splitter_takes_a_language():
    pytest.importorskip("tree_sitter_python")
    code = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"
    splitter = CodeTextSplitter(chunk_size=30, chunk_overlap=0).with_language("python")
    assert isinstance(splitter, CodeTextSplitter)
    first, second = splitter.split_text(code)
    assert first.startswith("def one")
    assert second.startswith("def two")


def test_a_conversation_is_remembered():
    memory = ConversationMemory(max_tokens=200)
    memory.add_message("user", "What is engram?")
    memory.add_message("assistant", "One file.")
    shown = memory.format_messages()
    assert shown.index("What is engram?") < shown.index("One file.")
    memory.clear()
    assert memory.format_messages() == ""


def test_a_prompt_is_filled_in():
    template = PromptTemplate("Context: {context}\nQuestion: {question}")
    assert template.format({"context": "c", "question": "q"}) == "Context: c\nQuestion: q"
    with pytest.raises(ValueError):
        template.format({"context": "c"})


def test_results_of_several_queries_are_fused(books):
    one = books.query([1.0, 0.0], k=3)
    two = books.query([0.0, 1.0], k=3)
    assert [hit.id for hit in one + two] == ["a", "b", "c", "e", "d", "c"]
    fused = MultiQueryRetrieval.reciprocal_rank_fusion([one, two], 60)
    assert [hit.id for hit in fused] == ["c", "a", "e", "b", "d"]
    assert fused[0].score == pytest.approx(2 / 63)
    assert isinstance(fused[0], SearchResult)
    assert fused[0].metadata["title"] == "The long way"
    assert MultiQueryRetrieval.reciprocal_rank_fusion([], 60) == []


def test_answers_are_judged():
    asked = EvaluationInput(
        "Where did Alice meet Bob?",
        contexts=["Alice met Bob in Paris."],
        answer="Alice met Bob in Paris.",
        ground_truth="In Paris.",
    )
    evaluator = Evaluator()
    evaluator.add_metric(AnswerCorrectness(lambda texts: [[1.0, 0.0]] * len(texts)))
    report = evaluator.evaluate(asked)
    (score,) = report.scores.values()
    assert score == pytest.approx(1.0)
    assert len(evaluator.evaluate_batch([asked, asked])) == 2


@pytest.mark.parametrize("kind", [ContextRelevance, AnswerFaithfulness])
def test_a_judge_is_any_function(kind):
    asked = EvaluationInput("q?", contexts=["text"], answer="text")
    result = kind(lambda prompt: "no verdict at all").evaluate(asked)
    assert result.score is None
    assert result.error.code == "llm.answer"
