"""A vision model sees what its settings say, from whatever holds the image."""

import io

import numpy as np
import pytest
from PIL import Image

from engram.embed import Vision, pdf_page, pdf_page_count
from engram.errors import InvalidInput, Io


def unit(row):
    return row / np.linalg.norm(row)


@pytest.fixture
def picture():
    rng = np.random.default_rng(4)
    return Image.fromarray(rng.integers(0, 255, (6, 10, 3), dtype=np.uint8))


@pytest.fixture
def pdf(tmp_path):
    """A file of two pages, the second one red."""
    pages = [Image.new("RGB", (200, 100), colour) for colour in ("white", "red")]
    pages[0].save(tmp_path / "two.pdf", save_all=True, append_images=pages[1:], resolution=100)
    return tmp_path / "two.pdf"


def test_an_image_is_cut_and_scaled_as_the_settings_say(clip_folder, picture):
    model = Vision(clip_folder)
    small = picture.resize((int(4 * 10 / 6), 4), Image.Resampling.BICUBIC)
    left = (small.size[0] - 4) // 2
    array = np.asarray(small.crop((left, 0, left + 4, 4)), np.float32) / 255
    pixels = (array - 0.5) / np.array([0.5, 0.25, 0.5], np.float32)
    found = model.encode(picture)
    assert found.dtype == np.float32
    assert np.allclose(found, unit(pixels.mean(axis=(0, 1))), atol=1e-5)
    assert np.array_equal(model.encode_document(picture), found)


def test_path_bytes_and_image_are_the_same(clip_folder, picture, tmp_path):
    model = Vision(clip_folder)
    path = tmp_path / "picture.png"
    picture.save(path)
    want = model.encode(picture)
    forms = [path, str(path), path.read_bytes(), bytearray(path.read_bytes())]
    for row in [*map(model.encode, forms), *model.encode_batch(forms)]:
        assert np.array_equal(row, want)


def test_transparency_is_dropped_and_grey_becomes_colour(clip_folder, picture):
    model = Vision(clip_folder)
    clear = picture.copy()
    clear.putalpha(7)
    assert np.array_equal(model.encode(clear), model.encode(picture))
    grey = picture.convert("L")
    assert np.array_equal(model.encode(grey), model.encode(grey.convert("RGB")))


def test_many_images_run_some_at_a_time(clip_folder, picture):
    model = Vision(clip_folder)
    many = [picture.rotate(angle) for angle in range(0, 180, 10)]
    seen = []
    rows = model.encode_batch(many, progress=seen.append)
    assert rows.shape == (18, 3)
    assert seen == [8, 16, 18]
    for row, image in zip(rows, many, strict=True):
        assert np.allclose(row, model.encode(image), atol=1e-6)
    assert model.encode_batch([]).shape == (0, 3)


def test_texts_are_in_the_same_space(clip_folder, picture, tiny):
    model = Vision(clip_folder)
    query = model.encode_query("red house")
    want = tiny.hidden_of(tiny.ids_of("red house"), width=3)[0]
    assert np.allclose(query, unit(want), atol=1e-6)
    cosine = float(query @ model.encode(picture))
    assert model.similarity("red house", picture) == pytest.approx(cosine, abs=1e-6)
    assert model.similarity(query, model.encode(picture)) == pytest.approx(cosine, abs=1e-6)


def test_a_page_of_a_pdf_is_an_image(clip_folder, pdf):
    model = Vision(clip_folder)
    assert pdf_page_count(pdf) == 2
    page = pdf_page(pdf, 1, dpi=50)
    assert page.mode == "RGB"
    assert page.size == (100, 50)
    red = model.encode(Image.new("RGB", (100, 50), "red"))
    assert np.allclose(model.encode(page), red, atol=0.02)


@pytest.mark.parametrize("settings", [{"page": 2}, {"page": -1}, {"page": 0, "dpi": 0}])
def test_a_page_that_is_not_there_is_refused(pdf, settings):
    with pytest.raises(InvalidInput) as caught:
        pdf_page(pdf, **settings)
    assert caught.value.code == "input.invalid"


@pytest.mark.parametrize("image", [5, b"no image", None])
def test_what_is_no_image_is_refused(clip_folder, image):
    with pytest.raises(InvalidInput) as caught:
        Vision(clip_folder).encode(image)
    assert caught.value.code == "input.invalid"


def test_what_is_not_there_is_named(clip_folder, tmp_path):
    for call in (Vision(clip_folder).encode, pdf_page):
        with pytest.raises(Io) as caught:
            call(tmp_path / "absent")
        assert caught.value.code == "file.not_found"
        assert caught.value.filename == str(tmp_path / "absent")
    (tmp_path / "no.pdf").write_bytes(b"no pdf")
    with pytest.raises(InvalidInput, match="no PDF file"):
        pdf_page(tmp_path / "no.pdf")
    with pytest.raises(InvalidInput, match="not one"):
        Vision(clip_folder).encode_batch("picture.png")


def test_settings_decide_about_the_identity(clip_folder, tiny):
    before = Vision(clip_folder, threads=1)
    assert repr(before) == (
        "Vision(model='clip', dimension=3, device='cpu', threads=1, kind='dense')"
    )
    identity = before.identity
    settings = {"size": {"height": 4, "width": 4}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}
    tiny.write_json(clip_folder / "preprocessor_config.json", settings)
    assert Vision(clip_folder).identity != identity


@pytest.mark.parametrize("size", [{"longest_edge": 4}, None, {"shortest_edge": 4}])
def test_a_size_of_another_form_is_refused(clip_folder, tiny, size):
    tiny.write_json(clip_folder / "preprocessor_config.json", {"size": size, "resample": 3})
    with pytest.raises(InvalidInput) as caught:
        Vision(clip_folder)
    assert caught.value.code == "model.invalid"


def test_bytes_that_pillow_reads_are_an_image(clip_folder, picture):
    buffer = io.BytesIO()
    picture.save(buffer, "BMP")
    model = Vision(clip_folder)
    assert np.array_equal(model.encode(buffer.getvalue()), model.encode(picture))
