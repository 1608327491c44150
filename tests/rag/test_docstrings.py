"""The examples in the docstrings of the toolkit are true."""

import doctest
import importlib
import pkgutil

import pytest

import engram.rag


@pytest.mark.parametrize("name", [one.name for one in pkgutil.iter_modules(engram.rag.__path__)])
def test_the_examples_of_a_module_run(name):
    module = importlib.import_module(f"engram.rag.{name}")
    assert doctest.testmod(module).failed == 0
