"""Reading e-mails (EML) by the standard library.

Owns: headers, body and attachments of a message. Attachments that can be read are read, and their
text follows that of the message; all of them are listed with what became of them.
"""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING

from engram.errors import EngramError
from engram.extract.dates import iso, mail_date
from engram.extract.encodings import decode
from engram.extract.failing import damaged, reading
from engram.extract.pages import Page, add_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage, MIMEPart
    from typing import Any

    from engram.extract.building import Builder
    from engram.extract.documents import Document
    from engram.extract.request import Request

__all__ = ["read_mail"]

_SHOWN = ("From", "To", "Cc", "Date", "Subject")


def read_mail(request: Request) -> Document:
    """Read an e-mail."""
    builder = request.builder()
    what = request.kind.what
    with reading(what):
        message = email.message_from_bytes(request.raw, policy=email.policy.default)
        shown = [(name, str(message[name])) for name in _SHOWN if message[name]]
        if not shown:
            raise damaged(what, f"it has none of the headers {', '.join(_SHOWN)}")
        builder.title = str(message["Subject"] or "")
        builder.metadata |= _facts(message)
        builder.begin(section="headers")
        builder.add("\n".join(f"{name}: {' '.join(value.split())}" for name, value in shown))
        _add_body(message, builder)
        attached = _attachments(message)
        limits = request.limits
        limits.check("attachments", len(attached), "too many attachments")
        listed = [
            _add_attached(one, number, request, builder) for number, one in enumerate(attached, 1)
        ]
        builder.metadata["attachments"] = listed
    return builder.finish(request.kind.media)


def _facts(message: EmailMessage) -> dict[str, Any]:
    date = message["Date"]
    stated = iso(getattr(date, "datetime", None)) or mail_date(str(date or ""))
    defects = {type(one).__name__ for part in message.walk() for one in part.defects}
    return {
        "author": str(message["From"] or ""),
        "to": [str(one) for one in message.get_all("To", [])],
        "cc": [str(one) for one in message.get_all("Cc", [])],
        "date": stated,
        "language": str(message["Content-Language"] or ""),
        "message_id": str(message["Message-ID"] or "").strip(),
        "in_reply_to": str(message["In-Reply-To"] or "").strip(),
        "defects": sorted(defects),
    }


def _add_body(message: EmailMessage, builder: Builder) -> None:
    body = message.get_body(("plain", "html"))
    if body is None:
        return
    raw = _payload(body)
    named = body.get_content_charset()
    try:
        text = raw.decode(named or "ascii")
        builder.metadata |= {"encoding": named or "ascii", "encoding_from": "declared"}
    except (UnicodeError, LookupError):
        text, encoding, found = decode(raw, declares=True)
        builder.metadata |= {"encoding": encoding, "encoding_from": found}
    if body.get_content_subtype() == "html":
        add_page(Page(text), builder, {"section": "body"})
    else:
        builder.begin(section="body")
        builder.add(text.replace("\r\n", "\n"))


def _payload(part: MIMEPart) -> bytes:
    """Give what a part of a message holds."""
    if part.get_content_maintype() == "message":
        inner: Any = part.get_payload()
        return inner[0].as_bytes() if isinstance(inner, list) and inner else b""
    raw = part.get_payload(decode=True)
    return raw if isinstance(raw, bytes) else b""


def _attachments(message: EmailMessage) -> list[MIMEPart]:
    """List what is attached: whatever is no text of the message itself."""
    body = message.get_body(("plain", "html"))
    other = message.get_body(("html",))
    return [part for part in _leaves(message) if part is not body and part is not other]


def _leaves(message: MIMEPart) -> Iterator[MIMEPart]:
    """Give the parts that hold something, without going into attached messages."""
    if message.get_content_maintype() != "multipart":
        yield message
        return
    for part in message.iter_parts():
        yield from _leaves(part)


def _add_attached(
    part: MIMEPart, number: int, request: Request, builder: Builder
) -> dict[str, Any]:
    """Read an attachment, and say what became of it."""
    from engram.extract.extraction import extract_from

    raw = _payload(part)
    is_mail = part.get_content_type() == "message/rfc822"
    name = part.get_filename() or f"attachment-{number}{'.eml' * is_mail}"
    about: dict[str, Any] = {"name": name, "kind": part.get_content_type(), "bytes": len(raw)}
    if request.depth >= request.limits.depth:
        return about | {"read": False, "reason": "input.limit"}
    try:
        inner = extract_from(
            raw,
            "email" if is_mail else None,
            name,
            request.limits,
            tables=request.tables,
            depth=request.depth + 1,
        )
    except EngramError as error:
        return about | {"read": False, "reason": error.code}
    builder.include(inner, name)
    return about | {"read": True, "kind": inner.kind}
