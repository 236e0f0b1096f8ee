"""The tables of class.sqlite, as docs/class.md explains them.

LATER came after the first form, and is made where it lacks; so are the tables of decisions, which
stand with the module that uses them.
"""

from __future__ import annotations

from grader.course import decisions

NAME = "class.sqlite"
VERSION = 1
SCHEMA = """
CREATE TABLE student (
    number INTEGER PRIMARY KEY,
    folder TEXT NOT NULL UNIQUE,       -- reports/FOLDER/
    id TEXT NOT NULL, login TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL,
    "group" TEXT NOT NULL DEFAULT '',
    forgotten INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE forgotten (who TEXT PRIMARY KEY) STRICT;  -- hashes of ids that are not to come back
CREATE TABLE attempt (
    number INTEGER PRIMARY KEY,
    place TEXT NOT NULL,               -- where it lay in the source
    name TEXT NOT NULL,                -- what was handed in was called
    at TEXT NOT NULL,                  -- when, ISO 8601, '' if the source does not tell
    late INTEGER,                      -- as the source marks it, NULL if it does not
    upload TEXT,                       -- sha256 of submissions/UPLOAD.zip, NULL if there is none
    problem TEXT NOT NULL,             -- why nothing of it can be graded, '' if something can
    generation TEXT NOT NULL DEFAULT ''  -- the rubric whose marks are in the files
) STRICT;
CREATE TABLE handed_in (               -- a group hands in one attempt for all
    attempt INTEGER NOT NULL REFERENCES attempt, student INTEGER NOT NULL REFERENCES student,
    turn INTEGER NOT NULL,             -- 1, 2, ...: which attempt of the student
    shown TEXT NOT NULL DEFAULT '',    -- the hash of what its pages were made from
    PRIMARY KEY (student, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE result (
    key TEXT PRIMARY KEY,              -- results/KE/KEY.zip
    upload TEXT NOT NULL, policy TEXT NOT NULL,  -- whose hash the key is
    status TEXT NOT NULL,              -- graded, refused (why says what is wrong), fault (ours)
    why TEXT NOT NULL, earned REAL NOT NULL, possible REAL NOT NULL, pending REAL NOT NULL,
    bonus REAL NOT NULL,
    items TEXT NOT NULL,               -- JSON: [id, status, earned, possible, cause, because of]
    cases TEXT NOT NULL,               -- JSON, for staff: [case, outcome, hash of wrong numbers]
    flags TEXT NOT NULL,               -- JSON, for staff: [kind, message]
    other_rubric TEXT NOT NULL,        -- the rubric whose marks are in the files, if it is another
    wall_s REAL NOT NULL, cpu_s REAL NOT NULL
) STRICT;
CREATE TABLE decides (                 -- what decides an item: cases, golden answers, rule
    policy TEXT NOT NULL, item TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (policy, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX handed_in_attempt ON handed_in (attempt);
CREATE INDEX attempt_upload ON attempt (upload);
CREATE INDEX result_upload ON result (upload);
"""
LATER = """
CREATE TABLE IF NOT EXISTS generation (
    number INTEGER PRIMARY KEY,
    policy TEXT NOT NULL, rubric TEXT NOT NULL, golden TEXT NOT NULL, version TEXT NOT NULL,
    common TEXT NOT NULL,              -- the hash of what all items share
    at TEXT NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL,
    before INTEGER,                    -- the one that counted when this one was applied
    counts INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS exception (
    generation INTEGER NOT NULL, student INTEGER NOT NULL, attempt INTEGER NOT NULL,
    key TEXT NOT NULL, PRIMARY KEY (generation, student, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS published (  -- the one whose pages are written, once all of them are
    generation INTEGER PRIMARY KEY
) STRICT;
CREATE TABLE IF NOT EXISTS source (    -- which kinds of sources were read
    kind TEXT PRIMARY KEY
) STRICT;
CREATE TABLE IF NOT EXISTS facts (     -- what the page of a class reads of a result, once
    key TEXT PRIMARY KEY, facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
SCHEMAS = (decisions.SCHEMA, LATER)
