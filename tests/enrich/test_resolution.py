"""Which mentions are one entity."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram.enrich import Canonical, Entity, resolve
from engram.enrich.fact_store import _near


def mention(text, label="PERSON"):
    return Entity(text, label, 0, len(text))


def keys(*mentions, known=()):
    return [one.key for one in resolve(mentions, known)]


@pytest.mark.parametrize(
    ("names", "label", "same"),
    [
        (["Alice Smith", "alice smith", "ALICE SMITH"], "PERSON", True),
        (["Dr. Alice Smith", "Alice Smith", "Alice", "Smith", "Ms Smith", "A. Smith", "Alice S."],
         "PERSON", True),
        (["Alice Smith", "Alice Jones"], "PERSON", False),
        (["Alice Smith", "Bob Smith"], "PERSON", False),
        (["Alice", "Bob"], "PERSON", False),
        (["José García", "Jose Garcia"], "PERSON", True),
        (["Acme Inc.", "Acme", "the Acme Corporation", "ACME GmbH"], "ORG", True),
        (["World Health Organization", "WHO"], "ORG", True),
        (["International Business Machines", "IBM"], "ORG", True),
        (["Acme", "Acme Labs"], "ORG", False),
        (["United States", "USA", "the US", "U.S."], "GPE", True),
        (["a@b.example", "A@B.example"], "EMAIL", True),
    ],
)  # fmt: skip
def test_forms_of_one_name_are_one_entity(names, label, same):
    found = set(keys(*(mention(name, label) for name in names)))
    assert (len(found) == 1) is same
    if not same:
        assert len(found) == len(names)


def test_a_short_name_of_several_people_is_nobody_of_them():
    found = keys(mention("Alice Smith"), mention("Alice Jones"), mention("Alice"))
    assert len(set(found)) == 3


def test_kinds_do_not_mix_but_places_are_one_kind():
    one, other = resolve([mention("Paris", "PERSON"), mention("Paris", "GPE")])
    assert one.key != other.key
    assert len(set(keys(mention("Georgia", "GPE"), mention("Georgia", "LOC")))) == 1


def test_known_entities_keep_their_key_and_gain_forms():
    known = Canonical("node-7", "Alice", "PERSON", ("Alice",))
    full, short = resolve([mention("Alice Smith"), mention("Alice")], [known])
    assert full == short == Canonical("node-7", "Alice Smith", "PERSON", ("Alice", "Alice Smith"))


PEOPLE = st.builds(
    mention,
    st.sampled_from([
        "Alice", "Alice Smith", "Dr. Alice Smith", "alice", "Smith", "Bob", "Bob Smith", "A. Smith",
        "Alice Jones", "Carol Ann Jones", "B. Smith", "Carol", "IBM", "J. Jones",
    ]),
    st.sampled_from(["PERSON", "ORG"]),
)  # fmt: skip


@given(st.lists(PEOPLE, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_mentions_changes_nothing(mentions, chance: random.Random):
    by_mention = dict(zip(mentions, resolve(mentions)))
    shuffled = list(mentions)
    chance.shuffle(shuffled)
    assert dict(zip(shuffled, resolve(shuffled))) == by_mention


@given(st.lists(PEOPLE, max_size=8))
def test_what_was_resolved_is_found_again(mentions):
    first = resolve(mentions)
    again = resolve(mentions, set(first))
    assert again == first


@given(st.lists(PEOPLE, max_size=6), st.lists(PEOPLE, max_size=6))
def test_known_keys_are_never_given_to_others(mentions, later):
    known = set(resolve(mentions))
    kinds = {one.key: one.key.partition(":")[0] for one in known}
    for one in resolve(later, known):
        assert kinds.get(one.key, one.key.partition(":")[0]) == one.key.partition(":")[0]
        assert one.name in one.aliases


NAMES = st.lists(
    st.lists(st.sampled_from(["alice", "a", "smith", "s", "jones", "bob", "j"]), min_size=1,
             max_size=3).map(" ".join),
    min_size=1, max_size=7, unique=True,
)  # fmt: skip


@given(NAMES)
def test_looking_at_near_names_finds_what_looking_at_all_does(names):
    asked, others = names[0], names[1:]

    def same(given):
        found = resolve([mention(asked), *map(mention, given)])
        return {name for name, one in zip(given, found[1:]) if one.key == found[0].key}

    assert same(_near(asked, others)) == same(others)
