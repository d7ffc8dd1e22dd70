-- The ledger a competent engineer would write on plain PostgreSQL, and the opponent of `make bench`.
-- Three tables, every constraint that money deserves, no index beyond what those constraints need.
-- Amounts are minor units. `balance` may not go below zero; the database says so, not the program.

SET client_min_messages = warning;
DROP TABLE IF EXISTS entry, transfer, account;

-- fillfactor 70 leaves room on the page, so that an update of a balance stays a HOT update and touches no index.
CREATE TABLE account (
    id       bigint PRIMARY KEY,
    currency char(3) NOT NULL DEFAULT 'IDR',
    balance  bigint  NOT NULL CHECK (balance >= 0),
    seq      bigint  NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

-- `id` is the caller's idempotency key: the same transfer sent twice violates the primary key.
CREATE TABLE transfer (
    id          uuid PRIMARY KEY,
    source      bigint NOT NULL,
    destination bigint NOT NULL,
    amount      bigint NOT NULL CHECK (amount > 0),
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (source <> destination)
);

-- The statement of an account: gapless by (account, seq), each line with the balance after it.
CREATE TABLE entry (
    account       bigint NOT NULL,
    seq           bigint NOT NULL,
    transfer      uuid   NOT NULL,
    amount        bigint NOT NULL,
    balance_after bigint NOT NULL CHECK (balance_after >= 0),
    PRIMARY KEY (account, seq)
);

-- No foreign keys: they would cost two more row locks a transfer, and the accounts are locked already.

INSERT INTO account (id, balance) SELECT n, 100000000000 FROM generate_series(1, 10000) AS n;

VACUUM (FREEZE, ANALYZE) account;
