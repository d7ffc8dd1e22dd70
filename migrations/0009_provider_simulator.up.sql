-- The book of the built-in provider simulator (providers/): what it decided about each order. Not part of the ledger: the
-- ledger believes a provider's word, and this is where the simulator keeps its own. A real provider needs no such table.
CREATE TABLE simulator_order (
    transaction_id  uuid PRIMARY KEY,
    kind            smallint NOT NULL,
    amount          bigint NOT NULL,
    currency        smallint NOT NULL,
    -- Paid out or collected; otherwise refused for good.
    moved           boolean NOT NULL,
    -- A collected top-up that was cancelled afterwards.
    went_back       boolean NOT NULL DEFAULT false,
    decided_at      timestamptz NOT NULL DEFAULT now()
);
