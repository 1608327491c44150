"""Activity levels: what they allow, how they switch, by a clock that the test moves."""

import threading

import pytest

import engram
from engram.errors import InvalidInput
from engram.weaver import BUDGETS, LEVELS, Budget, Idleness, Weaver
from engram.weaver.workers import Worker


def busy_for(enricher, clock, seconds):
    """Let the enricher take so long for each batch of vectors."""
    embed = enricher.embed

    def embedding(texts, /):
        clock.advance(seconds)
        return embed(texts)

    enricher.embed = embedding


@pytest.mark.parametrize(
    ("level", "rest"), [("HighActivity", 18.0), ("Normal", 2.0), ("Idle", 0.22)]
)
def test_a_worker_rests_as_its_share_of_time_says(graph, weaver, enricher, clock, level, rest):
    busy_for(enricher, clock, 2)
    weaver.set_activity_level(level)
    graph.create_node("Message", text="quiet words")
    clock.advance(60)
    worker = Worker(weaver._shop, 0)
    turn = threading.Thread(target=lambda: worker._turn(worker._budget()))
    turn.start()
    asked = clock.asked.get(timeout=20)
    assert asked == pytest.approx(rest, rel=0.02)
    clock.advance(asked - 0.01)
    assert turn.is_alive()
    clock.advance(0.02)
    turn.join(20)
    assert not turn.is_alive()


def test_a_level_bounds_the_batch(graph, weaver, enricher):
    weaver.set_activity_level("HighActivity")
    graph.put_nodes({"label": "Message", "text": f"n {n}"} for n in range(20))
    weaver._shop.clock.advance(60)
    worker = Worker(weaver._shop, 0)
    worker._turn(worker._budget())
    assert [len(batch) for batch in enricher.embedded] == [BUDGETS["HighActivity"].batch_size]


def test_a_level_bounds_the_workers(graph, enricher, clock):
    with Weaver(graph, enricher=enricher, clock=clock, workers=4) as weaver:
        for level, count in (("HighActivity", 1), ("Normal", 2), ("Idle", 4), ("SleepMode", 4)):
            weaver.set_activity_level(level)
            assert weaver.active_workers == count
            assert weaver.weaver_status()["active_workers"] == count
    assert weaver.active_workers == 0


def test_a_level_bounds_the_kinds_of_work(graph, weaver, drain, clock):
    chat = graph.create_chat(id="c")
    chat.add_message("Alice", "one")
    clock.advance(60)

    def left():
        kinds = weaver.weaver_status()["kinds"]
        return [kind for kind in kinds if kinds[kind]["waiting"]]

    weaver.set_activity_level("HighActivity")
    while Worker(weaver._shop, 0)._turn(Budget(1, 1.0, 9, BUDGETS["HighActivity"].kinds)):
        pass
    assert left() == ["summary", "optimize"]
    weaver.set_activity_level("Normal")
    drain(weaver)
    assert left() == ["optimize"]
    chat.add_message("Alice", "Bob met Carol")
    drain(weaver)
    assert left() == ["communities", "optimize"]
    weaver.set_activity_level("SleepMode")
    drain(weaver)
    assert left() == []


def test_sleep_gives_dead_space_back(path, graph, weaver, drain):
    weaver.set_activity_level("SleepMode")
    graph.create_node("Document", "d", text="word " * 400_000)
    drain(weaver)
    graph.delete_node("d")
    before = path.stat().st_size
    drain(weaver)
    assert path.stat().st_size < before / 4
    assert graph.database.verify(deep=True)


def test_sleep_numbers_the_communities_of_entities(graph, weaver, drain):
    pytest.importorskip("graspologic_native")
    weaver.set_activity_level("SleepMode")
    for n, text in enumerate(["Alice Bob Carol", "Bob Carol Alice", "Xaver Yann", "Zora"]):
        graph.create_node("Message", f"{n}", text=text)
    drain(weaver)

    def communities():
        found = {node.name: node.properties.get("community") for node in graph.nodes("Entity")}
        return dict(sorted(found.items()))

    assert communities() == {
        "Alice": 0, "Bob": 0, "Carol": 0, "Xaver": 1, "Yann": 1, "Zora": None,
    }  # fmt: skip
    graph.delete_node("0")
    graph.update_node("1", text="Alice and nobody")
    drain(weaver)
    assert communities() == {"Alice": None, "Xaver": 0, "Yann": 0, "Zora": None}


def test_a_worker_waits_for_a_quiet_moment_but_not_for_ever(graph, weaver, enricher, clock):
    weaver.set_activity_level("Normal")
    quiet, patience = BUDGETS["Normal"].quiet_seconds, BUDGETS["Normal"].patience_seconds
    graph.create_node("Message", text="quiet words")
    worker = Worker(weaver._shop, 0)
    turn = threading.Thread(target=lambda: worker._turn(worker._budget()))
    turn.start()
    assert clock.asked.get(timeout=20) == pytest.approx(quiet)
    moved = 0.0
    while moved < patience - 3 * quiet:
        graph.create_node("Message", text="more")
        clock.advance(quiet * 0.9)
        moved += quiet * 0.9
        assert enricher.embedded == []
    clock.advance(3 * quiet)
    turn.join(20)
    assert len(enricher.embedded) == 1


def test_a_batch_beside_puts_is_a_quarter_and_so_is_each_commit(graph, weaver, enricher, clock):
    weaver.set_activity_level("Normal")
    whole, patience = BUDGETS["Normal"].batch_size, BUDGETS["Normal"].patience_seconds
    graph.put_nodes({"label": "Message", "text": f"n {n}"} for n in range(2 * whole))
    clock.advance(60)
    worker, stored = Worker(weaver._shop, 0), []
    weave = weaver._shop.works["weave"]
    store = weave.store
    weave.store = lambda transaction, tasks, *more: (
        stored.append(len(tasks)) or store(transaction, tasks, *more)
    )
    embed = enricher.embed

    def embedding(texts, /):
        if len(enricher.embedded) == 0:
            graph.create_node("Message", text="somebody puts again")
        return embed(texts)

    enricher.embed = embedding
    turn = threading.Thread(target=lambda: worker._turn(worker._budget()))
    turn.start()
    while turn.is_alive() and clock.asked.empty():
        turn.join(0.01)
    clock.advance(1)
    turn.join(20)
    assert len(enricher.embedded[0]) == whole
    assert stored == [whole // 4] * 4
    while not clock.asked.empty():
        clock.asked.get()
    weaver._shop.signal.last_put = clock.elapsed() + 2 * patience  # one put follows the other
    turn = threading.Thread(target=lambda: worker._turn(worker._budget()))
    turn.start()
    assert clock.asked.get(timeout=20) == pytest.approx(patience)
    clock.advance(patience)
    while turn.is_alive() and clock.asked.empty():
        turn.join(0.01)
    clock.advance(1)
    turn.join(20)
    assert len(enricher.embedded[1]) == whole // 4


def test_a_put_under_way_is_no_quiet_moment(graph, weaver, clock):
    budget = BUDGETS["Normal"]
    worker = Worker(weaver._shop, 0)
    with graph.database.transaction():
        graph.create_node("Message", text="quiet words")
        clock.advance(10 * budget.quiet_seconds)
        assert worker._free(budget.quiet_seconds) > clock.elapsed()
    clock.advance(1.1 * budget.quiet_seconds)
    assert worker._free(budget.quiet_seconds) == clock.elapsed()


def test_a_worker_that_starts_listens_first(graph, enricher, clock):
    quiet = BUDGETS["Normal"].quiet_seconds
    weaver = Weaver(graph, enricher=enricher, clock=clock, workers=1)
    graph.create_node("Message", text="quiet words")
    clock.advance(60)
    with weaver:
        assert clock.asked.get(timeout=20) == pytest.approx(quiet)
        assert enricher.embedded == []
        clock.advance(1.1 * quiet)
        weaver.wait_until_enriched(timeout=20)
    assert enricher.embedded == [["quiet words"]]


def test_a_worker_waits_for_puts_of_other_processes_too(db, graph, weaver, enricher, clock):
    quiet = BUDGETS["Normal"].quiet_seconds
    with db.transaction() as transaction:  # as another process would: no signal of this one rings
        db.collection("graph", embedder=None).put("m", text="x", metadata={"label": "Message"})
        weaver.queue.enqueue(transaction, ["m"])
    clock.offset = graph.collection.get("m").created_us / 1e6 - clock.time
    worker = Worker(weaver._shop, 0)
    turn = threading.Thread(target=lambda: worker._turn(worker._budget()))
    turn.start()
    assert clock.asked.get(timeout=20) == pytest.approx(quiet)
    assert enricher.embedded == []
    clock.advance(quiet * 1.1)
    turn.join(20)
    assert enricher.embedded == [["x"]]


def test_a_level_holds_for_every_process(path, embedder, graph, weaver, enricher):
    with engram.open(path, embedder=embedder) as other:
        other.graph.set_activity_level("Idle")
        assert weaver.level == "Idle"
        assert other.graph.weaver_status()["level"] == "Idle"
        other.graph.set_activity_level(None)
        assert weaver.level == "Normal"


def test_levels_switch_by_themselves_as_time_passes_without_changes(graph, enricher, clock):
    weaver = Weaver(graph, enricher=enricher, clock=clock, idleness=Idleness(10, 60, 1800))
    seen = []
    weaver.on("level", lambda event: seen.append(event.message))
    worker = Worker(weaver._shop, 0)
    for wait, level in ((0, "HighActivity"), (9, "HighActivity"), (1, "Normal"), (50, "Idle")):
        clock.advance(wait)
        worker._budget()
        assert weaver.level == level
    clock.advance(2000)
    assert weaver.level == "SleepMode"
    graph.create_node("Message", text="somebody is back")
    worker._budget()
    assert weaver.level == "HighActivity"
    assert seen == ["HighActivity", "Normal", "Idle", "HighActivity"]
    weaver.set_activity_level("SleepMode")
    assert weaver.level == "SleepMode"
    weaver.set_activity_level(None)
    assert weaver.level == "HighActivity"


def test_a_change_of_the_level_ends_a_rest(graph, enricher, clock):
    busy_for(enricher, clock, 100)
    with Weaver(graph, enricher=enricher, clock=clock, workers=1) as weaver:
        weaver.set_activity_level("HighActivity")
        graph.create_node("Message", "a", text="one")
        clock.advance(60)
        weaver.wait_until_enriched("a", timeout=None)
        while clock.asked.get(timeout=20) != pytest.approx(900):
            pass
        graph.create_node("Message", "b", text="two")
        weaver.set_activity_level("SleepMode")
        weaver.wait_until_enriched("b", timeout=None)


def test_what_is_no_level_is_refused(graph, weaver):
    for take in (weaver.set_activity_level, graph.set_activity_level):
        with pytest.raises(InvalidInput, match="HighActivity, Normal, Idle, SleepMode"):
            take("Sleepy")
    with pytest.raises(InvalidInput):
        Budget(-1, 0.5, 8)
    with pytest.raises(InvalidInput):
        Budget(1, 1.5, 8)
    with pytest.raises(InvalidInput, match="no kind"):
        Budget(1, 0.5, 8, kinds=("dance",))
    with pytest.raises(InvalidInput):
        Idleness(10, 5, 20)
    assert set(BUDGETS) == set(LEVELS)
