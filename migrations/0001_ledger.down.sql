DROP FUNCTION commit_batch_v1;
DROP FUNCTION acquire_shards_v1;
DROP TABLE audit, system_total, transit, decision, saga, snapshot, wallet, journal, shard, lane_fence, node, ledger;
