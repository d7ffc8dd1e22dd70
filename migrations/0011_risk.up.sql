-- Risk: rules as data, what they said about each movement of money, and reviews by officers.

-- What the rules said when the movement was decided: 0 allow, 1000 review, 2000 block, and the score of 0 to 100 added. Null
-- where no rule looked at it. The payload, which the wallets' hash chains cover, says the same with its reasons.
ALTER TABLE journal ADD COLUMN risk smallint;
-- The lists of assessments: all of them, and the few that were not just allowed.
CREATE INDEX journal_risk ON journal (id) WHERE risk IS NOT NULL;
CREATE INDEX journal_risk_held ON journal (id) WHERE risk >= 1000;

-- What was judged stays as it was said, also against a slip of whoever has the database. Insertions pay nothing for it; the
-- one who deletes such rows is a shard's move, which has them elsewhere by then.
CREATE FUNCTION journal_risk_is_for_good_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('dompet.moves_shard', true) = 'on' THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'what was said about risks stays on record';
END $$;
CREATE TRIGGER journal_risk_for_good BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW WHEN (OLD.risk IS NOT NULL) EXECUTE FUNCTION journal_risk_is_for_good_v1();

-- Sagas that wait for an officer (state 6) are open too.
DROP INDEX saga_open, saga_open_id;
CREATE INDEX saga_open ON saga (source_shard, id) WHERE state IN (1, 2, 6);
CREATE INDEX saga_open_id ON saga (id) WHERE state IN (1, 2, 6);

-- The rules, in database 0, replaced as a whole: the newest version counts, and all that ever were stay. Nodes hear of a
-- new one on the channel dompet_risk, and look twice a second.
CREATE TABLE risk_rule_set (
    version         bigint PRIMARY KEY,
    review_from     smallint CHECK (review_from BETWEEN 1 AND 100),
    block_from      smallint CHECK (block_from BETWEEN 1 AND 100),
    changed_at      timestamptz NOT NULL DEFAULT now(),
    changed_by      text NOT NULL DEFAULT ''
);
INSERT INTO risk_rule_set (version) VALUES (1);

CREATE TABLE risk_rule (
    version         bigint NOT NULL REFERENCES risk_rule_set,
    place           smallint NOT NULL,
    id              text NOT NULL,
    name            text NOT NULL,
    -- The numbers of domain/risk.hpp.
    kind            smallint NOT NULL CHECK (kind BETWEEN 1 AND 7),
    enabled         boolean NOT NULL,
    -- ISO 4217's number; null for any.
    currency        smallint,
    -- Numbers of transaction kinds; empty for all.
    kinds           smallint[] NOT NULL DEFAULT '{}',
    amount          bigint NOT NULL DEFAULT 0,
    count           bigint NOT NULL DEFAULT 0,
    window_ms       bigint NOT NULL DEFAULT 0,
    parties         uuid[] NOT NULL DEFAULT '{}',
    score           smallint NOT NULL CHECK (score BETWEEN 0 AND 100),
    action          smallint NOT NULL CHECK (action BETWEEN 0 AND 2),
    PRIMARY KEY (version, place),
    UNIQUE (version, id)
);
-- A first set to begin with: none of it acts before somebody enables it.
INSERT INTO risk_rule (version, place, id, name, kind, enabled, currency, amount, count, window_ms, score, action) VALUES
    (1, 1, 'limit-50jt', 'Limit > 50jt', 1, false, 360, 5000000000, 0, 0, 100, 2),
    (1, 2, 'transaksi-besar-10jt', 'Transaksi Besar > 10jt', 1, false, 360, 1000000000, 0, 0, 50, 0),
    (1, 3, 'below-minimum', 'Below 1,000 IDR', 2, false, 360, 100000, 0, 0, 100, 2),
    (1, 4, 'above-maximum', 'Above 1,000,000,000 IDR', 1, false, 360, 100000000000, 0, 0, 100, 2),
    (1, 5, 'same-party', 'Both sides belong to one party', 3, false, NULL, 0, 0, 0, 100, 2),
    (1, 6, 'velocity-200-a-minute', 'More than 200 movements a minute', 4, false, NULL, 0, 200, 60000, 80, 1);

-- Questions to the rules that moved no money. Only ever added to.
CREATE TABLE risk_check (
    id              uuid PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT now(),
    who             text NOT NULL,
    wallet          uuid NOT NULL,
    -- Whose that is; null for nobody's.
    owner           uuid,
    destination     uuid,
    kind            smallint NOT NULL,
    currency        smallint NOT NULL,
    amount          bigint NOT NULL,
    score           smallint NOT NULL,
    action          smallint NOT NULL,
    -- [{"rule":…,"text":…}]
    reasons         jsonb NOT NULL,
    rules_version   bigint NOT NULL
);
CREATE INDEX risk_check_wallet ON risk_check (wallet, id);

CREATE FUNCTION risk_is_for_good_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was said about risks stays on record';
END $$;
CREATE TRIGGER risk_check_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON risk_check
    FOR EACH STATEMENT EXECUTE FUNCTION risk_is_for_good_v1();
CREATE TRIGGER risk_rule_set_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON risk_rule_set
    FOR EACH STATEMENT EXECUTE FUNCTION risk_is_for_good_v1();
CREATE TRIGGER risk_rule_for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON risk_rule
    FOR EACH STATEMENT EXECUTE FUNCTION risk_is_for_good_v1();

UPDATE role SET permissions = permissions || '{risk:read}' WHERE name IN ('viewer', 'support');
UPDATE role SET permissions = permissions || '{risk:read,risk:score}' WHERE name = 'operator';
UPDATE role SET permissions = permissions || '{risk:read,risk:score,risk:decide}' WHERE name = 'approver';

-- A program that does not know the new column would write rows that lie about it, so its way to write goes.
DROP FUNCTION commit_batch_v2;

-- The one way to change money: a batch of records and what is kept beside them, all or nothing, in one call.
-- SQLSTATE DP001: fenced, nothing was written. DP002: a saga or decision is not as the batch expects.
CREATE FUNCTION commit_batch_v3(
    p_incarnation uuid, p_fence bigint, p_batch bigint, p_at timestamptz,
    -- journal
    j_shard smallint[], j_shard_seq bigint[], j_epoch bigint[], j_kind smallint[], j_currency smallint[], j_amount bigint[],
    j_id uuid[], j_key uuid[], j_wallet uuid[], j_wallet_seq bigint[], j_peer uuid[], j_peer_seq bigint[], j_payload bytea[],
    j_parent uuid[], j_risk smallint[],
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
                         payload, parent, risk, batch, at)
    SELECT r.*, p_batch, p_at
      FROM unnest(j_shard, j_shard_seq, j_epoch, j_kind, j_currency, j_amount, j_id, j_key, j_wallet, j_wallet_seq,
                  j_peer, j_peer_seq, j_payload, j_parent, j_risk) AS r;

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
