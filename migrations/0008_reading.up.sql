-- What statistics read: the journal's movements, added up by month. Made from the journal and from nothing else, so it can
-- be thrown away and made again (`dompetctl statistics rebuild`); no commit lane knows it.

-- One row for everything that one shard's stream has about a wallet in a month, alike in all columns up to `party`.
-- Counted by shard, so that the rows of a shard that moves to another database stay true where they are and are made
-- again where it goes; whoever reads looks only at shards that live in the database.
CREATE TABLE monthly_movement (
    -- Nil for the ledger as a whole, in which every transaction counts once.
    wallet          uuid NOT NULL,
    -- Its first day. UTC.
    month           date NOT NULL,
    shard           smallint NOT NULL,
    currency        smallint NOT NULL,
    -- Of the transaction, in the numbers of the journal's payload; captures count as payments.
    kind            smallint NOT NULL,
    -- 1 in, 2 out, 3 within: of the ledger as a whole.
    direction       smallint NOT NULL,
    -- 1 completed, 2 failed.
    outcome         smallint NOT NULL,
    method          text NOT NULL,
    -- The merchant on the side that is paid, the card on the side that pays; otherwise nil.
    party           uuid NOT NULL,
    count           bigint NOT NULL,
    -- Wider than any amount, as totals are.
    amount          numeric(38) NOT NULL,
    PRIMARY KEY (wallet, month, shard, currency, kind, direction, outcome, method, party)
) WITH (fillfactor = 80);

-- How far each shard's stream is in the table above; changed in the same transaction.
CREATE TABLE movement_mark (
    shard           smallint PRIMARY KEY,
    shard_seq       bigint NOT NULL
) WITH (fillfactor = 50);
