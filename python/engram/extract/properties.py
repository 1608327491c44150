"""What the files of Office state about themselves.

Owns: the core properties of a package (ECMA-376, part 2, clause 11). They are read here and not by
the libraries, which fill in the time of reading where a file states none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engram.extract.dates import stated_date
from engram.extract.failing import missing

if TYPE_CHECKING:
    import zipfile
    from typing import Any

__all__ = ["core_facts", "parsed_xml"]

_CORE = "docProps/core.xml"
_DC = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_CP = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}"


def parsed_xml(content: bytes) -> Any:
    """Parse XML without entities, which can be made to expand without end."""
    try:
        from defusedxml.ElementTree import fromstring
    except ImportError as cause:
        raise missing("defusedxml", "books and Office documents") from cause
    return fromstring(content)


def core_facts(container: zipfile.ZipFile) -> tuple[str | None, dict[str, Any]]:
    """Give title and metadata of a package; one without properties states nothing."""
    if _CORE not in container.namelist():
        return None, {}
    core = parsed_xml(container.read(_CORE))

    def stated(name: str) -> str | None:
        text = core.findtext(name)
        return None if text is None else text.strip()

    words = re.split(r"[,;]", stated(f"{_CP}keywords") or "")
    return stated(f"{_DC}title"), {
        "author": stated(f"{_DC}creator"),
        "created": stated_date(stated(f"{_TERMS}created")),
        "modified": stated_date(stated(f"{_TERMS}modified")),
        "language": stated(f"{_DC}language"),
        "description": stated(f"{_DC}description") or stated(f"{_DC}subject"),
        "keywords": [word.strip() for word in words if word.strip()],
    }
