"""The typed samples cover what they are for, and the stub documents every name."""

import ast
import inspect
from pathlib import Path

import engram

HERE = Path(__file__).parent / "typing"
STUB = Path(engram.__file__).parent / "_native.pyi"


def test_a_sample_uses_every_option_of_a_query():
    wanted = set(inspect.signature(engram.Query).parameters) - {"text"}
    for node in ast.walk(ast.parse((HERE / "queries.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Query":
            assert {keyword.arg for keyword in node.keywords} == wanted


def test_the_samples_use_every_class_of_the_package():
    text = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("*.py"))
    names = {name for name in engram.__all__ if isinstance(getattr(engram, name), type)}
    errors = {name for name in names if issubclass(getattr(engram, name), Exception)}
    assert {name for name in names - errors if name not in text} == set()


def test_every_name_of_the_stub_is_described():
    nodes = ast.walk(ast.parse(STUB.read_text(encoding="utf-8")))
    named = [node for node in nodes if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    assert [node.name for node in named if ast.get_docstring(node) is None] == []
