DROP FUNCTION hand_over_v1;
DROP FUNCTION reclaim_shards_v1;
DROP FUNCTION acquire_shards_v2;
ALTER TABLE shard DROP CONSTRAINT shard_database_id_check;
ALTER TABLE ledger DROP COLUMN database_id;

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

DROP INDEX node_ended, node_member;
ALTER TABLE node RESET (fillfactor);
ALTER TABLE node
    DROP COLUMN internal_address,
    DROP COLUMN protocol_min,
    DROP COLUMN protocol_max,
    DROP COLUMN ended_at;
