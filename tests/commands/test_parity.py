"""Every method has its verb, and every verb its place in the reference."""

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import engram
from engram.cli.commands import app

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"

VERBS = {
    "put_file": "memory put",
    "put_folder": "memory put",
    "lock_owner": "nudge",
    "put_tables": "memory tables put",
    "put_pdf_tables": "memory tables put",
    "list_tables": "memory tables list",
    "get_table": "memory tables get",
    "find_rows": "memory tables find",
    "put_images": "memory images put",
    "list_images": "memory images list",
    "get_image": "memory images get",
    "memories": "memory facts",
    "session_start": "memory session start",
    "session_list": "memory session list",
    "session": "memory session show",
    "session_steps": "memory session show",
    "session_end": "memory session end",
    "session_delete": "memory session delete",
    "session_checkpoint": "memory session checkpoint",
    "session_replay": "memory session replay",
}
"""The command of each method of `Memory` whose command is not the same word, within ``memory`` or
(for what is done to the whole file) without."""

WITHOUT = {
    "open": "every command opens the file",
    "close": "every command closes it",
}
"""Methods that make no sense there, and why."""


def commands(group, *before):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *before, name)
        else:
            yield " ".join([*before, name])


COMMANDS = sorted(commands(typer.main.get_command(app)))
OF_FILES = {"verify", "doctor", "reembed"}
"""What is done to the whole file has no second command within ``memory``."""


def methods():
    """The public methods of a memory; attributes are not done, but read."""
    found = {name for name in dir(engram.Memory) if not name.startswith("_")}
    return {one for one in found if not isinstance(vars_of(one), property)}


def verb_of(method):
    """The command of a method; None where there is none."""
    word = method.replace("_", "-")
    verb = VERBS.get(method, word if word in OF_FILES else f"memory {word}")
    return verb if verb in COMMANDS else None


def test_every_method_of_a_memory_has_a_command():
    assert {one for one in methods() - set(WITHOUT) if verb_of(one) is None} == set()
    assert set(VERBS) | set(WITHOUT) <= methods()
    of_memory = {name for name in COMMANDS if name.startswith("memory ")}
    assert of_memory <= {verb_of(one) for one in methods()}


def vars_of(name):
    for kind in engram.Memory.__mro__:
        if name in vars(kind):
            return vars(kind)[name]
    raise AssertionError(name)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_reference_has_every_command_with_every_option(command):
    pages = [REFERENCE / "cli.md", REFERENCE / "cli-memory.md"]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert f"## engram {command}\n" in text
    section = text.partition(f"## engram {command}\n")[2].partition("\n## ")[0]
    shown = CliRunner().invoke(app, [*command.split(), "--help"]).stdout
    assert shown.startswith("Usage")
    options = set(re.findall(r"(--[a-z][a-z-]+)", shown))
    documented = set(re.findall(r"`(--[a-z][a-z-]+)", section)) | {"--help"}
    assert options - {"--json"} == documented - {"--json"}


def test_the_table_of_methods_is_complete():
    text = (REFERENCE / "cli-memory.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \| ", text, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert set(VERBS) - {"session"} <= named <= methods()
