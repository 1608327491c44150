"""Images in a memory: found by text and by image, given back, gone with their document."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from engram import AccessContext, InvalidInput, Memory, NotFound
from engram.embed import Identity

Image = pytest.importorskip("PIL.Image")
document_files = pytest.importorskip("document_files")
pytest.importorskip("pypdfium2")

CLIP = Path(__file__).parents[2].parent / "shared" / "models" / "clip"
COLOURS = {"red": (250, 10, 10), "green": (10, 250, 10), "blue": (10, 10, 250)}


class Colours:
    """Embeds an image as its mean colour, and a text as the colour that it names."""

    kind = "dense"

    def __init__(self, name="colours"):
        self.identity = Identity(name, "1", 3, normalized=True)
        self.seen = 0

    def encode_batch(self, images):
        self.seen += len(images)
        return np.array([self.encode(one) for one in images], dtype=np.float32).reshape(-1, 3)

    def encode(self, image):
        from engram.embed.images import open_image

        return self.unit(np.asarray(open_image(image), np.float32).mean(axis=(0, 1)))

    def encode_query(self, text):
        return self.unit(np.array(COLOURS[text.split()[-1]], np.float32))

    @staticmethod
    def unit(row):
        return (row / np.linalg.norm(row)).astype(np.float32)


def picture(colour, size=(40, 40), kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", size, COLOURS[colour]).save(out, kind)
    return out.getvalue()


@pytest.fixture
def seeing(words):
    with Memory.open(":memory:", embedder=words(), vision=Colours()) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "pictures"
    (place / "more").mkdir(parents=True)
    for name, colour in (("a.png", "red"), ("b.jpg", "green"), ("more/c.gif", "blue")):
        kind = {"png": "PNG", "jpg": "JPEG", "gif": "GIF"}[name[-3:]]
        (place / name).write_bytes(picture(colour, kind=kind))
    (place / "notes.txt").write_text("no image")
    return place


def test_images_are_found_by_text_and_by_image(seeing, folder):
    put = seeing.put_images(folder)
    assert [one.status for one in put.documents] == ["added"] * 3
    found = seeing.find("something red", kind="image", k=1)
    assert [one.uri for one in found] == [f"{folder}/a.png"]
    assert (found.mode, found[0].text, found[0].place["image"]) == ("semantic", "", 1)
    like = seeing.find(image=picture("green", (7, 90)))
    assert like[0].uri == f"{folder}/b.jpg"
    assert len(like) == 3
    assert like[0].score > like[1].score
    assert [one.uri for one in seeing.find(image=folder / "more" / "c.gif", k=1, scope=str(folder))]
    assert len(seeing.find("red", kind="image", scope="elsewhere")) == 0
    assert len(seeing.find("red", mode="lex")) == 0


def test_images_come_back_byte_for_byte(seeing, folder):
    seeing.put_images(folder)
    listed = seeing.list_images()
    assert [(one.document.kind, one.width) for one in listed] == [
        ("image/png", 40), ("image/jpeg", 40), ("image/gif", 40),
    ]  # fmt: skip
    for one in listed:
        assert seeing.get_image(one.id) == Path(one.document.uri).read_bytes()
        assert seeing.blob(one.document.id) == seeing.get_image(one.id)
    assert json.loads(json.dumps(listed[0].to_dict()))["number"] == 1


def test_a_caption_is_text_and_found_as_such(seeing):
    raw = picture("red")
    put = seeing.put_images(raw, caption="The barn in May", uri="barn", tags=["farm"])
    assert put.documents[0].passages == 1
    assert seeing.find("barn", mode="lex")[0].text == "The barn in May"
    (image,) = seeing.find("red", kind="image", tags=["farm"])
    assert image.text == seeing.get("barn").text == "The barn in May"
    again = seeing.put_images(raw, caption="The barn in May", uri="barn", tags=["farm"])
    assert again.documents[0].status == "unchanged"
    other = seeing.put_images(raw, caption="The barn in June", uri="barn", tags=["farm"])
    assert other.documents[0].status == "replaced"
    assert len(seeing.list_images()) == 1


def pdf():
    """A PDF file with a red image on page 1, a green one on page 2, and an ornament."""
    pages = [Image.new("RGB", (200, 200), COLOURS[name]) for name in ("red", "green")]
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:])
    return out.getvalue()


def word():
    import docx

    document = docx.Document()
    document.add_paragraph("The barn is red.")
    document.add_picture(io.BytesIO(picture("red", (60, 50))))
    document.add_picture(io.BytesIO(picture("blue", (8, 8))))
    return document_files.saved(document)


def slides():
    import pptx

    show = pptx.Presentation()
    for colour in ("green", "red"):
        slide = show.slides.add_slide(show.slide_layouts[5])
        slide.shapes.title.text = f"A {colour} slide"
        slide.shapes.add_picture(io.BytesIO(picture(colour)), 0, 0)
    return document_files.saved(show)


def test_images_in_documents_are_found_with_their_place(seeing):
    seeing.put_images(word(), filename="barn.docx", uri="barn.docx")
    seeing.put_images(slides(), filename="show.pptx", uri="show.pptx")
    assert [(one.document.uri, one.slide) for one in seeing.list_images()] == [
        ("barn.docx", None), ("show.pptx", 1), ("show.pptx", 2),
    ]  # fmt: skip
    red = seeing.find("red", kind="image", k=2)
    assert {(one.uri, one.place.get("slide")) for one in red} == {
        ("barn.docx", None), ("show.pptx", 2),
    }  # fmt: skip
    assert seeing.find("the barn", mode="lex")[0].uri == "barn.docx"
    (image,) = seeing.list_images(document="barn.docx")
    assert seeing.get_image(image.id) == picture("red", (60, 50))
    assert (image.width, image.height) == (60, 50)


def test_images_of_a_pdf_file_have_their_page(seeing):
    from engram.memory.pictures import pictures

    found = list(pictures(pdf(), "x.pdf", 32))
    assert [one.place for one in found] == [{"page": 1}, {"page": 2}]
    assert seeing._vision.encode(found[1].image).argmax() == 1
    assert list(pictures(pdf(), "x.pdf", 201)) == []
    assert list(pictures(b"only text", "x.txt", 32)) == []


def test_a_scan_without_text_is_its_images(seeing):
    raw = pdf()
    put = seeing.put_images(raw, filename="scan.pdf", uri="scan", search_text="two walls")
    assert [one.page for one in seeing.list_images()] == [1, 2]
    assert seeing.get("scan").kind == "application/pdf"
    assert seeing.find("walls", mode="lex")[0].uri == "scan"
    (green,) = seeing.find("green", kind="image", k=1)
    assert green.page == 2
    with Image.open(io.BytesIO(seeing.get_image(green.id))) as opened:
        assert opened.size == (200, 200)
    assert seeing.blob("scan") == raw
    again = seeing.put_images(raw, filename="scan.pdf", uri="scan", search_text="two walls")
    assert (put.documents[0].status, again.documents[0].status) == ("added", "unchanged")


def test_a_document_takes_its_images_along(seeing):
    put = seeing.put_images(word(), filename="barn.docx", uri="barn")
    seeing.put_tables(b"a,b\n1,2\n", filename="x.csv", uri="table", embed_rows=True)
    seeing.delete("barn")
    assert seeing.list_images() == []
    none = seeing.find("red", kind="image")
    assert (len(none), none.mode, none.skipped) == (0, "none", {"image": "there is none"})
    assert len(seeing.find_rows()) == 1
    with pytest.raises(NotFound):
        seeing.get_image(f"{put.documents[0].id}#i1")
    seeing.delete("table")
    assert seeing.db.collection("memory").count() == 0


def test_nobody_sees_images_of_others(seeing):
    seeing.put_images(picture("red"), uri="mine", access={"subjects": ["ada"]})
    (image,) = seeing.list_images()
    bob, ada = AccessContext(subject="bob"), AccessContext(subject="ada")
    assert len(seeing.find("red", kind="image", access=bob)) == 0
    assert len(seeing.find(image=picture("red"), access=ada)) == 1
    assert seeing.list_images(access=bob) == []
    with pytest.raises(NotFound):
        seeing.get_image(image.id, access=bob)
    assert seeing.get_image(image.id, access=ada) == picture("red")


def test_one_bad_image_keeps_no_other_out(seeing, folder):
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnonsense")
    seen = []
    put = seeing.put_images(folder, progress=lambda done, total: seen.append((done, total)))
    assert [Path(one.name).name for one in put.failed] == ["broken.png"]
    assert len(put.documents) == 3
    assert seen[-1] == (4, 4)


def test_without_a_model_the_error_says_how_to_get_one(memory, tmp_path):
    for call in (
        lambda: memory.put_images(picture("red")),
        lambda: memory.find("red", kind="image"),
        lambda: memory.find(image=picture("red")),
    ):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert caught.value.code == "embedder.missing"
        assert "vision=" in caught.value.hint


def test_images_of_two_models_do_not_mix(tmp_path):
    path = tmp_path / "m.engram"
    with Memory.open(path, embedder=None, vision=Colours()) as memory:
        memory.put_images(picture("red"))
    with Memory.open(path, embedder=None, vision=Colours("others")) as memory:
        for call in (lambda: memory.put_images(picture("blue")), lambda: memory.find(image="x")):
            with pytest.raises(InvalidInput) as caught:
                call()
            assert caught.value.code == "embedder.mismatch"
    with Memory.open(path, embedder=None) as memory, pytest.raises(InvalidInput) as caught:
        memory.find("red", kind="image")
    assert caught.value.details["identity"] == Colours().identity.to_json()


@pytest.mark.parametrize(
    "asked",
    [
        {"query": "red", "image": b"x"},
        {"query": "", "kind": "image"},
        {"query": "red", "kind": "image", "mode": "lex"},
        {"query": "red", "kind": "image", "query_embedding": [1.0]},
        {},
    ],
)
def test_what_cannot_be_looked_for_is_an_error(seeing, asked):
    seeing.put_images(picture("red"))
    with pytest.raises(InvalidInput):
        seeing.find(**asked)


def test_other_kinds_are_a_filter(seeing):
    seeing.put("a tent", uri="1", kind="note")
    seeing.put("a tent too", uri="2", kind="mail")
    assert [one.uri for one in seeing.find("tent", kind="mail", mode="lex")] == ["2"]


def test_what_is_not_of_one_image_is_refused(seeing, folder):
    for call in (
        lambda: seeing.put_images(folder, caption="all"),
        lambda: seeing.put_images(word(), filename="b.docx", caption="one"),
        lambda: seeing.put_images(picture("red"), search_text="x"),
    ):
        with pytest.raises(InvalidInput):
            call()


@pytest.mark.skipif(not CLIP.is_dir(), reason="needs the models beside the project")
def test_a_real_clip_model_finds_its_own(tmp_path):
    pytest.importorskip("onnxruntime")
    from engram.embed import ClipModel, Vision

    model = ClipModel(CLIP)
    names = sorted((CLIP / "images").iterdir())
    assert model.embed_images(names).shape == (len(names), model.dims)
    assert np.allclose(model.embed_image(names[0]), Vision(CLIP).encode(names[0]))
    assert model.embed_text("a red house").shape == (model.dims,)
    assert "dims=24" in repr(model)
    with Memory.open(tmp_path / "m", embedder=None, vision=str(CLIP)) as memory:
        memory.put_images(CLIP / "images")
        for name in names:
            first = memory.find(image=name)[0]
            assert first.uri == name.as_posix()
            assert first.score == pytest.approx(1.0, abs=1e-4)
        assert len(memory.find("a red house", kind="image", k=2)) == 2


def test_images_are_embedded_a_few_at_a_time(seeing, monkeypatch):
    import docx

    document = docx.Document()
    document.add_paragraph("Twenty pictures.")
    for number in range(20):
        document.add_picture(io.BytesIO(picture("red", (40 + number, 40))))
    sizes = []
    whole = Colours.encode_batch

    def noting(self, images):
        sizes.append(len(images))
        return whole(self, images)

    monkeypatch.setattr(Colours, "encode_batch", noting)
    seeing.put_images(document_files.saved(document), filename="x.docx", uri="x")
    assert sizes == [8, 8, 4]
    listed = seeing.list_images()
    assert [one.number for one in listed] == list(range(1, 21))
    for one in (listed[0], listed[11], listed[19]):
        with Image.open(io.BytesIO(seeing.get_image(one.id))) as opened:
            assert opened.size == (one.width, one.height)


def epub():
    return document_files.epub(**{"OPS/pictures/a.png": picture("blue"), "OPS/b.txt": "x"})


def workbook():
    import openpyxl
    from openpyxl.drawing.image import Image as Drawn

    book = openpyxl.Workbook()
    book.active.append(["a barn"])
    book.active.add_image(Drawn(io.BytesIO(picture("red"))), "B2")
    return document_files.saved(book)


FILES = {"epub": epub, "xlsx": workbook, "docx": word, "pptx": slides, "pdf": pdf}


@pytest.mark.parametrize("kind", FILES)
def test_hostile_files_give_images_or_typed_errors(kind):
    from engram.errors import EngramError
    from engram.memory.pictures import pictures

    raw = FILES[kind]()
    assert list(pictures(raw, f"x.{kind}", 32))
    codes = set()
    for end in range(0, len(raw), max(len(raw) // 25, 1)):
        spoilt = bytearray(raw)
        spoilt[end] ^= 0x55
        for case in (raw[:end], bytes(spoilt)):
            try:
                list(pictures(case, f"x.{kind}", 32))
            except EngramError as error:
                codes.add(error.code)
    assert "document.damaged" in codes
    assert codes <= {
        "document.damaged",
        "document.unsupported",
        "document.encrypted",
        "input.limit",
    }
