"""Memory.ask: a search and an answer in one."""

import inspect
import json

import pytest

from engram import AccessContext, Memory
from engram.answer import NOT_IN_MEMORY, AskOptions
from engram.embed.remote import RemoteEmbedder
from engram.errors import InvalidInput
from engram.llm import get_llm
from engram.memory.ask_options import SearchOptions
from engram.memory.asking import _NOT_OURS
from engram.rerank.remote import get_reranker
from loopback import Reply, chat, embed

TOWER = "The Eiffel Tower is in Paris. It was built from 1887 to 1889."
BRIDGE = "The Golden Gate Bridge opened in May 1937."


@pytest.fixture
def towers():
    with Memory.open(":memory:") as memory:
        memory.put(TOWER, uri="notes/tower.txt", title="Tower", metadata={"year": 1889})
        memory.put(BRIDGE, uri="notes/bridge.txt", metadata={"year": 1937}, tags=["bridge"])
        yield memory


def test_a_question_is_searched_and_answered(towers):
    answer = towers.ask("When was the Eiffel Tower built?")
    assert "1887 to 1889. [1]" in answer.text
    (citation,) = answer.citations
    document = towers.get(citation.uri)
    assert document.text[citation.start : citation.end] == citation.text
    assert (answer.search, answer.ids[0]) == ("hybrid", citation.id)
    assert json.loads(json.dumps(answer.to_dict()))["search"] == "hybrid"


def test_the_search_takes_what_find_takes(towers):
    question = "When was it built or opened?"

    def cited(**options):
        answer = towers.ask(question, context_only=True, return_sources=True, **options)
        return [one.uri for one in answer.sources]

    assert len(cited()) == 2
    assert cited(k=1, mode="lex") == cited(mode="lex")[:1]
    assert len(cited(adaptive=True, max_k=1)) == 1
    assert cited(where="year < 1900") == ["notes/tower.txt"]
    assert cited(tags=["bridge"]) == ["notes/bridge.txt"]
    assert cited(scope="notes/b") == ["notes/bridge.txt"]
    assert cited(until="1990-01-01") == []
    assert towers.ask(question, mode="lex", context_only=True).search == "lexical"
    with pytest.raises(InvalidInput, match="did you mean scope"):
        towers.ask(question, scoop="notes")
    with pytest.raises(InvalidInput, match="takes no 'cursor'"):
        towers.ask(question, cursor="x")


def test_the_options_are_those_of_find_and_of_answers():
    """The types of `ask` name every option that it takes, and no other."""
    finding = set(inspect.signature(Memory.find).parameters) - {"self"} - _NOT_OURS
    assert set(SearchOptions.__annotations__) == finding
    assert not finding & set(AskOptions.__annotations__)


def test_only_what_who_asks_may_see_is_answered_from(towers):
    towers.put("The secret tower is on the moon.", uri="x", access={"roles": ["boss"]})
    question = "Where is the secret tower?"
    boss, guest = AccessContext(roles=["boss"]), AccessContext(roles=["guest"])
    assert "moon" in towers.ask(question, access=boss).text
    assert "moon" not in towers.ask(question, access=guest, return_sources=True).context
    audited = towers.ask(question, access=AccessContext(roles=["guest"], mode="audit"))
    assert audited.hidden == (audited.citations[0].id,)


def test_an_empty_memory_knows_nothing():
    with Memory.open(":memory:") as memory:
        answer = memory.ask("Anything?", lambda prompt: "Yes [1].")
        assert (answer.text, answer.found, answer.model) == (NOT_IN_MEMORY, False, None)


def test_a_model_answers_in_pieces(towers, serve, quick):
    server = serve(chat("openai", "It was built from ", "1887 to 1889 [1]."))
    with get_llm("openai:m", base_url=server.url, **quick) as model:
        pieces = towers.ask("When was the Eiffel Tower built?", model, stream=True)
        assert server.requests == []
        assert list(pieces) == ["It was built from ", "1887 to 1889 [1]."]
        assert (pieces.answer.search, pieces.answer.grounded) == ("hybrid", True)


def test_masked_questions_are_masked_for_embedders_of_providers_too(serve, quick):
    vectors, words = serve(embed("openai")), serve(chat("openai", "Ask <EMAIL_1> [1]."))
    by = RemoteEmbedder("openai", "m", base_url=vectors.url, **quick)
    with Memory.open(":memory:", embedder=by) as memory:
        memory.put("Ada reads letters to ada@example.com.", uri="ada.txt")
        stored = len(vectors.requests)
        with get_llm("openai:m", base_url=words.url, **quick) as model:
            answer = memory.ask("Who reads ada@example.com?", model, mask_pii=True, mode="sem")
    asked = [json.dumps(one.body) for one in [*vectors.requests[stored:], *words.requests]]
    assert len(asked) == 2
    assert not [one for one in asked if "ada@example.com" in one]
    assert answer.text == "Ask ada@example.com [1]."
    assert answer.search == "semantic"


def test_a_reranker_of_a_provider_is_refused_where_data_is_to_stay(towers, serve, quick):
    server = serve(lambda request: Reply(500))
    with get_reranker("jina:m", base_url=server.url, **quick) as rerank:
        for given in (rerank, [rerank]):
            with pytest.raises(InvalidInput, match="mask_pii"):
                towers.ask("When?", rerank=given, mask_pii=True)
    assert server.requests == []
