"""Small files of every kind that `engram.extract` reads, made here."""

import io
import zipfile
from email.message import EmailMessage

import docx
import openpyxl
import pptx
import pypdf
from pptx.util import Inches

ROWS = [["Name", "Weight"], ["Bergfex", "1.9"], ["Talwind", "2.4"]]
TEXTS = ["The tent sleeps two.", "Use a soft sponge."]
INFO = "<< /Title (Tents) /Author (A. Lpin) /CreationDate (D:20260102030405+01'00') >>"


def pdf(pages=TEXTS, info=INFO, drawings=()):
    """Write a PDF file; `drawings` are operators for the first pages."""
    first = 5
    kids = " ".join(f"{first + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        info,
    ]
    for number, page in enumerate(pages):
        drawn = f"BT /F1 12 Tf 72 760 Td ({page}) Tj ET" if page else ""
        drawn += "\n" + (drawings[number] if number < len(drawings) else "")
        fonts = "/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {fonts} /Contents {len(objects) + 2} 0 R >>")
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    body, places = "%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{one}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    tail = f"trailer\n<< /Size {size} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}{tail}".encode("latin-1")


def ruled(rows=ROWS, left=72, top=700, width=100, height=20):
    """Give the operators that draw a table with lines."""
    right, bottom = left + width * len(rows[0]), top - height * len(rows)
    drawn = [f"{left} {top - height * n} m {right} {top - height * n} l S" for n in range(4)]
    drawn += [f"{left + width * n} {top} m {left + width * n} {bottom} l S" for n in range(3)]
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            place = f"{left + width * column + 5} {top - height * row - 14}"
            drawn.append(f"BT /F1 10 Tf {place} Td ({cell}) Tj ET")
    return "\n".join(drawn)


def encrypted_pdf():
    """Write a PDF file that a password locks."""
    writer = pypdf.PdfWriter(io.BytesIO(pdf()))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def outlined_pdf():
    """Write a PDF file of four pages with bookmarks."""
    writer = pypdf.PdfWriter(io.BytesIO(pdf(["cover", "first", "second", "third"])))
    care = writer.add_outline_item(title="Care", page_number=1)
    writer.add_outline_item(title="Cleaning", page_number=2, parent=care)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def word():
    """Write a Word document."""
    document = docx.Document()
    document.core_properties.author = "A. Lpin"
    document.core_properties.language = "en-GB"
    document.core_properties.keywords = "tents; care"
    document.add_heading("Tents", 0)
    document.add_paragraph("Before the first heading.")
    document.add_heading("Care", 1)
    document.add_paragraph("Let it dry.")
    document.add_paragraph("in the shade", style="List Bullet")
    document.add_heading("Sizes", 2)
    table = document.add_table(0, 2)
    for row in ROWS:
        for cell, text in zip(table.add_row().cells, row):
            cell.text = text
    document.add_heading("Repairs", 1)
    document.add_paragraph("Use the sleeve.")
    return saved(document)


def slides():
    """Write a presentation."""
    show = pptx.Presentation()
    show.core_properties.title = "Tents"
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "Care"
    first.placeholders[1].text = "Let it dry."
    first.notes_slide.notes_text_frame.text = "Tell the story of the wet tent."
    second = show.slides.add_slide(show.slide_layouts[6])
    group = second.shapes.add_group_shape()
    box = group.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(1))
    box.text_frame.text = "In a group."
    grid = second.shapes.add_table(3, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for down, row in enumerate(ROWS):
        for right, text in enumerate(row):
            grid.cell(down, right).text = text
    return saved(show)


def book():
    """Write a workbook."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Tents"
    sheet.append(["Name", "Weight", "Sold"])
    for number in range(1, 31):
        sheet.append([f"tent {number}", number / 2, number % 2 == 0])
    other = workbook.create_sheet("Empty & not")
    other["C5"] = "alone"
    workbook.create_sheet("Empty")
    workbook.properties.creator = "A. Lpin"
    return saved(workbook)


def saved(document):
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def container(members, **more):
    """Write a zip container."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in (members | more).items():
            file.writestr(name, content)
    return out.getvalue()


OPF = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"
  version="3.0" unique-identifier="id"><metadata><dc:title>Tents</dc:title>
<dc:creator>A. Lpin</dc:creator><dc:creator>B. Erg</dc:creator><dc:language>en</dc:language>
<dc:date>2026-01-02</dc:date><meta property="dcterms:modified">2026-01-03T04:05:06Z</meta>
</metadata><manifest>
<item id="two" href="text/two.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="text/one%20.xhtml" media-type="application/xhtml+xml"/>
<item id="font" href="font.otf" media-type="font/otf"/></manifest>
<spine><itemref idref="one"/><itemref idref="two"/></spine></package>"""
CONTAINER = """<?xml version="1.0"?>
<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>
<rootfile full-path="OPS/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>"""
CHAPTER = """<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>
<h1>{0}</h1><p>All about {0}.</p></body></html>"""


def epub(**more):
    """Write a book."""
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OPS/package.opf": OPF,
        "OPS/text/one .xhtml": CHAPTER.format("Care"),
        "OPS/text/two.xhtml": CHAPTER.format("Repairs"),
    }
    return container(members | more)


HTML = """<!DOCTYPE html><html lang="en"><head><title>Tents</title>
<meta name="author" content="A. Lpin"><meta name="keywords" content="tents, care">
<meta property="article:published_time" content="2026-01-02T03:04:05+01:00"></head>
<body><p>Before.</p><h1>Care &amp; more</h1><p>Let it dry.</p><h2>Sizes</h2>
<table><tr><th colspan="2">Tent<th>Weight</tr><tr><td rowspan=2>Bergfex<td>blue<td>1.9</tr>
<tr><td>red<td>2.0</table><h1>Repairs</h1><p>Use the sleeve.</p></body></html>"""
MARKDOWN = """---
title: Tents
author: [A. Lpin, B. Erg]
date: 2026-01-02T03:04:05+01:00
tags: [tents, care]
---
Before.

# Care

Let it dry.

| Name | Weight |
|---|---|
| Berg\\|fex | 1.9 |
| Talwind | 2.4 |

## Repairs

Use the sleeve.
"""
CSV = "Name;Note\n" + "".join(f'tent {n};"over\ntwo; lines"\n' for n in range(30))


def mail(*, nested=0):
    """Write an e-mail with a PDF file, a picture, and messages within messages."""
    message = EmailMessage()
    message["From"] = "A. Lpin <a@example.com>"
    message["To"] = "b@example.com"
    message["Subject"] = f"Tents {nested}"
    message["Date"] = "Fri, 02 Jan 2026 03:04:05 +0100"
    message.set_content("Grüße, see the attachments.")
    message.add_alternative("<p>Grüße</p>", subtype="html")
    message.add_attachment(pdf(), maintype="application", subtype="pdf", filename="tents.pdf")
    message.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="a.png")
    if nested:
        inner = EmailMessage()
        inner.set_content("x")
        message.add_attachment(mail_of(mail(nested=nested - 1)))
    return bytes(message)


def mail_of(raw):
    import email
    import email.policy

    return email.message_from_bytes(raw, policy=email.policy.default)


FILES = {
    "pdf": lambda: pdf(drawings=[ruled()]),
    "docx": word,
    "pptx": slides,
    "xlsx": book,
    "epub": epub,
    "html": HTML.encode,
    "email": lambda: mail(nested=1),
    "markdown": MARKDOWN.encode,
    "csv": CSV.encode,
    "tsv": lambda: CSV.replace(";", "\t").encode(),
    "json": lambda: b'{"title": "Tents", "rows": [1, 2]}',
    "jsonl": lambda: b'{"a": 1}\n\n{"a": 2}\n' * 20,
    "text": "Grüße\r\naus den Bergen.\n".encode,
    "text/x-python": lambda: b"def f():\n    return 1\n",
}
"""A file of each kind."""
ENDINGS = {"email": "eml", "markdown": "md", "text": "txt", "text/x-python": "py"}


def name_of(kind):
    return f"file.{ENDINGS.get(kind, kind)}"
