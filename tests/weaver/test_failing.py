"""Models that fail, nodes that are given up, and waiting for what does not come."""

import threading

import numpy as np
import pytest

import engram
from engram.weaver import Policy, Weaver


@pytest.fixture
def broken(enricher):
    """An enricher that fails on texts with the word "broken"."""
    embed, entities = enricher.embed, enricher.entities

    def embedding(texts, /):
        if any("broken" in text for text in texts):
            raise ValueError("no vector for that")
        return embed(texts)

    def extracting(text, /):
        if "unread" in text:
            raise ValueError("no names in that")
        return entities(text)

    enricher.embed, enricher.entities = embedding, extracting
    return enricher


def test_a_text_that_fails_does_not_take_its_batch_along(graph, weaver, drain, broken):
    graph.put_nodes(
        {"label": "Message", "id": str(n), "text": text}
        for n, text in enumerate(["Alice waits", "broken", "Bob waits", "unread"])
    )
    drain(weaver)
    assert sorted(node.name for node in graph.nodes("Entity")) == ["Alice", "Bob"]
    counts = weaver.weaver_status()["kinds"]["weave"]
    assert (counts["waiting"], counts["failed"], counts["dead"]) == (2, 2, 0)


def test_what_fails_is_tried_again_then_given_up(graph, weaver, drain, clock, broken):
    graph.create_node("Message", "m", text="broken")
    for wait in (10, 20):
        drain(weaver)
        with pytest.raises(engram.Busy) as late:
            weaver.wait_until_enriched("m", timeout=0)
        assert late.value.code == "weaver.timeout"
        clock.advance(wait)
    drain(weaver)
    letter = weaver.dead_letters()[0]
    assert (letter.node, letter.tries, letter.error) == ("m", 3, "ValueError: no vector for that")
    for node in ("m", None):
        with pytest.raises(engram.Conflict, match="no vector for that") as failed:
            weaver.wait_until_enriched(node, timeout=0)
        assert failed.value.code == "weaver.failed"
    assert weaver.weaver_status()["dead_letters"] == 1
    broken.embed = lambda texts, /: np.ones((len(texts), 8), dtype=np.float32)
    assert weaver.retry("m") == 1
    drain(weaver)
    weaver.wait_until_enriched("m", timeout=0)
    assert weaver.dead_letters() == []


def test_a_summarizer_that_fails_does_not_lose_the_messages(graph, weaver, drain, enricher, clock):
    chat = graph.create_chat(id="c")
    chat.add_message("Alice", "one")
    enricher.summarize = lambda texts, /: 1 / 0
    drain(weaver)
    weaver.wait_until_enriched(chat.messages()[0].id, timeout=0)
    with pytest.raises(engram.Busy):
        weaver.wait_until_enriched("c", timeout=0)
    del enricher.summarize
    clock.advance(100)
    drain(weaver)
    weaver.wait_until_enriched(timeout=0)
    assert [one.text for one in chat.summaries()] == ["one"]


@pytest.mark.parametrize(
    "wrong", [np.ones((1, 3)), np.ones((2, 8)), np.full((1, 8), np.nan), np.ones(8)]
)
def test_vectors_of_the_wrong_shape_are_failures(graph, weaver, drain, enricher, wrong):
    graph.create_node("Message", "first", text="right")
    drain(weaver)
    enricher.embed = lambda texts, /: wrong
    graph.create_node("Message", "m", text="words")
    drain(weaver)
    assert weaver.weaver_status()["kinds"]["weave"]["waiting"] == 1
    assert weaver.queue.get("m").error


def test_waiting_for_a_node_that_never_was_says_so(graph, weaver, drain):
    with pytest.raises(engram.NotFound):
        weaver.wait_until_enriched("nobody", timeout=0)
    graph.create_node("Message", "m", text="x")
    drain(weaver)
    graph.delete_node("m")
    drain(weaver)
    with pytest.raises(engram.NotFound):
        weaver.wait_until_enriched("m", timeout=0)


def test_waiting_inside_a_transaction_would_never_end(graph, weaver):
    with graph.database.transaction(), pytest.raises(engram.Conflict) as caught:
        weaver.wait_until_enriched(timeout=None)
    assert caught.value.code == "transaction.active"


def test_a_file_that_is_only_read_has_no_weaver(path, weaver, graph):
    graph.create_node("Message", "m", text="x")
    with engram.open(path, read_only=True) as reader:
        with pytest.raises(engram.Conflict) as caught:
            Weaver(reader)
        assert caught.value.code == "file.read_only"
        assert reader.graph.weaver_status()["queue_size"] == 1


def test_waiting_ends_when_the_workers_are_through(live, enricher):
    held = threading.Event()
    entities = enricher.entities

    def slow(text, /):
        assert held.wait(20)
        return entities(text)

    enricher.entities = slow
    with Weaver(live, enricher=enricher) as weaver:
        live.create_node("Message", "m", text="Alice waits")
        with pytest.raises(engram.Busy):
            live.wait_until_enriched("m", timeout=0.01)
        waiting = threading.Thread(target=live.wait_until_enriched, args=("m", 20))
        waiting.start()
        held.set()
        waiting.join(20)
        assert not waiting.is_alive()
        assert weaver.weaver_status()["last_event"] is not None
    assert live.get_node("entity:person:alice") is not None


def test_work_that_the_file_refuses_is_told_and_tried_again(path, live, embedder, enricher):
    """A worker meets a lock that another process holds for too long."""
    with engram.open(path, embedder=embedder, lock_timeout_ms=1) as impatient:
        refused = threading.Event()
        weaver = Weaver(impatient, enricher=enricher, workers=1, policy=Policy(lease_seconds=600))
        weaver.on("error", lambda event: refused.set())
        live.create_node("Message", "m", text="Alice waits")
        with live.database.transaction():
            weaver.start()
            assert refused.wait(20)
            assert "lock.timeout" in weaver.weaver_status()["last_error"]
        weaver.wait_until_enriched("m", timeout=20)
        weaver.stop()


def test_leases_last_as_long_as_models_take(graph, weaver, drain, enricher, clock, policy):
    read, left = enricher.entities, []

    def slow(text, /):
        clock.advance(policy.lease_seconds * 0.4)
        left.append(weaver.queue.get("9").until_us / 1e6 - clock.now())
        return read(text)

    enricher.entities = slow
    weaver.set_activity_level("SleepMode")  # no rest between batches
    graph.put_nodes({"label": "Message", "id": f"{n}", "text": "x"} for n in range(10))
    drain(weaver)
    assert len(left) == 10
    assert min(left) > 0


def test_workers_end_with_their_handle(path, embedder, enricher):
    db = engram.open(path, embedder=embedder)
    weaver = Weaver(db, enricher=enricher).start()
    assert weaver.active_workers == 2
    db.close()
    for worker in weaver._workers:
        worker.join(20)
    assert not any(worker.is_alive() for worker in weaver._workers)
    weaver.stop()
