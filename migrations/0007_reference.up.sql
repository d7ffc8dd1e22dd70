-- Reference data: cards, merchants, their documents and keys, and what lists of users and roles need. Plain tables of
-- database 0, read and written through the query pool; no commit lane knows them. What a wallet must obey (a blocked card)
-- stands in the wallet's own journal; the rows here say the same for people and for look-ups.

-- Indexes for "contains" (contrib, trusted: the owner of the database may create it).
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- `search` is what lists look in: the searchable columns in small letters, a space before each, so that a short term finds
-- the beginnings of words ("% ay%") and a longer one any part ("%yuni%"), both by the same index.

CREATE TABLE card (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES app_user,
    -- In whichever database its shard lives, so no foreign key.
    wallet_id       uuid NOT NULL,
    type            text NOT NULL CHECK (type IN ('debit', 'credit', 'prepaid')),
    provider        text NOT NULL,
    -- Sealed by a key of the key file; opened for a reveal only.
    number_sealed   bytea NOT NULL,
    -- Keyed, so that whoever has only the database cannot try the few numbers that there can be.
    number_hash     bytea NOT NULL UNIQUE,
    number_masked   text NOT NULL,
    -- The last day of the month that is printed on it.
    expires_on      date NOT NULL,
    status          text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'frozen')),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    search          text GENERATED ALWAYS AS (' ' || provider || ' ' || type || ' ' || number_masked) STORED
);
CREATE INDEX card_active ON card (id) WHERE deleted_at IS NULL;
CREATE INDEX card_trashed ON card (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX card_user ON card (user_id, id);
CREATE INDEX card_wallet ON card (wallet_id, id);
CREATE INDEX card_search ON card USING gin (search gin_trgm_ops);

CREATE TABLE merchant (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES app_user,
    wallet_id       uuid NOT NULL,
    name            text NOT NULL,
    -- Staff gives any of them; back to pending comes only who was rejected.
    status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'active', 'inactive', 'rejected')),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    search          text GENERATED ALWAYS AS (' ' || lower(name)) STORED
);
CREATE INDEX merchant_active ON merchant (id) WHERE deleted_at IS NULL;
CREATE INDEX merchant_trashed ON merchant (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX merchant_user ON merchant (user_id, id);
CREATE INDEX merchant_wallet ON merchant (wallet_id, id);
CREATE INDEX merchant_status ON merchant (status, id);
CREATE INDEX merchant_search ON merchant USING gin (search gin_trgm_ops);

CREATE TABLE merchant_document (
    id              uuid PRIMARY KEY,
    merchant_id     uuid NOT NULL REFERENCES merchant,
    document_type   text NOT NULL,
    document_url    text NOT NULL,
    status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected')),
    -- The reviewer's, for the merchant.
    note            text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    search          text GENERATED ALWAYS AS (' ' || lower(document_type) || ' ' || lower(document_url)) STORED
);
CREATE INDEX merchant_document_active ON merchant_document (id) WHERE deleted_at IS NULL;
CREATE INDEX merchant_document_trashed ON merchant_document (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX merchant_document_merchant ON merchant_document (merchant_id, id);
CREATE INDEX merchant_document_status ON merchant_document (status, id);
CREATE INDEX merchant_document_search ON merchant_document USING gin (search gin_trgm_ops);

-- What a merchant's servers show. Of the key itself only a hash is kept; it has 256 bits of chance, so a fast one will do.
CREATE TABLE api_key (
    id              uuid PRIMARY KEY,
    merchant_id     uuid NOT NULL REFERENCES merchant,
    name            text NOT NULL,
    -- The part that is shown in lists, so that its owner can tell one from another.
    prefix          text NOT NULL,
    hash            bytea NOT NULL UNIQUE,
    scopes          text[] NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- Coarse: written at most once a minute.
    last_used_at    timestamptz,
    expires_at      timestamptz,
    revoked_at      timestamptz
);
CREATE INDEX api_key_merchant ON api_key (merchant_id, id);

-- Money records are never deleted: a row here hides one from a user's lists.
CREATE TABLE transaction_archive (
    transaction_id  uuid NOT NULL,
    user_id         uuid NOT NULL,
    archived_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, transaction_id)
);

ALTER TABLE app_user ADD COLUMN search text GENERATED ALWAYS AS (
    ' ' || lower(username) || ' ' || lower(first_name) || ' ' || lower(last_name) || ' ' || lower(email)) STORED;
CREATE INDEX app_user_active ON app_user (id) WHERE deleted_at IS NULL;
CREATE INDEX app_user_trashed ON app_user (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX app_user_search ON app_user USING gin (search gin_trgm_ops);

ALTER TABLE role ADD COLUMN search text GENERATED ALWAYS AS (' ' || lower(name)) STORED;
CREATE INDEX role_search ON role USING gin (search gin_trgm_ops);

-- Everybody sees and keeps his own row of users.
UPDATE role SET permissions = permissions || '{users:read,users:write}' WHERE name = 'customer';
UPDATE role SET permissions = array_replace(permissions, 'users:read', 'users:read:any') WHERE name = 'support';
