"""What handing in early or late comes to: pure functions of times and of what course.toml says.

Days are days of the calendar in the course's zone, so that a night when clocks change costs nobody
an hour: what is due on Friday 23:59 is one day late until Saturday 23:59. Hours are hours that
pass. A border itself is in time; each started day or hour counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from grader.course.settings import Late
from grader.report.text import count

Extension = timedelta | date | datetime
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Due:
    """When a student has to hand in, and in whose days the time after it is counted.

    `usual` is everybody's date, from which it is counted who is early; `note` says how this one
    differs from it.
    """

    at: datetime
    zone: tzinfo
    usual: datetime
    note: str = ""


@dataclass(frozen=True)
class Timing:
    """How an attempt stands to the due date: units that cost, free days that it took, and words.

    `units` are started days or hours after free days; `early` is how long before everybody's due
    date it came, None if it was late.
    """

    units: int = 0
    free_days: int = 0
    early: timedelta | None = None
    is_closed: bool = False
    note: str = ""


def rounded(value: float, decimals: int) -> Decimal:
    """Return a number rounded half up; the dust of adding tenths does not decide."""
    exact = Decimal(f"{value:.9f}")
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def points(value: float, decimals: int = 2) -> str:
    """Return points as they are read, rounded half up, without zeros at the end.

    >>> points(13.125), points(40.0), points(0.3, 0)
    ('13.13', '40', '0')
    """
    text = f"{rounded(value, decimals):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def zone_of(late: Late) -> tzinfo:
    """Return the zone in which times without one are read."""
    if late.zone:
        return ZoneInfo(late.zone)
    return late.due.tzinfo if late.due and late.due.tzinfo else UTC


def moment(local: datetime, zone: tzinfo, later: bool) -> datetime:
    """Return the instant of a time on the wall; of two where clocks change, the `later`."""
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    both = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return max(both) if later else min(both)


def due_of(late: Late, extension: Extension | None = None) -> Due | None:
    """Return when a student has to hand in; None if nothing is due. An extension comes first."""
    if late.due is None:
        return None
    zone = zone_of(late)
    usual = moment(late.due, zone, True)
    due = Due(usual, zone, usual)
    if extension is None:
        return due
    at = _extended(due, extension)
    if at <= due.at:  # a date that is meant well never makes it worse
        return due
    local = at.astimezone(zone)
    return Due(at, zone, due.at, f"extended to {local:%Y-%m-%d %H:%M}")


def _extended(due: Due, extension: Extension) -> datetime:
    local = due.at.astimezone(due.zone)
    if isinstance(extension, datetime):
        return moment(extension, due.zone, True)
    if isinstance(extension, date):  # until the usual time of that day
        return moment(datetime.combine(extension, local.time()), due.zone, True)
    whole = timedelta(days=extension.days)
    return border(due, whole.days) + (extension - whole)


def border(due: Due, days: int) -> datetime:
    """Return the instant that many days after the due date, by the calendar."""
    local = due.at.astimezone(due.zone).replace(tzinfo=None, fold=0)
    return moment(local + timedelta(days=days), due.zone, True) if days else due.at


def timing(at: str, marked_late: bool | None, due: Due | None, late: Late, used: int) -> Timing:
    """Return how an attempt stands: `at` as its source tells it, `used` free days already spent.

    `marked_late` is the LMS's own mark, which counts only where it tells no time.
    """
    if due is None:
        return Timing()
    told = _told(at, due.zone)
    if told is None:
        if marked_late:
            return Timing(note="late; by how much, the export does not tell")
        return Timing()
    grace = timedelta(minutes=late.grace_minutes)
    if told <= due.at:
        return Timing(early=due.usual - told)
    if told <= due.at + grace:
        return Timing(note="within the minutes of grace")
    days = _started_days(told - grace, due)
    left = max(0, late.free_days - used)
    if late.free_days_most is not None:
        left = min(left, late.free_days_most)
    free = min(left, days)
    after = told - grace - border(due, free)
    is_closed = late.closes_after_days is not None and days > late.closes_after_days
    units = days - free if late.per == "day" else max(0, math.ceil(after / HOUR))
    return Timing(units, free, is_closed=is_closed, note=f"{count(days, 'day')} late")


def _told(at: str, zone: tzinfo) -> datetime | None:
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return moment(found, zone, False)


def _started_days(at: datetime, due: Due) -> int:
    """Return how many days after the due date have started at an instant behind it."""
    days = max(1, (at - due.at).days - 1)  # surely started: a day has 25 hours at most
    while border(due, days) < at:
        days += 1
    return days


def worth(amount: float, late: Late, raw: float, possible: float) -> float:
    """Return what an amount in the unit of `of` is in points."""
    base = {"maximum": possible / 100, "earned": raw / 100, "points": 1.0}[late.of]
    return amount * base


def taken_off(timed: Timing, late: Late, raw: float, possible: float) -> float:
    """Return the points that are taken off, never more than there are."""
    if timed.is_closed:
        return raw
    amount = timed.units * late.penalty
    if late.most is not None:
        amount = min(amount, late.most)
    return min(raw, worth(amount, late, raw, possible))


def added(timed: Timing, late: Late, raw: float, possible: float) -> float:
    """Return the points for handing in early: of all that fit, the highest."""
    early = timed.early
    fits = [e.bonus for e in late.early if early is not None and early >= timedelta(hours=e.hours)]
    return worth(max(fits, default=0.0), late, raw, possible)


def sentence(timed: Timing, due: Due | None, late: Late, off: float, more: float) -> str:
    """Return why a score differs from what was earned, "" if nothing was to be said."""
    parts = [part for part in (due.note if due else "", timed.note) if part]
    if timed.free_days:
        parts.append(f"{count(timed.free_days, 'free late day')} used")
    if timed.is_closed:
        parts.append("handed in after it closed")
    if off:
        parts.append(f"{points(off)} points off{_how(timed, late)}")
    if more:
        parts.append(f"{points(more)} points more for handing in early")
    return "; ".join(parts)


def _how(timed: Timing, late: Late) -> str:
    if timed.is_closed:
        return ""
    of = {"maximum": " % of all points", "earned": " % of what was earned", "points": ""}[late.of]
    amount = timed.units * late.penalty
    if late.most is not None and amount > late.most:
        return f" ({points(late.most)}{of}, the most there is)"
    return f" ({points(late.penalty)}{of} for each of {count(timed.units, f'started {late.per}')})"
