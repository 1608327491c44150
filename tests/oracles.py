"""Slow, plain answers to compare the engine's with.

Nothing here shares code with the engine: filters are evaluated on Python values, vectors by NumPy
in float64, BM25 by counting words.
"""

import functools
import math
import operator as operators
import re

import numpy as np

from engram import F

K1, B, RRF_K = 1.2, 0.75, 60


def ranked(scores):
    """Order ids by falling score, ties by id."""
    return sorted(scores, key=lambda name: (-scores[name], name))


def similarity(metric, query, vector):
    a, b = np.asarray(query, dtype=np.float64), np.asarray(vector, dtype=np.float64)
    if metric == "cosine":
        return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
    if metric == "dot":
        return float(a @ b)
    return -float(np.linalg.norm(a - b))


def bm25(query, texts):
    """Score texts (id -> text of plain ASCII words) by Lucene's BM25, without stemming."""
    documents = {name: re.findall(r"[a-z]+", text.lower()) for name, text in texts.items()}
    documents = {name: words for name, words in documents.items() if words}
    if not documents:
        return {}
    average = sum(map(len, documents.values())) / len(documents)
    scores = {}
    for term in re.findall(r"[a-z]+", query.lower()):
        frequency = sum(term in words for words in documents.values())
        idf = math.log(1 + (len(documents) - frequency + 0.5) / (frequency + 0.5))
        for name, words in documents.items():
            count = words.count(term)
            if count:
                norm = K1 * (1 - B + B * len(words) / average)
                scores[name] = scores.get(name, 0.0) + idf * count / (count + norm)
    return scores


def reciprocal_rank(*rankings):
    """Fuse rankings of ids."""
    scores = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking, start=1):
            scores[name] = scores.get(name, 0.0) + 1 / (RRF_K + rank)
    return scores


# Filters: trees of tuples, written as text by `filter_text` and judged by `matches`.
# ("and"|"or", [trees]) | ("not", tree) | (operator, path, literal)


def filter_text(tree):
    kind = tree[0]
    if kind in {"and", "or"}:
        return f" {kind.upper()} ".join(f"({filter_text(part)})" for part in tree[1])
    if kind == "not":
        return f"NOT ({filter_text(tree[1])})"
    operator, path, value = tree
    if operator == "exists":
        return f"{path} EXISTS"
    if operator in {"is null", "is not null"}:
        return f"{path} {operator.upper()}"
    if operator in {"in", "not in"}:
        return f"{path} {operator.upper()} [{', '.join(map(literal_text, value))}]"
    return f"{path} {operator.upper()} {literal_text(value)}"


def filter_dict(tree):
    """The same as a dict in the style of MongoDB."""
    kind = tree[0]
    if kind in {"and", "or"}:
        return {f"${kind}": [filter_dict(part) for part in tree[1]]}
    if kind == "not":
        return {"$nor": [filter_dict(tree[1])]}
    operator, path, value = tree
    name = {"=": "$eq", "!=": "$ne", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte",
            "in": "$in", "not in": "$nin", "contains": "$contains", "startswith": "$startswith",
            "exists": "$exists", "is null": "$eq", "is not null": "$ne"}[operator]  # fmt: skip
    return {path: {name: True if operator == "exists" else value}}


def filter_expression(tree):
    """The same as an expression of `F`."""
    kind = tree[0]
    if kind in {"and", "or"}:
        join = operators.and_ if kind == "and" else operators.or_
        return functools.reduce(join, map(filter_expression, tree[1]))
    if kind == "not":
        return ~filter_expression(tree[1])
    operator, path, value = tree
    field = F[path]
    unary = {"exists": field.exists, "is null": field.is_null, "is not null": field.not_null}
    if operator in unary:
        return unary[operator]()
    binary = {"=": field.__eq__, "!=": field.__ne__, "<": field.__lt__, "<=": field.__le__,
              ">": field.__gt__, ">=": field.__ge__, "in": field.isin, "not in": field.notin,
              "contains": field.contains, "startswith": field.startswith}  # fmt: skip
    return binary[operator](value)


def literal_text(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    return repr(value)


def matches(tree, metadata):
    kind = tree[0]
    if kind == "and":
        return all(matches(part, metadata) for part in tree[1])
    if kind == "or":
        return any(matches(part, metadata) for part in tree[1])
    if kind == "not":
        return not matches(tree[1], metadata)
    operator, path, value = tree
    reached = list(reach(metadata, path.split(".")))
    if not reached:
        return False
    if operator == "exists":
        return True
    if operator in {"!=", "not in", "is not null"}:
        opposite = {"!=": "=", "not in": "in", "is not null": "is null"}[operator]
        return not any(test(opposite, one, value) for one in reached)
    return any(test(operator, one, value) for one in reached)


def reach(value, parts):
    if not parts:
        yield value
    elif isinstance(value, dict):
        if parts[0] in value:
            yield from reach(value[parts[0]], parts[1:])
    elif isinstance(value, list):
        for element in value:
            yield from reach(element, parts)


def test(operator, value, literal):
    if operator == "contains":
        if isinstance(value, str):
            return isinstance(literal, str) and literal in value
        return isinstance(value, list) and any(equal(element, literal) for element in value)
    elements = value if isinstance(value, list) else [value]
    return any(test_one(operator, element, literal) for element in elements)


test.__test__ = False


def test_one(operator, value, literal):
    if operator == "=":
        return equal(value, literal)
    if operator == "is null":
        return value is None
    if operator == "in":
        return any(equal(value, one) for one in literal)
    if operator == "startswith":
        return isinstance(value, str) and value.startswith(literal)
    if kind_of(value) != kind_of(literal) or kind_of(value) not in {"number", "text"}:
        return False
    return {
        "<": value < literal,
        "<=": value <= literal,
        ">": value > literal,
        ">=": value >= literal,
    }[operator]


test_one.__test__ = False


def equal(value, literal):
    return kind_of(value) == kind_of(literal) and kind_of(value) != "other" and value == literal


def kind_of(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "other"
