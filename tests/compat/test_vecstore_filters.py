"""VecStore: filters as text, each operator, and fields that are not there."""

import pytest


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("lang = 'en'", "ac"),
        ('lang = "en"', "ac"),
        ("lang != 'en'", "bd"),
        ("year > 1984", "cd"),
        ("year >= 1984", "bcd"),
        ("year < 1984", "a"),
        ("year <= 1984", "ab"),
        ("price = 9.5", "a"),
        ("new = true", "a"),
        ("new = false", "b"),
        ("title CONTAINS 'long'", "c"),
        ("tags CONTAINS 'x'", "ad"),
        ("tags CONTAINS 'y'", "d"),
        ("lang IN ['en', 'fr']", "acd"),
        ("year IN [1969, 2020]", "ad"),
        ("lang NOT IN ['en', 'fr']", "b"),
        ("title STARTSWITH 'The'", "c"),
        ("title STARTSWITH 'long'", ""),
        ("lang = 'en' AND year > 1980", "c"),
        ("lang = 'de' OR year > 2000", "bcd"),
        ("NOT lang = 'en'", "bde"),
        ("NOT (lang = 'en' OR lang = 'de')", "de"),
        ("(lang = 'en' OR lang = 'fr') AND year >= 2001", "cd"),
        ("lang = 'de' OR lang = 'en' AND year = 2001", "bc"),
        ("gone = null", "d"),
        ("lang = 'en' and year > 1980", "c"),
        ("lang = 'it'", ""),
    ],
)
def test_each_operator_finds_what_it_says(books, condition, found):
    assert "".join(hit.id for hit in books.query([1.0, 0.0], k=10, filter=condition)) == found


@pytest.mark.parametrize(
    "condition",
    ["price != 0", "price NOT IN [0]", "price > 0", "price < 1000", "price IN [9.5, 12.0]"],
)
def test_a_record_without_the_field_does_not_match(books, condition):
    found = {hit.id for hit in books.query([1.0, 0.0], k=10, filter=condition)}
    assert found == {"a", "b"}


@pytest.mark.parametrize("condition", ["yeer = 1969", "yeer != 1969", "yeer NOT IN [1969]"])
def test_a_field_of_no_record_matches_nothing(books, condition):
    assert books.query([1.0, 0.0], k=10, filter=condition) == []
    assert books.hybrid_query([1.0, 0.0], "way", k=10, alpha=0.5, filter=condition) == []


def test_a_field_may_be_nested(store):
    store.upsert("a", [1.0], {"author": {"name": "Ursula"}})
    store.upsert("b", [1.0], {"author": {"name": "Susanna"}})
    hits = store.query([1.0], k=5, filter="author.name STARTSWITH 'Urs'")
    assert [hit.id for hit in hits] == ["a"]


def test_quotes_in_a_value_are_doubled(store):
    store.upsert("a", [1.0], {"name": "O'Hara"})
    assert len(store.query([1.0], k=5, filter="name = 'O''Hara'")) == 1


def test_unicode_in_a_filter(store):
    store.upsert("a", [1.0], {"straße": "日本"})
    assert len(store.query([1.0], k=5, filter="`straße` = '日本'")) == 1


@pytest.mark.parametrize("condition", ["lang =", "= 'en'", "lang ~ 'en'", "(lang = 'en'", "and"])
def test_a_filter_that_is_none_is_an_error(books, condition):
    with pytest.raises(ValueError) as caught:
        books.query([1.0, 0.0], k=10, filter=condition)
    assert caught.value.code == "filter.syntax"


def test_a_filter_finds_all_k_however_far_they_are(store):
    for i in range(500):
        store.upsert(f"v{i:03}", [1.0, i / 500], {"far": i >= 490})
    hits = store.query([1.0, 0.0], k=10, filter="far = true")
    assert [hit.id for hit in hits] == [f"v{i}" for i in range(490, 500)]
