-- Invoices of merchants, and what marketplaces are told. All of it lives in database 0 and none of it decides about money:
-- that an invoice is paid once is decided by the wallet that is paid, and `paid` here follows the journal.

CREATE TABLE invoice (
    id                  uuid PRIMARY KEY,
    merchant_id         uuid NOT NULL REFERENCES merchant (id),
    -- Where the money goes: the merchant's wallet when it was issued.
    wallet_id           uuid NOT NULL,
    va_number           text NOT NULL UNIQUE,
    amount              bigint NOT NULL CHECK (amount > 0),
    -- The number of ISO 4217.
    currency            smallint NOT NULL,
    description         text NOT NULL,
    -- The merchant's own name for it.
    reference           text NOT NULL,
    -- An open one whose time is over is expired.
    status              text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'paid', 'cancelled')),
    expires_at          timestamptz NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    paid_at             timestamptz,
    cancelled_at        timestamptz,
    -- The payment.
    transaction_id      uuid
);
CREATE INDEX invoice_of_merchant ON invoice (merchant_id, id);
CREATE INDEX invoice_reference ON invoice (merchant_id, reference) WHERE reference <> '';

-- A payment that was begun and whose end is not known here: written before it goes to the ledger, deleted with its end. The
-- journal finds it by its key.
CREATE TABLE invoice_attempt (
    invoice_id          uuid NOT NULL REFERENCES invoice (id) ON DELETE CASCADE,
    key                 uuid NOT NULL,
    begun_at            timestamptz NOT NULL DEFAULT now(),
    -- When the journal is asked next.
    look_at             timestamptz NOT NULL,
    PRIMARY KEY (invoice_id, key)
);
CREATE INDEX invoice_attempt_look ON invoice_attempt (look_at);

-- A marketplace's order that is paid here. Written before the money moves, so that whoever dies when, it is told. One row
-- for an order: who pays it has the row, and a payment that was declined leaves none.
CREATE TABLE marketplace_notice (
    id                  uuid PRIMARY KEY,
    marketplace         text NOT NULL,
    va_number           text NOT NULL,
    merchant_id         uuid NOT NULL,
    -- Of the payment: the journal finds it by its key.
    key                 uuid NOT NULL,
    amount              bigint NOT NULL,
    currency            smallint NOT NULL,
    -- paying: not known here to be durable. due: paid, to be told. refused: the same, and the marketplace has answered
    -- that it does not take it. delivered: told.
    state               text NOT NULL DEFAULT 'paying' CHECK (state IN ('paying', 'due', 'refused', 'delivered')),
    transaction_id      uuid,
    attempts            integer NOT NULL DEFAULT 0,
    last_error          text NOT NULL DEFAULT '',
    begun_at            timestamptz NOT NULL DEFAULT now(),
    paid_at             timestamptz,
    delivered_at        timestamptz,
    -- While it is paying, when the journal is asked next; while it is due, when it is told next.
    next_at             timestamptz NOT NULL,
    UNIQUE (marketplace, va_number)
);
CREATE INDEX marketplace_notice_next ON marketplace_notice (state, marketplace, next_at) WHERE state <> 'delivered';

UPDATE role SET permissions = permissions || '{invoices:read,invoices:write,virtual_accounts:read}'::text[]
 WHERE name = 'customer' AND is_protected;
UPDATE role SET permissions = permissions || '{invoices:read:any,virtual_accounts:read,marketplaces:read}'::text[]
 WHERE name = 'support' AND is_protected;
UPDATE role SET permissions = permissions || '{marketplaces:read}'::text[] WHERE name = 'viewer' AND is_protected;
UPDATE role SET permissions = permissions || '{marketplaces:read,marketplaces:operate}'::text[]
 WHERE name IN ('operator', 'approver') AND is_protected;
