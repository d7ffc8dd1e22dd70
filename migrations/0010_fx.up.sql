-- Rates of exchange and quotes. Small state of the service, in database 0; the ledger itself knows a rate only as part of
-- the transactions that were converted by it.

-- What a source said, for ever: rows are added and never changed. One unit of `base` costs the house `bid` of `quote`, and
-- whoever buys it of the house `ask`. Decimals as they were written.
CREATE TABLE fx_rate (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    base            char(3) NOT NULL,
    quote           char(3) NOT NULL CHECK (quote <> base),
    bid             numeric NOT NULL CHECK (bid > 0),
    ask             numeric NOT NULL CHECK (ask >= bid),
    -- When it was so, as the source says.
    at              timestamptz NOT NULL,
    -- 'admin', 'file' or 'provider'.
    source          text NOT NULL,
    -- The user's name, the file or the address.
    who             text NOT NULL,
    written_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- What a source says again is no news, however much was said since.
    CONSTRAINT fx_rate_once UNIQUE (base, quote, at, bid, ask, source)
);
CREATE INDEX fx_rate_pair ON fx_rate (base, quote, id);

-- The newest row of each pair, by `at`: what nodes keep in memory. Made from fx_rate and changed with it.
CREATE TABLE fx_newest (
    base            char(3) NOT NULL,
    quote           char(3) NOT NULL,
    rate            bigint NOT NULL REFERENCES fx_rate,
    at              timestamptz NOT NULL,
    PRIMARY KEY (base, quote)
);

-- Adds a rate unless its source said the same for the same time before; true when it did. Every node reads the same file,
-- so it is said many times. One that is older than the newest goes into the history only.
CREATE FUNCTION add_fx_rate_v1(p_base text, p_quote text, p_bid numeric, p_ask numeric, p_at timestamptz, p_source text,
                               p_who text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    added bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('dompet fx rates'));
    INSERT INTO fx_rate (base, quote, bid, ask, at, source, who)
    VALUES (p_base, p_quote, p_bid, p_ask, p_at, p_source, p_who)
    ON CONFLICT ON CONSTRAINT fx_rate_once DO NOTHING RETURNING id INTO added;
    IF added IS NULL THEN
        RETURN false;
    END IF;
    INSERT INTO fx_newest AS n (base, quote, rate, at) VALUES (p_base, p_quote, added, p_at)
    ON CONFLICT (base, quote) DO UPDATE SET rate = excluded.rate, at = excluded.at WHERE n.at <= excluded.at;
    PERFORM pg_notify('dompet_fx', 'rates');
    RETURN true;
END $$;

-- A promise to convert one amount once, at one rate, until it ends. It belongs to who asked for it.
CREATE TABLE fx_quote (
    id                  uuid PRIMARY KEY,
    -- As idempotency keys know him: 'user:<id>' or 'merchant:<id>'.
    client              text NOT NULL,
    source              char(3) NOT NULL,
    destination         char(3) NOT NULL,
    -- In minor units of its currency.
    amount              bigint NOT NULL CHECK (amount > 0),
    destination_amount  bigint NOT NULL CHECK (destination_amount > 0),
    rate                numeric NOT NULL CHECK (rate > 0),
    rate_at             timestamptz NOT NULL,
    -- The currency that the rate was crossed through.
    through             char(3),
    made_at             timestamptz NOT NULL,
    expires_at          timestamptz NOT NULL,
    -- The idempotency key that used it: a repeated request finds its own quote again.
    used_by             uuid,
    -- The fingerprint of that request: under the same key another one, perhaps of another database, does not have it.
    used_for            bigint,
    used_at             timestamptz
);
CREATE INDEX fx_quote_expiry ON fx_quote (expires_at);

UPDATE role SET permissions = permissions || '{fx:read,fx:quote}'
 WHERE name IN ('customer') AND NOT 'fx:read' = ANY (permissions);
UPDATE role SET permissions = permissions || '{fx:read}'
 WHERE name IN ('viewer', 'operator', 'approver', 'support') AND NOT 'fx:read' = ANY (permissions);
