"""Nobody finds what they may not see: against a naive oracle, over every way to ask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
from engram import AccessContext, InvalidInput, Memory, NotFound
from engram.access import access_list

NAMES = ["a", "b", "it's", 'x") OR (1=1']
TENANTS = st.none() | st.sampled_from(["acme", "globex"])
PEOPLE = ["Ada", "Bob", "Carol", "David", "Emma", "Frank", "Grace", "Henry"]
LISTS = st.lists(st.sampled_from(NAMES), max_size=2)
SOME = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2)
ACCESS = st.builds(
    lambda **facts: {name: value for name, value in facts.items() if value is not None} or None,
    tenant=TENANTS,
    roles=st.none() | SOME,
    groups=st.none() | SOME,
    subjects=st.none() | SOME,
)
CONTEXTS = st.builds(
    AccessContext,
    tenant=TENANTS,
    roles=LISTS,
    groups=LISTS,
    subject=st.none() | st.sampled_from(NAMES),
    unlisted=st.sampled_from(["visible", "hidden"]),
)


def may_see(context, listed):
    """The rule in words of its own."""
    if listed is None:
        return context.unlisted == "visible"
    if listed.get("tenant") not in {None, context.tenant}:
        return False
    granted = []
    for name, own in (
        ("roles", context.roles),
        ("groups", context.groups),
        ("subjects", [context.subject]),
    ):
        granted += [one in own for one in listed.get(name, [])]
    return any(granted) or not granted


def readable(memory, name, context):
    try:
        return memory.blob(name, access=context) != b""
    except NotFound:
        return False


def wanted_ids(memory, wanted):
    return {memory.get(uri).id for uri in wanted}


@given(st.lists(ACCESS, min_size=1, max_size=8), st.lists(CONTEXTS, min_size=1, max_size=4))
def test_a_search_gives_what_may_be_seen_and_nothing_else(lists, contexts):
    with Memory.open(":memory:") as memory:
        for number, listed in enumerate(lists):
            memory.put(
                f"The tent number {number} keeps dry. {PEOPLE[number]} Smith works at Initech.",
                uri=f"u/{number}",
                access=listed,
                metadata={f"key{number}": number},
            )
        memory.enrich()
        for context in contexts:
            wanted = {f"u/{n}" for n, listed in enumerate(lists) if may_see(context, listed)}
            for mode in ("lex", "sem", "auto"):
                found = memory.find("dry tent", k=50, mode=mode, access=context)
                assert {one.uri for one in found} == wanted
                assert found.report.records == found.report.matched == len(wanted)
                assert found.cursor is None
            assert {one.uri for one in memory.timeline(access=context)} == wanted
            answer = memory.ask("which tent keeps dry?", k=50, access=context, return_sources=True)
            assert {one.uri for one in answer.sources} <= wanted
            facts = memory.memories(access=context)
            assert {fact.document for fact in facts} == wanted_ids(memory, wanted)
            for number in range(len(lists)):
                name = f"u/{number}"
                assert readable(memory, name, context) == (name in wanted)
                assert (memory.get(name, access=context) is not None) == (name in wanted)
                by_key = memory.find("tent", where=f"key{number} >= 0", access=context)
                assert {one.uri for one in by_key} == wanted & {name}


@given(ACCESS, CONTEXTS)
def test_the_rule_is_one_in_python_and_as_a_filter(listed, context):
    with engram.open(":memory:", embedder=None) as db:
        records = db.collection("r")
        records.put("1", text="x", metadata={"doc": {"access": listed} if listed else {"id": "1"}})
        found = records.count(context.where(), missing="ignore") == 1
    assert found == context.allows(listed) == may_see(context, listed)


def test_pages_hold_only_what_may_be_seen():
    with Memory.open(":memory:") as memory:
        for number in range(30):
            listed = {"roles": ["in"]} if number % 3 == 0 else {"roles": ["out"]}
            memory.put(f"tent {number}", uri=str(number), access=listed)
        context, seen, cursor = AccessContext(roles=["in"]), [], None
        while True:
            page = memory.find("tent", k=4, access=context, cursor=cursor)
            seen += [one.uri for one in page]
            cursor = page.cursor
            if cursor is None:
                break
        assert sorted(map(int, seen)) == list(range(0, 30, 3))


@pytest.mark.parametrize(
    "where",
    ["k = 1) OR (k = 1", "k = 1) OR NOT (k = 2", "k = 1)) OR ((k = 1", "k = 1) OR (doc.id EXISTS"],
)
def test_a_filter_cannot_leave_its_parentheses(where):
    with Memory.open(":memory:") as memory:
        memory.put("a secret tent", access={"subjects": ["ada"]}, metadata={"k": 1})
        with pytest.raises(InvalidInput) as caught:
            memory.find("tent", where=where, access=AccessContext(subject="bob"))
        assert caught.value.code == "filter.syntax"
        scoped = "(k = 1 OR k = 2)"
        assert len(memory.find("tent", where=scoped, access=AccessContext(subject="ada"))) == 1


def test_a_field_of_something_hidden_is_like_a_field_of_nothing():
    with Memory.open(":memory:") as memory:
        memory.put("a tent", access={"subjects": ["ada"]}, metadata={"salary": 1})
        memory.put("another tent", metadata={"k": 1})
        bob = AccessContext(subject="bob")
        for field in ("salary", "nothing"):
            assert len(memory.find("tent", where=f"{field} > 0", access=bob)) == 0


def test_an_audit_hides_nothing_and_says_what_it_would():
    with Memory.open(":memory:") as memory:
        secret = memory.put("a secret tent", access={"tenant": "acme"})
        memory.put("a tent for all")
        found = memory.find("tent", access=AccessContext(tenant="globex", mode="audit"))
        assert len(found) == 2
        assert found.hidden == (f"{secret.id}#0",)
        assert found.to_dict()["hidden"] == [f"{secret.id}#0"]
        assert memory.get(secret.id, access=AccessContext(mode="audit")) is not None
        assert memory.find("tent").hidden is None


def test_the_past_shows_nobody_more_than_the_present():
    with Memory.open(":memory:") as memory:
        memory.put("a tent for all", uri="t")
        memory.db.create_snapshot("before")
        memory.put("a tent for all", uri="t", access={"subjects": ["ada"]})
        bob = AccessContext(subject="bob")
        assert len(memory.find("tent", as_of="before")) == 1
        assert len(memory.find("tent", as_of="before", access=bob)) == 0
        assert memory.get("t", as_of="before", access=bob) is None
        assert len(memory.find("tent", as_of="before", access=AccessContext(subject="ada"))) == 1


@pytest.mark.parametrize(
    "listed",
    [
        {},
        {"role": ["a"]},
        {"roles": "a"},
        {"roles": []},
        {"tenant": ""},
        {"subjects": [1]},
        "ada",
        7,
    ],
)
def test_a_list_that_would_surprise_is_refused(listed):
    with Memory.open(":memory:") as memory, pytest.raises(InvalidInput) as caught:
        memory.put("tent", access=listed)
    assert caught.value.code == "input.invalid"


@pytest.mark.parametrize(
    "facts",
    [{"roles": "a"}, {"subject": ""}, {"tenant": 1}, {"mode": "off"}, {"unlisted": "maybe"}],
)
def test_a_context_that_would_surprise_is_refused(facts):
    with pytest.raises(InvalidInput):
        AccessContext(**facts)


def test_names_are_kept_once_and_in_order():
    assert access_list({"roles": ["b", "a", "b"]}) == {"roles": ["a", "b"]}
    assert access_list(None) is None
