"""Reading from a model hub over HTTP.

Owns: `Hub`: the two requests that an installation needs (what is there, and a file's bytes), with
ranges, so that a fetch goes on where it was cut off. Only the standard library is used.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

from engram.embed.local.folder import sha256_of
from engram.errors import Corrupt, Io, NotFound

if TYPE_CHECKING:
    from pathlib import Path

    from engram.embed.store import Progress

__all__ = ["Hub"]

_TIMEOUT_S = 30
_BLOCK_BYTES = 1 << 18
_TRIES = 5
_ABSENT = {401, 404}
"""How the hub says that it has no such public repository."""

_PARTIAL = 206
_RANGE_REFUSED = 416


class Hub:
    """A hub at an address."""

    def __init__(self, address: str) -> None:
        """Keep the address."""
        self.address = address

    def listing(self, repo: str, revision: str) -> tuple[str, dict[str, str | None]]:
        """Ask what a repository holds.

        Returns:
            The commit that the revision is now, and for each file its SHA-256 where the hub says.

        Raises:
            NotFound: ``model.not_found``.
            Io: ``io.failed``.
        """
        place = f"{self.address}/api/models/{repo}/revision/{urllib.parse.quote(revision, safe='')}"
        try:
            with self._open(f"{place}?blobs=true", {}) as answer:
                facts = json.load(answer)
            files = {
                str(one["rfilename"]): (one.get("lfs") or {}).get("sha256")
                for one in facts["siblings"]
            }
            return str(facts["sha"]), {
                place: digest for place, digest in files.items() if _safe(place)
            }
        except urllib.error.HTTPError as cause:
            cause.close()
            if cause.code in _ABSENT:
                raise NotFound(
                    "model.not_found",
                    f"{self.address} has no model {repo} at {revision}",
                    "check its name there",
                ) from cause
            raise self._failed(repo, cause) from cause
        except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException) as cause:
            raise self._failed(repo, cause) from cause

    def fetch(
        self,
        repo: str,
        commit: str,
        place: str,
        target: Path,
        sha256: str | None,
        progress: Progress | None,
    ) -> None:
        """Fetch a file whole, going on where an earlier try ended.

        Raises:
            Corrupt: ``model.corrupt`` where it is not what it must be; it is deleted.
            Io: ``io.failed`` after several tries that brought nothing.
        """
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{target.name}.part")
            url = f"{self.address}/{repo}/resolve/{commit}/{urllib.parse.quote(place)}"
            idle = 0
            while not self._go_on(url, place, part, progress):
                # A try that brought bytes is no failure, however often it is cut off.
                idle = 0 if self._grew else idle + 1
                if idle >= _TRIES:
                    raise self._failed(place, self._last)
            part.rename(target)
        if sha256 is not None and sha256_of([target]) != sha256:
            found = sha256_of([target])
            target.unlink()
            raise Corrupt(
                "model.corrupt",
                f"{place} of {repo} is not what it should be",
                "try again; if it stays so, what the hub has is not what was pinned",
                {"expected": sha256, "found": found},
            )

    def _go_on(self, url: str, place: str, part: Path, progress: Progress | None) -> bool:
        """Append what is missing; say whether the file is whole."""
        have = part.stat().st_size if part.exists() else 0
        self._grew, self._last = False, None
        try:
            with self._open(url, {"Range": f"bytes={have}-"} if have else {}) as answer:
                if answer.status != _PARTIAL:
                    have = 0
                length = answer.headers.get("Content-Length")
                total = have + int(length) if length else 0
                with part.open("ab" if have else "wb") as file:
                    while block := answer.read(_BLOCK_BYTES):
                        file.write(block)
                        have += len(block)
                        self._grew = True
                        if progress is not None:
                            progress(place, have, total)
                return not total or have == total
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == _RANGE_REFUSED:
                return True  # all of it is here already
            if error.code < 500:  # noqa: PLR2004 - a refusal, which trying again does not change
                raise self._failed(place, error) from error
            self._last = error
        except (OSError, http.client.HTTPException) as error:
            self._last = error
        return False

    _grew: bool
    _last: Exception | None

    def _open(self, url: str, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the hub's own address
        return urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310

    def _failed(self, what: str, cause: Exception | None) -> Io:
        reason = str(cause) if cause is not None else "the connection was cut off again and again"
        return Io(
            "io.failed",
            f"{what} could not be fetched from {self.address}: {reason}",
            "check the connection; what was fetched is kept, and the next try goes on from there",
        )


def _safe(place: str) -> bool:
    """Say whether a file's place stays within the folder."""
    parts = place.split("/")
    return not place.startswith("/") and ".." not in parts and "\\" not in place
