-- Several nodes on one ledger, and a ledger in several databases: who is a member, and how shards change hands.

-- Members. `heartbeat` counts renewals and is only ever compared with itself; times are for people.
ALTER TABLE node
    ADD COLUMN internal_address text NOT NULL DEFAULT '',
    ADD COLUMN protocol_min smallint NOT NULL DEFAULT 1,
    ADD COLUMN protocol_max smallint NOT NULL DEFAULT 1,
    ADD COLUMN ended_at timestamptz,
    ADD CHECK (protocol_min <= protocol_max);
-- Every node writes its row once a second.
ALTER TABLE node SET (fillfactor = 50);
CREATE INDEX node_member ON node (incarnation) WHERE state IN ('up', 'draining');
CREATE INDEX node_ended ON node (ended_at) WHERE ended_at IS NOT NULL;

-- Programs before this one served alone and had no heartbeat. One that still runs is fenced when its shards are taken,
-- and cannot take them back: acquire_shards_v1, which asked nobody, goes.
UPDATE node SET state = 'left', ended_at = now() WHERE state IN ('up', 'draining');
DROP FUNCTION acquire_shards_v1;

-- Which of the ledger's databases this one is. Every database has every table; a shard lives in the one whose number
-- its row states, and only there is its row looked at.
ALTER TABLE ledger ADD COLUMN database_id smallint NOT NULL DEFAULT 0 CHECK (database_id >= 0);
ALTER TABLE shard ADD CHECK (database_id >= 0);

-- Why nothing of an old epoch can become durable once one of the three functions below has returned (I1)
--
-- 1. A commit locks its lane's row of lane_fence FOR SHARE, compares the fence, and holds the lock to its end.
-- 2. A shard's owner or epoch changes only in a transaction that holds the former owner's row of lane_fence for itself
--    and adds one to the fence. A shard without an owner got rid of it by such a transaction.
-- 3. A lane learns its fence only from reclaim_shards_v1 and hand_over_v1. When it reads that a shard is its own, under
--    an epoch, the fence in the table is therefore the lane's or a larger one. If the shard changes hands later, the
--    fence in the table is larger than the lane's for good: fences only grow. What could make them equal again is that
--    the lane learns the new one; but reclaim_shards_v1 tells it anew what it owns, and hand_over_v1 first compares the
--    lane's fence, so that nothing was lost since.
-- 4. So a commit of the old epoch is in one of four places. It holds the lock: the taker waits, and whoever reads after
--    the taker has returned sees its rows. It waits for the lock while the taker has it: it then looks at the changed
--    row, and raises DP001. It has not begun (sent, and the server not yet at it): likewise DP001. It is over.
-- 5. The taker commits synchronously, and its log record follows those of every commit it waited for. If a failover
--    forgets the taker, the taker has not returned.
--
-- Order of locks, everywhere: rows of lane_fence by incarnation, then rows of shard by number. A commit takes one row of
-- lane_fence before anything else, and never one of shard. So no two of them can wait for each other in a circle here.

-- Takes for `p_me` every shard whose epoch and owner still are what was read; an owner may be null. Returns those taken.
CREATE FUNCTION acquire_shards_v2(p_me uuid, p_shards smallint[], p_epochs bigint[], p_owners uuid[])
RETURNS TABLE (taken smallint) LANGUAGE plpgsql AS $$
DECLARE
    concerned smallint[];
BEGIN
    IF NOT EXISTS (SELECT FROM lane_fence f WHERE f.incarnation = p_me) THEN
        RAISE EXCEPTION 'this node is not registered with the database' USING ERRCODE = 'DP003';
    END IF;
    PERFORM 1 FROM lane_fence f WHERE f.incarnation = ANY (p_owners) ORDER BY f.incarnation FOR UPDATE;
    -- A statement of its own, so that it sees what those who had the fences before us did.
    SELECT array_agg(s.shard) INTO concerned
      FROM (SELECT s.shard
              FROM shard s
              JOIN unnest(p_shards, p_epochs, p_owners) AS seen (shard, epoch, owner)
                ON s.shard = seen.shard AND s.epoch = seen.epoch AND s.owner IS NOT DISTINCT FROM seen.owner
             WHERE s.database_id = (SELECT l.database_id FROM ledger l)
             ORDER BY s.shard FOR UPDATE OF s) AS s;
    UPDATE lane_fence f SET fence = f.fence + 1
     WHERE f.incarnation IN (SELECT s.owner FROM shard s WHERE s.shard = ANY (concerned));
    RETURN QUERY
    UPDATE shard s SET owner = p_me, epoch = s.epoch + 1, target = NULL
     WHERE s.shard = ANY (concerned)
    RETURNING s.shard;
END $$;

-- Takes all shards of `p_me` again, under new epochs, and with it fences every earlier commit of its lane, also when no
-- shard is left. One row a shard, or one without a shard; `last_seq` is the end of the shard's stream.
CREATE FUNCTION reclaim_shards_v1(p_me uuid)
RETURNS TABLE (new_fence bigint, claimed smallint, new_epoch bigint, last_seq bigint) LANGUAGE plpgsql AS $$
DECLARE
    mine smallint[];
    grown bigint;
BEGIN
    UPDATE lane_fence f SET fence = f.fence + 1 WHERE f.incarnation = p_me RETURNING f.fence INTO grown;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this node is not registered with the database' USING ERRCODE = 'DP003';
    END IF;
    SELECT array_agg(s.shard) INTO mine
      FROM (SELECT s.shard FROM shard s
             WHERE s.owner = p_me AND s.database_id = (SELECT l.database_id FROM ledger l)
             ORDER BY s.shard FOR UPDATE) AS s;
    UPDATE shard s SET epoch = s.epoch + 1 WHERE s.shard = ANY (mine);
    RETURN QUERY
    SELECT grown, s.shard, s.epoch, coalesce((SELECT max(j.shard_seq) FROM journal j WHERE j.shard = s.shard), 0)
      FROM (SELECT 1) AS always LEFT JOIN shard s ON s.shard = ANY (mine)
     ORDER BY s.shard;
END $$;

-- Gives a shard from `p_me`, whose lane has this fence, to `p_to`, which must be up. Returns the lane's new fence; null,
-- and nothing is changed, when the fence, the shard or the other are not as they must be.
CREATE FUNCTION hand_over_v1(p_me uuid, p_fence bigint, p_shard smallint, p_epoch bigint, p_to uuid)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    grown bigint;
BEGIN
    PERFORM 1 FROM lane_fence f WHERE f.incarnation = p_me AND f.fence = p_fence FOR UPDATE;
    IF NOT FOUND OR p_to = p_me OR NOT EXISTS (SELECT FROM node n JOIN lane_fence f USING (incarnation)
                                                WHERE n.incarnation = p_to AND n.state = 'up') THEN
        RETURN NULL;
    END IF;
    UPDATE shard s SET owner = p_to, epoch = s.epoch + 1, target = NULL
     WHERE s.shard = p_shard AND s.owner = p_me AND s.epoch = p_epoch
       AND s.database_id = (SELECT l.database_id FROM ledger l);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE lane_fence f SET fence = f.fence + 1 WHERE f.incarnation = p_me RETURNING f.fence INTO grown;
    RETURN grown;
END $$;
