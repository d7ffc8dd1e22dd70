-- What is under review cannot be read by the program before: let officers decide first.
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM saga WHERE state = 6) THEN
        RAISE EXCEPTION 'transactions are under review; approve or reject them first';
    END IF;
END $$;
DROP FUNCTION commit_batch_v3;
UPDATE role SET permissions = ARRAY(SELECT p FROM unnest(permissions) WITH ORDINALITY AS u (p, place)
                                     WHERE p NOT LIKE 'risk:%' ORDER BY place);
DROP TABLE risk_check, risk_rule, risk_rule_set;
DROP FUNCTION risk_is_for_good_v1;
DROP INDEX saga_open, saga_open_id;
CREATE INDEX saga_open ON saga (source_shard, id) WHERE state IN (1, 2);
CREATE INDEX saga_open_id ON saga (id) WHERE state IN (1, 2);
DROP TRIGGER journal_risk_for_good ON journal;
DROP FUNCTION journal_risk_is_for_good_v1;
DROP INDEX journal_risk_held, journal_risk;
ALTER TABLE journal DROP COLUMN risk;

-- The one way to change money: a batch of records and what is kept beside them, all or nothing, in one call.
-- SQLSTATE DP001: fenced, nothing was written. DP002: a saga or decision is not as the batch expects.
CREATE FUNCTION commit_batch_v2(
    p_incarnation uuid, p_fence bigint, p_batch bigint, p_at timestamptz,
    -- journal
    j_shard smallint[], j_shard_seq bigint[], j_epoch bigint[], j_kind smallint[], j_currency smallint[], j_amount bigint[],
    j_id uuid[], j_key uuid[], j_wallet uuid[], j_wallet_seq bigint[], j_peer uuid[], j_peer_seq bigint[], j_payload bytea[],
    j_parent uuid[],
    -- wallet rows to write anew
    w_id uuid[], w_shard smallint[], w_currency smallint[], w_name text[], w_status text[], w_owner uuid[],
    -- additions to totals
    t_shard smallint[], t_account text[], t_amount bigint[],
    -- snapshots
    s_wallet uuid[], s_seq bigint[], s_state bytea[],
    -- sagas: begun (expected state 0) or advanced from an expected state
    g_id uuid[], g_expected smallint[], g_state smallint[], g_source_shard smallint[], g_destination_shard smallint[],
    g_source uuid[], g_destination uuid[], g_amount bigint[], g_currency smallint[], g_kind smallint[],
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
                         payload, parent, batch, at)
    SELECT r.*, p_batch, p_at
      FROM unnest(j_shard, j_shard_seq, j_epoch, j_kind, j_currency, j_amount, j_id, j_key, j_wallet, j_wallet_seq,
                  j_peer, j_peer_seq, j_payload, j_parent) AS r;

    IF cardinality(w_id) > 0 THEN
        INSERT INTO wallet (id, shard, currency, name, status, owner, opened_at)
        SELECT DISTINCT ON (r.id) r.id, r.shard, r.currency, r.name, r.status, r.owner, p_at
          FROM unnest(w_id, w_shard, w_currency, w_name, w_status, w_owner) WITH ORDINALITY
               AS r (id, shard, currency, name, status, owner, place)
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
        INSERT INTO saga (id, source_shard, destination_shard, state, source, destination, amount, currency, kind,
                          created_at, updated_at)
        SELECT r.id, r.source_shard, r.destination_shard, r.state, r.source, r.destination, r.amount, r.currency, r.kind,
               p_at, p_at
          FROM unnest(g_id, g_expected, g_state, g_source_shard, g_destination_shard, g_source, g_destination, g_amount,
                      g_currency, g_kind) AS r (id, expected, state, source_shard, destination_shard, source, destination,
                      amount, currency, kind)
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
