-- The ledger: who owns which shard, the journal, and what is kept beside it in the same commit.

-- One row: what is frozen when a ledger is created.
CREATE TABLE ledger (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    shard_count     smallint NOT NULL CHECK (shard_count BETWEEN 1 AND 4096),
    -- Which PostgreSQL cluster the ledger was last served from; a change fences every lane (protocol 5.2).
    system_identifier text NOT NULL DEFAULT '',
    timeline        integer NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now()
);
INSERT INTO ledger (shard_count) VALUES (64);

-- One row a start of a process.
CREATE TABLE node (
    incarnation     uuid PRIMARY KEY,
    name            text NOT NULL,
    http_address    text NOT NULL DEFAULT '',
    heartbeat       bigint NOT NULL DEFAULT 0,
    state           text NOT NULL DEFAULT 'up' CHECK (state IN ('up', 'draining', 'expired', 'left')),
    build           text NOT NULL DEFAULT '',
    started_at      timestamptz NOT NULL DEFAULT now()
);

-- One row a lane. Every commit shares this row's lock and compares its number; whoever takes a shard away from the
-- lane adds one first. One lock a batch then fences all of the lane's shards (docs/decisions/0002).
CREATE TABLE lane_fence (
    incarnation     uuid PRIMARY KEY REFERENCES node,
    fence           bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 50);

CREATE TABLE shard (
    shard           smallint PRIMARY KEY,
    owner           uuid REFERENCES node,
    epoch           bigint NOT NULL DEFAULT 0,
    target          uuid REFERENCES node,
    database_id     smallint NOT NULL DEFAULT 0
);
INSERT INTO shard (shard) SELECT generate_series(0, 63);

-- The truth. One row a record: a whole transaction wherever that is possible (docs/decisions/0001).
-- `wallet`/`wallet_seq` is the first leg, `peer`/`peer_seq` the second. A declined request has no leg: its `wallet` is
-- the one that declined, `wallet_seq` the state that it was declined on.
CREATE TABLE journal (
    shard           smallint NOT NULL,
    kind            smallint NOT NULL,
    currency        smallint NOT NULL,
    shard_seq       bigint NOT NULL,
    epoch           bigint NOT NULL,
    batch           bigint NOT NULL,
    at              timestamptz NOT NULL,
    amount          bigint NOT NULL,
    wallet_seq      bigint,
    peer_seq        bigint,
    id              uuid NOT NULL,
    key             uuid,
    wallet          uuid,
    peer            uuid,
    payload         bytea NOT NULL,
    PRIMARY KEY (shard, shard_seq)
);
ALTER TABLE journal ALTER COLUMN payload SET STORAGE EXTERNAL;
-- Rows are only ever added: there is nothing to vacuum but the freezing of old rows, which may wait for millions of them.
ALTER TABLE journal SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 5000000,
                         autovacuum_analyze_scale_factor = 0.5);
-- Ids carry the time, so this index grows at its right end; it serves look-ups, lists and the decision register.
CREATE INDEX journal_id ON journal (id);
CREATE UNIQUE INDEX journal_key ON journal (key) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX journal_wallet ON journal (wallet, wallet_seq) WHERE kind <> 4;
CREATE UNIQUE INDEX journal_peer ON journal (peer, peer_seq) WHERE peer_seq IS NOT NULL;
CREATE INDEX journal_declined ON journal (wallet, wallet_seq, id) WHERE kind = 4;

-- Small facts about every wallet, for lists and look-ups; balances are not here.
CREATE TABLE wallet (
    id              uuid PRIMARY KEY,
    shard           smallint NOT NULL,
    currency        smallint NOT NULL,
    name            text NOT NULL,
    status          text NOT NULL,
    opened_at       timestamptz NOT NULL
);

CREATE TABLE snapshot (
    wallet          uuid NOT NULL,
    seq             bigint NOT NULL,
    state           bytea NOT NULL,
    PRIMARY KEY (wallet, seq)
);

-- Transfers whose three steps were committed one by one. A transfer in one record has its whole story in the journal.
CREATE TABLE saga (
    id              uuid PRIMARY KEY,
    source_shard    smallint NOT NULL,
    destination_shard smallint NOT NULL,
    state           smallint NOT NULL,
    source          uuid NOT NULL,
    destination     uuid NOT NULL,
    amount          bigint NOT NULL,
    currency        smallint NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    last_error      text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX saga_open ON saga (source_shard, id) WHERE state IN (1, 2);

-- The decision register: written once by the destination's shard, never changed.
CREATE TABLE decision (
    id              uuid PRIMARY KEY,
    shard           smallint NOT NULL,
    outcome         smallint NOT NULL CHECK (outcome IN (1, 2)),
    reason          smallint NOT NULL DEFAULT 0,
    wallet          uuid NOT NULL,
    amount          bigint NOT NULL,
    currency        smallint NOT NULL,
    decided_at      timestamptz NOT NULL
);

-- What one shard sent to and got from another by such transfers, per currency.
CREATE TABLE transit (
    shard           smallint NOT NULL,
    peer_shard      smallint NOT NULL,
    currency        smallint NOT NULL,
    out_total       bigint NOT NULL DEFAULT 0,
    in_total        bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (shard, peer_shard, currency)
) WITH (fillfactor = 70);

-- Totals of the accounts that no wallet owns, by the shard that booked them: their sum is the trial balance.
CREATE TABLE system_total (
    shard           smallint NOT NULL,
    account         text NOT NULL,
    -- Wider than any amount: a total that overflowed would refuse the innocent.
    total           numeric(38) NOT NULL,
    PRIMARY KEY (shard, account)
) WITH (fillfactor = 70);

CREATE TABLE audit (
    id              uuid PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT now(),
    who             text NOT NULL,
    what            text NOT NULL,
    why             text NOT NULL,
    evidence        jsonb NOT NULL DEFAULT '{}'
);

-- Takes shards for `p_me`, all or none, each only while its epoch is the one that was read. Whoever owned them can
-- commit nothing any more once this returns: the update of his fence waits for his running commit and fails his next.
CREATE FUNCTION acquire_shards_v1(p_me uuid, p_shards smallint[], p_epochs bigint[])
RETURNS TABLE (taken smallint, new_epoch bigint) LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM 1 FROM lane_fence f
     WHERE f.incarnation = p_me
        OR f.incarnation IN (SELECT s.owner FROM shard s WHERE s.shard = ANY (p_shards))
     ORDER BY f.incarnation FOR UPDATE;
    UPDATE lane_fence f SET fence = f.fence + 1
     WHERE f.incarnation = p_me
        OR f.incarnation IN (SELECT s.owner FROM shard s WHERE s.shard = ANY (p_shards));
    UPDATE shard s SET owner = p_me, epoch = s.epoch + 1, target = NULL
      FROM unnest(p_shards, p_epochs) AS wanted (shard, epoch)
     WHERE s.shard = wanted.shard AND s.epoch = wanted.epoch;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed <> cardinality(p_shards) THEN
        RAISE EXCEPTION 'another node took % of % shards first', cardinality(p_shards) - changed, cardinality(p_shards)
            USING ERRCODE = 'DP001';
    END IF;
    RETURN QUERY SELECT s.shard, s.epoch FROM shard s WHERE s.shard = ANY (p_shards) ORDER BY s.shard;
END $$;

-- The one way to change money: a batch of records and what is kept beside them, all or nothing, in one call.
-- SQLSTATE DP001: fenced, nothing was written. DP002: a saga or decision is not as the batch expects.
CREATE FUNCTION commit_batch_v1(
    p_incarnation uuid, p_fence bigint, p_batch bigint, p_at timestamptz,
    -- journal
    j_shard smallint[], j_shard_seq bigint[], j_epoch bigint[], j_kind smallint[], j_currency smallint[], j_amount bigint[],
    j_id uuid[], j_key uuid[], j_wallet uuid[], j_wallet_seq bigint[], j_peer uuid[], j_peer_seq bigint[], j_payload bytea[],
    -- wallet rows to write anew
    w_id uuid[], w_shard smallint[], w_currency smallint[], w_name text[], w_status text[],
    -- additions to totals
    t_shard smallint[], t_account text[], t_amount bigint[],
    -- snapshots
    s_wallet uuid[], s_seq bigint[], s_state bytea[],
    -- sagas: begun (expected state 0) or advanced from an expected state
    g_id uuid[], g_expected smallint[], g_state smallint[], g_source_shard smallint[], g_destination_shard smallint[],
    g_source uuid[], g_destination uuid[], g_amount bigint[], g_currency smallint[],
    -- decisions
    d_id uuid[], d_shard smallint[], d_outcome smallint[], d_reason smallint[], d_wallet uuid[], d_amount bigint[],
    d_currency smallint[],
    -- additions to transit
    x_shard smallint[], x_peer_shard smallint[], x_currency smallint[], x_out bigint[], x_in bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM 1 FROM lane_fence f WHERE f.incarnation = p_incarnation AND f.fence = p_fence FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lane is fenced' USING ERRCODE = 'DP001';
    END IF;

    INSERT INTO journal (shard, shard_seq, epoch, kind, currency, amount, id, key, wallet, wallet_seq, peer, peer_seq,
                         payload, batch, at)
    SELECT r.*, p_batch, p_at
      FROM unnest(j_shard, j_shard_seq, j_epoch, j_kind, j_currency, j_amount, j_id, j_key, j_wallet, j_wallet_seq,
                  j_peer, j_peer_seq, j_payload) AS r;

    IF cardinality(w_id) > 0 THEN
        INSERT INTO wallet (id, shard, currency, name, status, opened_at)
        SELECT DISTINCT ON (r.id) r.id, r.shard, r.currency, r.name, r.status, p_at
          FROM unnest(w_id, w_shard, w_currency, w_name, w_status) WITH ORDINALITY
               AS r (id, shard, currency, name, status, place)
         ORDER BY r.id, r.place DESC
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status;
    END IF;

    IF cardinality(t_shard) > 0 THEN
        INSERT INTO system_total AS t (shard, account, total)
        SELECT r.* FROM unnest(t_shard, t_account, t_amount) AS r (shard, account, amount) ORDER BY 1, 2
        ON CONFLICT (shard, account) DO UPDATE SET total = t.total + excluded.total;
    END IF;

    IF cardinality(s_wallet) > 0 THEN
        INSERT INTO snapshot (wallet, seq, state) SELECT * FROM unnest(s_wallet, s_seq, s_state)
        ON CONFLICT (wallet, seq) DO NOTHING;
        DELETE FROM snapshot old USING unnest(s_wallet) AS fresh (wallet)
         WHERE old.wallet = fresh.wallet
           AND old.seq < (SELECT max(seq) FROM (SELECT seq FROM snapshot s WHERE s.wallet = fresh.wallet
                                                 ORDER BY seq DESC OFFSET 1 LIMIT 1) AS second);
    END IF;

    IF cardinality(g_id) > 0 THEN
        INSERT INTO saga (id, source_shard, destination_shard, state, source, destination, amount, currency,
                          created_at, updated_at)
        SELECT r.id, r.source_shard, r.destination_shard, r.state, r.source, r.destination, r.amount, r.currency, p_at, p_at
          FROM unnest(g_id, g_expected, g_state, g_source_shard, g_destination_shard, g_source, g_destination, g_amount,
                      g_currency) AS r (id, expected, state, source_shard, destination_shard, source, destination, amount,
                      currency)
         WHERE r.expected = 0;
        -- A saga that advances twice in one batch goes from its first expected state to its last one.
        UPDATE saga SET state = r.state, updated_at = p_at
          FROM (SELECT a.id, (array_agg(a.expected ORDER BY a.place))[1] AS expected,
                       (array_agg(a.state ORDER BY a.place DESC))[1] AS state
                  FROM unnest(g_id, g_expected, g_state) WITH ORDINALITY AS a (id, expected, state, place)
                 WHERE a.expected <> 0 GROUP BY a.id) AS r
         WHERE saga.id = r.id AND saga.state = r.expected;
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF changed <> (SELECT count(DISTINCT a.id) FROM unnest(g_id, g_expected) AS a (id, expected)
                        WHERE a.expected <> 0) THEN
            RAISE EXCEPTION 'a saga is not in the state that memory expects' USING ERRCODE = 'DP002';
        END IF;
    END IF;

    IF cardinality(d_id) > 0 THEN
        INSERT INTO decision (id, shard, outcome, reason, wallet, amount, currency, decided_at)
        SELECT r.*, p_at FROM unnest(d_id, d_shard, d_outcome, d_reason, d_wallet, d_amount, d_currency) AS r;
    END IF;

    IF cardinality(x_shard) > 0 THEN
        INSERT INTO transit AS t (shard, peer_shard, currency, out_total, in_total)
        SELECT r.* FROM unnest(x_shard, x_peer_shard, x_currency, x_out, x_in) AS r (a, b, c, d, e) ORDER BY 1, 2, 3
        ON CONFLICT (shard, peer_shard, currency)
        DO UPDATE SET out_total = t.out_total + excluded.out_total, in_total = t.in_total + excluded.in_total;
    END IF;
END $$;
