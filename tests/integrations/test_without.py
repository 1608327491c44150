"""Without a framework, its module says what to install; all names are in the reference."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = {"langchain": "langchain_core", "llamaindex": "llama_index", "haystack": "haystack"}


@pytest.mark.parametrize("name", EXTRAS)
def test_a_missing_framework_is_an_error_with_its_remedy(name):
    code = f"""
import sys
sys.modules[{EXTRAS[name]!r}] = None
import engram
try:
    import engram.integrations.{name}
except engram.MissingExtra as error:
    print(error.code, error.hint)
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == f"extra.missing pip install 'engram[{name}]'"


@pytest.mark.parametrize("name", EXTRAS)
def test_every_name_is_in_the_reference(name):
    module = importlib.import_module(f"engram.integrations.{name}")
    page = (ROOT / "docs" / "reference" / "integrations.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\w+", page))
    wanted = set(module.__all__)
    for kind in (getattr(module, one) for one in module.__all__):
        own = [base for base in kind.__mro__ if base.__module__.startswith("engram.")]
        wanted |= {n for base in own for n in vars(base) if not n.startswith(("_", "model_"))}
    assert wanted - named == set()


def test_importing_engram_imports_none_of_them():
    code = "import sys, engram, engram.integrations; print(sorted(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"langchain_core", "llama_index", "haystack", "numpy"} & set(eval(shown.stdout))
