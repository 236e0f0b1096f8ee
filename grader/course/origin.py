"""What a class was read from: it tells whose ids the students' are."""

from __future__ import annotations

from collections.abc import Iterable

from grader.course.store import Store


def keep(store: Store, kinds: Iterable[str]) -> None:
    """Keep which kinds of sources were read."""
    store.run("INSERT OR IGNORE INTO source VALUES (?)", [(kind,) for kind in kinds])


def of(store: Store) -> str:
    """Return the kinds, several with " and "; "" if none was kept."""
    return " and ".join(sorted(row[0] for row in store.rows("SELECT kind FROM source")))
