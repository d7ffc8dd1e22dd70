-- Events: what the journal's records did, told to others. The journal itself is the outbox; here is only how far who has
-- come.

-- One row a consumer and shard, in database 0: moved in the transaction of what the consumer wrote.
CREATE TABLE event_mark (
    consumer        text NOT NULL,
    shard           smallint NOT NULL,
    shard_seq       bigint NOT NULL,
    PRIMARY KEY (consumer, shard)
) WITH (fillfactor = 50);

-- Records that are news of a wallet and have no leg on it (declined, cancelling, topup_begun, topup_refused), in the
-- order of the wallet's own shard. Few, so the lane hardly feels it.
CREATE INDEX journal_quiet ON journal (wallet, shard_seq) WHERE kind IN (4, 8, 14, 15);

UPDATE role SET permissions = permissions || '{events:read}' WHERE name = 'customer';
UPDATE role SET permissions = permissions || '{events:read:any}'
 WHERE name IN ('viewer', 'operator', 'approver', 'support');
