"""engram memory images put, list, get; engram memory find --image."""

import importlib.util
import io
from pathlib import Path

import pytest

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("onnxruntime")

CONFTEST = Path(__file__).parents[1] / "embed" / "conftest.py"


@pytest.fixture
def clip(folder):
    """Make a tiny vision model, and two pictures."""
    pytest.importorskip("onnx")
    spec = importlib.util.spec_from_file_location("embed_conftest", CONFTEST)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write_clip(folder / "clip")
    (folder / "pictures").mkdir()
    for name in ("red", "blue"):
        Image.new("RGB", (40, 30), name).save(folder / "pictures" / f"{name}.png")
    return ("--vision", str(folder / "clip"))


def test_images_are_put_found_listed_and_given_back(folder, clip, run, run_json):
    assert run("memory", "images", "put", "n.engram", "pictures", *clip) == (
        "2 images in 2 documents\n"
    )
    more = run_json(
        "memory", "images", "put", "n.engram", "pictures/red.png", "--caption", "A barn", *clip
    )
    assert more["images"] == 1
    assert "pictures/blue.png" in run("memory", "images", "list", "n.engram")
    like = run_json("memory", "find", "n.engram", "--image", "pictures/blue.png", "-k", "1", *clip)
    (hit,) = like["hits"]
    assert hit["document"]["uri"] == "pictures/blue.png"
    assert len(run_json("memory", "find", "n.engram", "the sea", "--kind", "image", *clip)["hits"])
    run("memory", "images", "get", "n.engram", hit["id"], "-o", "again.png")
    assert (folder / "again.png").read_bytes() == (folder / "pictures/blue.png").read_bytes()
    with Image.open(io.BytesIO((folder / "again.png").read_bytes())) as opened:
        assert opened.size == (40, 30)


def test_images_are_put_with_who_may_see_them(folder, clip, run, run_json):
    said = ("--uri", "barn", "--tag", "red", "--metadata", '{"by": "Ada"}')
    access = ("--access", '{"roles": ["press"]}')
    run("memory", "images", "put", "n.engram", "pictures/red.png", *said, *access, *clip)
    stored = run_json("memory", "get", "n.engram", "barn")
    assert (stored["tags"], stored["metadata"]) == (["red"], {"by": "Ada"})
    listing = ("memory", "images", "list", "n.engram", "--access")
    assert len(run_json(*listing, '{"roles": ["press"]}')) == 1
    assert run_json(*listing, '{"roles": ["sales"]}') == []
    put = ("memory", "images", "put", "n.engram")
    assert "--access" in run(*put, "pictures/red.png", "--access", "[]", *clip, code=2)
    assert "of one image" in run(*put, "pictures", "--uri", "all", *clip, code=2)


def test_a_bad_image_is_named_and_so_is_a_missing_model(folder, clip, run):
    (folder / "pictures" / "bad.png").write_bytes(b"no image")
    error = run("memory", "images", "put", "n.engram", "pictures", *clip, code=2)
    assert "failed: pictures/bad.png" in error
    assert "vision" in run("memory", "images", "put", "o.engram", "pictures/red.png", code=2)
    assert "no image" in run("memory", "images", "get", "n.engram", "x", code=3)
