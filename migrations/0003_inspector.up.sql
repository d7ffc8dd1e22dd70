-- The saga inspector: what operators write beside a transfer, what became of its messages, and indexes for its lists.
-- Nothing here decides about money, and no commit lane writes or waits for any of it.

CREATE TABLE saga_note (
    id              uuid PRIMARY KEY,
    saga            uuid NOT NULL,
    at              timestamptz NOT NULL DEFAULT now(),
    who             text NOT NULL,
    text            text NOT NULL
);
CREATE INDEX saga_note_saga ON saga_note (saga, id);

-- What operators stuck on a transfer. A pause is in the coordinator's memory and ends with its tenure, so it is true only
-- while the source's shard still has the epoch that it was given under.
CREATE TABLE saga_mark (
    saga            uuid PRIMARY KEY,
    label           text NOT NULL DEFAULT '',
    assignee        text NOT NULL DEFAULT '',
    pinned          boolean NOT NULL DEFAULT false,
    paused_by       text NOT NULL DEFAULT '',
    paused_at       timestamptz,
    paused_epoch    bigint NOT NULL DEFAULT 0
);
CREATE INDEX saga_mark_label ON saga_mark (label, saga) WHERE label <> '';
CREATE INDEX saga_mark_assignee ON saga_mark (assignee, saga) WHERE assignee <> '';

-- Filters that operators saved for each other.
CREATE TABLE saga_view (
    name            text PRIMARY KEY,
    filter          jsonb NOT NULL,
    saved_at        timestamptz NOT NULL DEFAULT now()
);

-- Messages to destinations, of transfers that needed more than one.
CREATE TABLE saga_attempt (
    saga            uuid NOT NULL,
    number          integer NOT NULL,
    cancel          boolean NOT NULL,
    at              timestamptz NOT NULL,
    took_ms         bigint,
    node            text NOT NULL,
    answer          text NOT NULL,
    PRIMARY KEY (saga, number, at)
);

-- Their sum, one row a transfer: for lists. Not in `saga`, whose rows the lanes lock.
CREATE TABLE saga_progress (
    saga            uuid PRIMARY KEY,
    attempts        integer NOT NULL,
    last_error      text NOT NULL,
    last_node       text NOT NULL,
    last_at         timestamptz NOT NULL,
    -- Since when the answer has been this one.
    error_since     timestamptz NOT NULL
) WITH (fillfactor = 70);

-- All open ones, newest and oldest first. Small, however large the table grows.
CREATE INDEX saga_open_id ON saga (id) WHERE state IN (1, 2);
-- All of a wallet's.
CREATE INDEX saga_source ON saga (source, id);
CREATE INDEX saga_destination ON saga (destination, id);

-- Which transfer an audited action was about.
ALTER TABLE audit ADD COLUMN saga uuid;
CREATE INDEX audit_saga ON audit (saga, id) WHERE saga IS NOT NULL;
