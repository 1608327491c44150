"""What memvid-sdk gives back: dicts of its names, from the objects of `engram.Memory`.

Owns: the forms of hits, answers, frames and lines of a timeline.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engram.answer import Answer
    from engram.memory import Finds, Found, MemoryStats, Stored
    from engram.reports import DoctorReport, VerifyReport

__all__ = [
    "DATES",
    "LABELS",
    "answer_of",
    "doctor_of",
    "finds_of",
    "frame_of",
    "hit_of",
    "line_of",
    "seconds",
    "stats_of",
    "uri_of",
    "verify_of",
]

LABELS = "labels"
"""Metadata: the labels of a document beyond its first."""
DATES = "content_dates"
"""Metadata: the dates that were found in a document's text."""
_PREVIEW = 120
"""Characters of a document that a timeline shows."""


def seconds(moment: str | None) -> int | None:
    """Give a moment as seconds since 1970."""
    return None if moment is None else int(datetime.fromisoformat(moment).timestamp())


def uri_of(document: Any) -> str:
    """Give a document's uri, or one made of its id."""
    return document.uri or f"mv2://frames/{document.id}"


def hit_of(found: Found, rank: int, chars: int | None = None) -> dict[str, Any]:
    """Give a passage that was found as a hit; without a snippet its first `chars` characters."""
    document, about = found.document, found.metadata
    first = [] if document.label is None else [document.label]
    marks = sum(len(snippet.marks) for snippet in found.snippets)
    return {
        "frame_id": document.id,
        "uri": uri_of(document),
        "title": document.title,
        "rank": rank,
        "score": found.score,
        "matches": marks,
        "snippet": found.snippet.text if found.snippet else found.text[:chars],
        "text": found.text,
        "tags": list(document.tags),
        "labels": first + list(about.get(LABELS, ())),
        "track": document.track,
        "created_at": document.timestamp,
        "content_dates": list(about.get(DATES, ())),
        "page": found.page,
        "start": found.start,
        "end": found.end,
        "metadata": dict(about),
    }


def finds_of(query: str, finds: Finds) -> dict[str, Any]:
    """Give what a search found."""
    hits = [hit_of(one, rank) for rank, one in enumerate(finds, 1)]
    result = {
        "query": query,
        "hits": hits,
        "took_ms": round(finds.report.took_ms),
        "total_hits": len(hits),
        "engine": finds.mode,
        "skipped": dict(finds.skipped),
        "context": "\n\n".join(
            f"### [{hit['rank']}] {hit['title'] or hit['uri']}\n{hit['text']}" for hit in hits
        ),
    }
    return result | ({} if finds.cursor is None else {"next_cursor": finds.cursor})


def answer_of(answer: Answer, hits: Sequence[Mapping[str, Any]], mode: str) -> dict[str, Any]:
    """Give an answer; ``text`` and ``answer`` are one, None where only context was asked for."""
    asked = answer.mode != "context"
    supported = sum(one.supported for one in answer.sentences)
    share = supported / len(answer.sentences) if answer.sentences else 0.0
    usage = answer.usage
    return {
        "question": answer.question,
        "answer": answer.text if asked else None,
        "text": answer.text if asked else None,
        "mode": mode,
        "retriever": mode,
        "context_only": not asked,
        "context": answer.context,
        "hits": list(hits),
        "sources": [one.to_dict() for one in answer.sources or answer.citations],
        "citations": [one.to_dict() for one in answer.citations],
        "model": answer.model,
        "stats": {"retrieved": len(hits)},
        "usage": {
            "prompt_tokens": usage.input_tokens if usage else 0,
            "completion_tokens": usage.output_tokens if usage else 0,
        },
        "grounding": {
            "score": share,
            "label": "HIGH" if share >= 0.8 else "MEDIUM" if share >= 0.5 else "LOW",  # noqa: PLR2004
            "sentence_count": len(answer.sentences),
            "grounded_sentences": supported,
            "has_warning": not answer.grounded,
        },
        "follow_up": {
            "needed": asked and not answer.found,
            "reason": "" if answer.found or not asked else answer.text,
            "available_topics": [hit["title"] for hit in hits if hit["title"]],
        },
    }


def frame_of(document: Stored) -> dict[str, Any]:
    """Give a document as a frame."""
    first = [] if document.label is None else [document.label]
    return {
        "id": document.id,
        "uri": uri_of(document),
        "title": document.title,
        "timestamp": seconds(document.timestamp),
        "kind": document.kind,
        "track": document.track,
        "tags": list(document.tags),
        "labels": first + list(document.metadata.get(LABELS, ())),
        "payload_length": document.size,
        "extra_metadata": dict(document.metadata),
    }


def line_of(document: Stored) -> dict[str, Any]:
    """Give a document as a line of a timeline."""
    return {
        "frame_id": document.id,
        "timestamp": seconds(document.timestamp),
        "preview": document.text[:_PREVIEW],
        "uri": uri_of(document),
        "title": document.title,
        "child_frames": [],
    }


def stats_of(stats: MemoryStats, *, lex: bool, vec: bool) -> dict[str, Any]:
    """Give the statistics of a memory."""
    summary = stats.embedding_identity_summary
    vectors = sum(count for _, count in summary.counts)
    identities = [
        {"identity": None if who is None else who.to_dict(), "count": count}
        for who, count in summary.counts
    ]
    kind = "unknown" if summary.kind == "none" else summary.kind
    return {
        "frame_count": stats.documents,
        "active_frame_count": stats.documents,
        "passage_count": stats.passages,
        "size_bytes": stats.file_bytes,
        "payload_bytes": stats.live_bytes,
        "seq_no": stats.commit,
        "has_lex_index": True,
        "has_time_index": True,
        "has_vec_index": vectors > 0,
        "lex_enabled": lex,
        "vec_enabled": vec or vectors > 0,
        "vector_count": vectors,
        "effective_vec_dimension": stats.effective_vec_dimension,
        "embedding_identity_summary": {"kind": kind, "identities": identities},
    }


def verify_of(path: str, report: VerifyReport) -> dict[str, Any]:
    """Give what a check found."""
    failed = [
        {"name": one.code, "status": "failed", "details": f"{one.message} ({one.where})"}
        for one in report.problems
    ]
    passed = {"name": "deep" if report.deep else "structure", "status": "passed", "details": None}
    return {
        "file_path": path,
        "overall_status": "passed" if report.ok else "failed",
        "checks": failed or [passed],
    }


def doctor_of(path: str, report: DoctorReport) -> dict[str, Any]:
    """Give what a repair did, or would do."""
    findings = [
        {"code": one.code, "message": one.message, "severity": "error", "detail": one.where}
        for one in report.problems
    ]
    plan = {"file_path": path, "findings": findings, "actions": list(report.actions)}
    status = "plan_only" if report.dry_run else "clean" if not report.actions else "healed"
    return {
        "status": status,
        "findings": findings,
        "plan": plan,
        "dropped": list(report.dropped),
        "metrics": {"actions_completed": 0 if report.dry_run else len(report.actions)},
        "verification": "passed" if report.ok else None,
    }
