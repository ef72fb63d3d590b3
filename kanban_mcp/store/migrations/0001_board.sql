-- The board. One file is one board. Times: *_ms are epoch milliseconds, *_mono_ms and leases the monotonic clock of
-- one boot. The CHECKs repeat the rules of domain/states.py, so that no code path, ours or foreign, can store a lie.

CREATE TABLE board (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    board_key     TEXT NOT NULL,                 -- random; ties operator key and folders to this very board
    operator_hash TEXT,                          -- SHA-256 of the operator key, NULL until `init` made one
    paused        INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    created_at_ms INTEGER NOT NULL
) STRICT;
INSERT INTO board (id, board_key, created_at_ms)
VALUES (1, lower(hex(randomblob(16))), CAST(strftime('%s', 'now') AS INTEGER) * 1000);

CREATE TABLE workers (
    id            INTEGER PRIMARY KEY,
    key           TEXT NOT NULL UNIQUE,          -- host, boot and session, or the server process
    name          TEXT NOT NULL,
    session       TEXT,
    several       INTEGER NOT NULL DEFAULT 0 CHECK (several IN (0, 1)),  -- two runs were held at a time: ids required
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE tasks (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    title           TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    context         TEXT NOT NULL DEFAULT '',
    assignee        TEXT NOT NULL DEFAULT '',    -- a role; '' means any writing role
    priority        INTEGER NOT NULL DEFAULT 2 CHECK (priority BETWEEN 0 AND 3),
    state           TEXT NOT NULL CHECK (state IN ('triage', 'pending', 'ready', 'in_progress', 'awaiting_review',
                                                   'blocked', 'done', 'failed', 'cancelled')),
    kind            TEXT NOT NULL DEFAULT '',
    run_id          INTEGER REFERENCES runs (id),
    waits_after     INTEGER NOT NULL DEFAULT 0 CHECK (waits_after >= 0),     -- `after` parents not done
    waits_subtasks  INTEGER NOT NULL DEFAULT 0 CHECK (waits_subtasks >= 0),  -- own subtasks not done or cancelled
    held            INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1)),       -- all `part_of` parents are held back
    unmet           INTEGER GENERATED ALWAYS AS (waits_after + waits_subtasks + held) STORED,
    due_at_ms       INTEGER,
    blocked         TEXT,                        -- JSON {reason, options, default, until, run} of the open question
    person_only     INTEGER NOT NULL DEFAULT 0 CHECK (person_only IN (0, 1)),
    counted         INTEGER NOT NULL DEFAULT 0 CHECK (counted >= 0),         -- attempts used
    allowed         INTEGER NOT NULL CHECK (allowed >= 1),                   -- attempts granted in all
    max_attempts    INTEGER NOT NULL CHECK (max_attempts BETWEEN 1 AND 100), -- what one retry grants
    snoozes         INTEGER NOT NULL DEFAULT 0 CHECK (snoozes >= 0),
    blocks          INTEGER NOT NULL DEFAULT 0 CHECK (blocks >= 0),
    agent_retries   INTEGER NOT NULL DEFAULT 0 CHECK (agent_retries >= 0),
    made_subtasks   INTEGER NOT NULL DEFAULT 0 CHECK (made_subtasks >= 0),   -- subtasks made by its runs, ever
    made_tasks      INTEGER NOT NULL DEFAULT 0 CHECK (made_tasks >= 0),      -- tasks made by its runs, ever
    acceptance      TEXT NOT NULL DEFAULT '[]',
    verify          TEXT NOT NULL DEFAULT '' CHECK (verify IN ('', 'verifier')),
    review          TEXT NOT NULL DEFAULT '' CHECK (review IN ('', 'human')),
    reopened_base   INTEGER NOT NULL DEFAULT 0 CHECK (reopened_base IN (0, 1)),  -- built on reopened work
    revision        INTEGER NOT NULL DEFAULT 1,  -- edits of title, context, acceptance; approvals are bound to it
    created_by      TEXT NOT NULL,
    made_by_worker  INTEGER REFERENCES workers (id),
    made_by_run     INTEGER REFERENCES runs (id),
    created_at_ms   INTEGER NOT NULL,
    updated_at_ms   INTEGER NOT NULL,
    ended_at_ms     INTEGER,
    archived_at_ms  INTEGER,
    CHECK (kind IN (CASE state WHEN 'awaiting_review' THEN 'asking' WHEN 'blocked' THEN 'needs_input' ELSE '' END,
                    CASE state WHEN 'awaiting_review' THEN 'parked' WHEN 'blocked' THEN 'capability' ELSE '' END,
                    CASE state WHEN 'awaiting_review' THEN 'review' WHEN 'blocked' THEN 'needs_input' ELSE '' END)),
    CHECK ((run_id IS NOT NULL) = (state = 'in_progress' OR kind = 'asking')),
    CHECK (state <> 'ready' OR unmet = 0),
    CHECK (state <> 'pending' OR unmet > 0),
    CHECK ((ended_at_ms IS NOT NULL) = (state IN ('done', 'failed', 'cancelled'))),
    CHECK (archived_at_ms IS NULL OR ended_at_ms IS NOT NULL)
) STRICT;

CREATE INDEX tasks_ready ON tasks (assignee, priority, id) WHERE state = 'ready';
CREATE INDEX tasks_live ON tasks (state, priority, id)
    WHERE state IN ('triage', 'pending', 'ready', 'in_progress', 'awaiting_review', 'blocked', 'failed');
CREATE INDEX tasks_ended ON tasks (state, id) WHERE state IN ('done', 'cancelled');

CREATE TABLE state_counts (
    state TEXT PRIMARY KEY,
    n     INTEGER NOT NULL DEFAULT 0 CHECK (n >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO state_counts (state)
VALUES ('triage'), ('pending'), ('ready'), ('in_progress'), ('awaiting_review'), ('blocked'), ('done'), ('failed'),
       ('cancelled');
CREATE TRIGGER tasks_counted_in AFTER INSERT ON tasks BEGIN
    UPDATE state_counts SET n = n + 1 WHERE state = new.state;
END;
CREATE TRIGGER tasks_counted_over AFTER UPDATE OF state ON tasks WHEN old.state <> new.state BEGIN
    UPDATE state_counts SET n = n - 1 WHERE state = old.state;
    UPDATE state_counts SET n = n + 1 WHERE state = new.state;
END;
CREATE TRIGGER tasks_stay BEFORE DELETE ON tasks BEGIN
    SELECT RAISE(ABORT, 'tasks are never deleted');
END;

CREATE TABLE links (
    child_id  INTEGER NOT NULL REFERENCES tasks (id),
    parent_id INTEGER NOT NULL REFERENCES tasks (id),
    relation  TEXT NOT NULL CHECK (relation IN ('after', 'part_of')),
    PRIMARY KEY (child_id, parent_id),
    CHECK (child_id <> parent_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_parent ON links (parent_id, relation, child_id);

CREATE TABLE runs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,  -- the fence; never reused
    task_id        INTEGER NOT NULL REFERENCES tasks (id),
    worker_id      INTEGER NOT NULL REFERENCES workers (id),
    attempt        INTEGER NOT NULL CHECK (attempt >= 1),
    role           TEXT NOT NULL DEFAULT '',
    harness        TEXT NOT NULL DEFAULT '',
    session        TEXT,
    pid            INTEGER NOT NULL,                   -- 0: handed over to a process that has not called yet
    pid_started    TEXT NOT NULL,
    host           TEXT NOT NULL,
    boot_id        TEXT NOT NULL,
    client_pid     INTEGER,
    client_started TEXT,
    workdir        TEXT,
    branch         TEXT,
    base           TEXT,
    isolated       INTEGER NOT NULL DEFAULT 0 CHECK (isolated IN (0, 1)),  -- workdir is a worktree of its own
    started_at_ms  INTEGER NOT NULL,
    beat_at_ms     INTEGER NOT NULL,
    lease_until_ms INTEGER NOT NULL,                   -- monotonic clock of lease_boot
    lease_boot     TEXT NOT NULL,
    note           TEXT NOT NULL DEFAULT '',
    seen_message   INTEGER NOT NULL DEFAULT 0,         -- newest message this run has been given
    ended_at_ms    INTEGER,
    outcome        TEXT CHECK (outcome IN ('done', 'submitted', 'failed', 'blocked', 'parked', 'snoozed', 'reclaimed',
                                           'timed_out', 'budget_exceeded', 'unreported', 'cancelled')),
    counted        INTEGER NOT NULL DEFAULT 0 CHECK (counted IN (0, 1)),
    ended_by       TEXT NOT NULL DEFAULT '',           -- '' while open; 'self', or who closed it
    verb           TEXT NOT NULL DEFAULT '',           -- the call that ended it, for a repeated call
    answer         TEXT,                               -- JSON, the first answer of that call
    summary        TEXT,
    metadata       TEXT,
    evidence       TEXT,
    checks         TEXT,
    result_commit  TEXT,
    error          TEXT,
    exit_code      INTEGER,
    log_tail       TEXT,
    tokens         INTEGER NOT NULL DEFAULT 0,
    cost_usd       REAL NOT NULL DEFAULT 0,
    CHECK ((ended_at_ms IS NULL) = (outcome IS NULL)),
    CHECK ((ended_at_ms IS NULL) = (ended_by = ''))
) STRICT;
CREATE UNIQUE INDEX runs_open ON runs (task_id) WHERE ended_at_ms IS NULL;  -- the guard against double claims
CREATE INDEX runs_lease ON runs (lease_boot, lease_until_ms) WHERE ended_at_ms IS NULL;
CREATE INDEX runs_held ON runs (worker_id) WHERE ended_at_ms IS NULL;
CREATE INDEX runs_task ON runs (task_id, id);
CREATE INDEX runs_worker ON runs (worker_id, id);
CREATE TRIGGER runs_stay BEFORE DELETE ON runs BEGIN
    SELECT RAISE(ABORT, 'runs are never deleted');
END;
CREATE TRIGGER runs_stay_ended BEFORE UPDATE OF ended_at_ms, outcome ON runs WHEN old.ended_at_ms IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'a run ends once');
END;

CREATE TABLE approvals (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id       INTEGER NOT NULL REFERENCES tasks (id),
    run_id        INTEGER NOT NULL REFERENCES runs (id),
    summary       TEXT NOT NULL,
    context       TEXT NOT NULL DEFAULT '',
    irreversible  INTEGER NOT NULL DEFAULT 0 CHECK (irreversible IN (0, 1)),
    revision      INTEGER NOT NULL,
    digest        TEXT NOT NULL,                       -- of the exact text asked
    state         TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'expired', 'voided')),
    asked_at_ms   INTEGER NOT NULL,
    park_mono_ms  INTEGER NOT NULL,                    -- parks when the monotonic clock of the run's boot passes it
    expires_at_ms INTEGER NOT NULL,
    decided_at_ms INTEGER,
    decided_by    TEXT,
    note          TEXT NOT NULL DEFAULT '',
    used_by_run   INTEGER REFERENCES runs (id),
    CHECK ((state = 'pending') = (decided_at_ms IS NULL)),
    CHECK (state NOT IN ('approved', 'rejected') OR decided_by IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX approvals_open ON approvals (task_id) WHERE state = 'pending';
CREATE INDEX approvals_expiry ON approvals (expires_at_ms) WHERE state = 'pending';
CREATE INDEX approvals_task ON approvals (task_id, id);
CREATE TRIGGER approvals_stay BEFORE DELETE ON approvals BEGIN
    SELECT RAISE(ABORT, 'approvals are never deleted');
END;
CREATE TRIGGER approvals_decided_once BEFORE UPDATE OF state ON approvals WHEN old.state <> 'pending' BEGIN
    SELECT RAISE(ABORT, 'an approval is decided once');
END;

CREATE TABLE messages (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id   INTEGER NOT NULL REFERENCES tasks (id),
    kind      TEXT NOT NULL CHECK (kind IN ('answer', 'comment', 'decision', 'finding', 'notice')),
    author    TEXT NOT NULL,
    worker_id INTEGER REFERENCES workers (id),
    run_id    INTEGER REFERENCES runs (id),
    re        TEXT NOT NULL DEFAULT '',
    body      TEXT NOT NULL,
    at_ms     INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_task ON messages (task_id, id);

CREATE TABLE events (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER REFERENCES tasks (id),
    run_id  INTEGER REFERENCES runs (id),
    kind    TEXT NOT NULL,
    actor   TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    data    TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX events_task ON events (task_id, id);
CREATE TRIGGER events_stay_as_written BEFORE UPDATE ON events BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;
CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

CREATE TABLE idempotency (
    key    TEXT PRIMARY KEY,
    digest TEXT NOT NULL,                              -- of the request; the same key for another one is refused
    answer TEXT NOT NULL,
    at_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
