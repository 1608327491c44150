"""What is told: callbacks, streams, status."""

import threading

import pytest

import engram
from engram.errors import Conflict, InvalidInput
from engram.weaver import EVENTS, Weaver


def test_callbacks_hear_what_they_asked_for(graph, weaver, drain):
    done, all_of_it = [], []
    end = weaver.on("done", done.append)
    weaver.on("*", all_of_it.append)
    graph.create_node("Message", "m", text="Alice waits")
    drain(weaver)
    assert {(event.kind, event.node) for event in done} == {
        ("weave", "m"),
        ("weave", "entity:person:alice"),
    }
    assert {event.name for event in all_of_it} == {"level", "done"}
    end()
    end()
    graph.create_node("Message", "n", text="quiet words")
    drain(weaver)
    assert len(done) == 2
    assert weaver.weaver_status()["last_event"] == "done weave n"


def test_a_callback_that_fails_stops_nothing_and_is_told(graph, weaver, drain, caplog):
    told = []
    weaver.on("done", lambda event: 1 / 0)
    weaver.on("callback_failed", told.append)
    weaver.on("callback_failed", lambda event: 1 / 0)
    graph.create_node("Message", "m", text="quiet words")
    drain(weaver)
    assert weaver.queue.get("m") is None
    assert [event.message for event in told] == ["ZeroDivisionError: division by zero"]
    assert weaver.weaver_status()["callback_errors"] == 2
    assert "a callback of the event done failed" in caplog.text


def test_an_event_that_there_is_not_is_refused(weaver):
    with pytest.raises(InvalidInput, match=EVENTS[0]):
        weaver.on("nonsense", print)
    with pytest.raises(InvalidInput):
        weaver.events(limit=0)


def test_a_stream_gives_events_until_the_weaver_stops(live, enricher):
    weaver = Weaver(live, enricher=enricher)
    seen = []

    def read(stream):
        seen.extend(f"{event.name} {event.node}".strip() for event in stream)

    reader = threading.Thread(target=read, args=(weaver.events(),))
    reader.start()
    with weaver:
        live.create_node("Message", "m", text="quiet words")
        weaver.wait_until_enriched("m", timeout=20)
    reader.join(20)
    assert not reader.is_alive()
    assert seen[0] == "started"
    assert seen[-1] == "stopped"
    assert "done m" in seen


def test_a_stream_that_nobody_reads_keeps_the_newest(graph, weaver, drain):
    with weaver.events(limit=3) as stream:
        graph.put_nodes({"label": "Message", "id": f"{n}", "text": "x"} for n in range(8))
        drain(weaver)
        assert stream.dropped == 9 - 3
    assert len([event.node for event in stream]) == 3


def test_the_status_tells_what_the_seed_asks_for_and_more(graph, weaver, drain, clock):
    graph.create_node("Message", "a", text="x")
    clock.offset = graph.collection.get("a").created_us / 1e6 + 40 - clock.time
    status = graph.weaver_status()
    assert status["active_workers"] == 0
    assert status["queue_size"] == 1
    assert status["last_event"] is None
    assert weaver.weaver_status()["kinds"]["weave"]["oldest_seconds"] == pytest.approx(40, abs=0.1)
    drain(weaver)
    clock.advance(10)
    kinds = weaver.weaver_status()["kinds"]
    assert set(kinds) == {"weave", "summary", "communities", "optimize"}
    assert kinds["weave"]["done"] == 1
    assert kinds["weave"]["rate"] > 0
    assert kinds["weave"]["oldest_seconds"] is None
    assert weaver.weaver_status()["enriched"] == 1
    clock.advance(70)
    assert weaver.weaver_status()["kinds"]["weave"]["rate"] == 0


def test_a_graph_tells_of_the_weaver_of_its_process(path, embedder, live, enricher):
    with Weaver(live, enricher=enricher, workers=2), engram.open(path, embedder=embedder) as db:
        assert db.graph.weaver_status()["active_workers"] == 2
    assert live.weaver_status()["active_workers"] == 0


def test_a_weaver_starts_and_stops_as_often_as_wanted(live, enricher):
    weaver = Weaver(live, enricher=enricher)
    weaver.stop()
    for n in range(2):
        with weaver.start():
            live.create_node("Message", f"{n}", text="Alice waits")
            weaver.wait_until_enriched(timeout=20)
        assert repr(weaver).endswith("stopped)")
    refused = []

    def stop(event):
        with pytest.raises(Conflict) as caught:
            weaver.stop()
        refused.append(caught.value.code)

    weaver.on("done", stop)
    live.create_node("Message", "last", text="x")
    with weaver:
        weaver.wait_until_enriched(timeout=20)
    assert refused == ["weaver.stopping"]
