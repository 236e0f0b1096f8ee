"""Who of the roster handed in what: ids, logins and addresses join, names and groups propose."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from grader.course.enrolled import Enrolled, Roster
from grader.course.records import Attempt, Found, Person, Proposal
from grader.submission.upload import shown


def joined(found: Found, roster: Roster) -> Found:
    """Return what was found with people as the roster tells them; what is doubtful is told."""
    known: dict[Person, Enrolled] = {}
    by_name: dict[Person, Enrolled] = {}
    by_group: dict[Person, list[Enrolled]] = {}
    problems = list(roster.problems)
    everybody = [one for attempt in found.attempts for one in (attempt.person, *attempt.members)]
    for person in dict.fromkeys(everybody):
        rows = roster.exact(person, found.kind)
        names = [] if rows else roster.named(person.name)
        if len(rows) == 1:
            known[person] = rows[0]
        elif len(names) == 1:
            by_name[person] = names[0]
        elif not (rows or names) and roster.members(person.name or person.login):
            by_group[person] = roster.members(person.name or person.login)
        else:
            problems.append(f"{shown(person.shown)}: {_unjoined(rows, names)}")
    by_name = _once(by_name, known, problems)
    known |= by_name
    people = {person: _completed(person, known.get(person)) for person in everybody}
    proposals = [*_proposed(by_name), *_proposed_groups(by_group), *_shared(people, known)]
    absent = [row.person for row in roster.rows if not row.is_made_up]
    grouped = [row for rows in by_group.values() for row in rows]
    here = {id(row.person) for row in (*known.values(), *grouped)}
    return replace(
        found,
        attempts=tuple(
            _of_group(attempt, by_group[attempt.person])
            if attempt.person in by_group
            else _told(attempt, people, known)
            for attempt in found.attempts
        ),
        problems=(*found.problems, *problems),
        proposals=(*found.proposals, *proposals),
        absent=tuple(person for person in absent if id(person) not in here),
    )


def _unjoined(rows: list[Enrolled], names: list[Enrolled]) -> str:
    if rows:
        return f"{len(rows)} rows of the roster fit; graded, and joined with none of them"
    if names:
        return f"{len(names)} people of the roster have this name; graded, and joined with none"
    return "is not in the roster; graded all the same, so add a row or take the upload away"


def _once(
    by_name: dict[Person, Enrolled], known: Mapping[Person, Enrolled], problems: list[str]
) -> dict[Person, Enrolled]:
    """Return the joins by name that claim a row which nobody else claims."""
    taken = Counter(id(row) for row in (*known.values(), *by_name.values()))
    kept = {person: row for person, row in by_name.items() if taken[id(row)] == 1}
    for person in (one for one in by_name if one not in kept):
        what = "shares a name with others; graded, and joined with no row of the roster"
        problems.append(f"{shown(person.shown)}: {what}")
    return kept


def _proposed(by_name: Mapping[Person, Enrolled]) -> Iterable[Proposal]:
    if by_name:
        pairs = [f"'{shown(one.shown)}' is '{_row(row)}'" for one, row in by_name.items()]
        more = f" and {len(pairs) - 5} more" if len(pairs) > 5 else ""
        number = f"{len(pairs)} student{'s' * (len(pairs) != 1)}"
        what = f"{number} can be joined with a row by the name alone"
        yield Proposal("roster", what, ", ".join(pairs[:5]) + more)


def _proposed_groups(by_group: Mapping[Person, list[Enrolled]]) -> Iterable[Proposal]:
    if by_group:
        pairs = [
            f"'{shown(group.shown)}' is {' and '.join(map(_row, rows))}"
            for group, rows in by_group.items()
        ]
        more = f" and {len(pairs) - 5} more" if len(pairs) > 5 else ""
        what = f"{len(pairs)} group{'s' * (len(pairs) != 1)} of the roster handed in"
        yield Proposal("roster", what, ", ".join(pairs[:5]) + more)


def _of_group(attempt: Attempt, rows: list[Enrolled]) -> Attempt:
    """Return the attempt of a group as that of its members."""
    first, *others = [row.person for row in rows]
    group = attempt.person.name or attempt.person.login
    return replace(attempt, person=first, members=tuple(others), group=group)


def _shared(people: dict[Person, Person], known: Mapping[Person, Enrolled]) -> Iterable[Proposal]:
    """Yield who are one by the roster, though the source knows them as several; make them one."""
    by_row: dict[int, list[Person]] = defaultdict(list)
    for person in people:
        if person in known:
            by_row[id(known[person])].append(person)
    for several in by_row.values():
        if len(several) > 1:
            row = known[several[0]]
            names = ", ".join(f"'{shown(person.shown)}'" for person in several)
            yield Proposal("roster", f"{names} are one row", f"attempts of '{_row(row)}'")
            people.update(dict.fromkeys(several, people[several[0]]))


def _row(row: Enrolled) -> str:
    return shown(row.person.login or row.sid or row.person.email or row.person.name)


def _told(
    attempt: Attempt, people: Mapping[Person, Person], known: Mapping[Person, Enrolled]
) -> Attempt:
    row = known.get(attempt.person)
    members = tuple(people[one] for one in attempt.members)
    group = attempt.group or (row.group if row else "")
    return replace(attempt, person=people[attempt.person], members=members, group=group)


def _completed(person: Person, row: Enrolled | None) -> Person:
    if row is None:
        return person
    told = row.person
    return Person(
        person.id or told.id,
        person.login or told.login,
        told.name or person.name,
        person.email or told.email,
    )
