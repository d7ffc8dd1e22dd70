-- Webhooks: who wants to hear of what, and what is on its way to whom. All of it lives in database 0; no money depends on it
-- and no commit lane knows it.

CREATE TABLE webhook_endpoint (
    id                  uuid PRIMARY KEY,
    user_id             uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    -- Whose wallet alone it hears of; null: all wallets of the user.
    merchant_id         uuid REFERENCES merchant (id) ON DELETE CASCADE,
    url                 text NOT NULL,
    description         text NOT NULL,
    -- 'payment.captured', 'payment.*'; none: all of them.
    event_types         text[] NOT NULL,
    -- What deliveries are signed with, sealed with the key file, which is in no database.
    secret_sealed       bytea NOT NULL,
    -- Signs too until it ends, so that a receiver has time to learn the new one.
    previous_sealed     bytea,
    previous_ends_at    timestamptz,
    status              text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    disabled_why        text,
    disabled_at         timestamptz,
    -- Since the first failure after the last success.
    failing_since       timestamptz,
    failures_in_row     integer NOT NULL DEFAULT 0,
    -- Until then it is not asked at all: it fails again and again, or it said so.
    quiet_until         timestamptz,
    -- More waits for it than may: nothing new is written for anybody until it has caught up, or is disabled.
    is_overfull         boolean NOT NULL DEFAULT false,
    -- Since when it is behind: until less than half of what may waits for it.
    behind_since        timestamptz,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    -- Gone for everybody; its deliveries are cleared away in small steps, then it is.
    deleted_at          timestamptz
);
CREATE INDEX webhook_endpoint_user ON webhook_endpoint (user_id, id);
CREATE INDEX webhook_endpoint_merchant ON webhook_endpoint (merchant_id, id) WHERE merchant_id IS NOT NULL;
CREATE INDEX webhook_endpoint_deleted ON webhook_endpoint (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX webhook_endpoint_overfull ON webhook_endpoint (id) WHERE is_overfull;

-- Counts the changes of who wants to hear what, so that whoever keeps it in memory knows when to look again.
CREATE TABLE webhook_revision (
    is_the_row          boolean PRIMARY KEY DEFAULT true CHECK (is_the_row),
    number              bigint NOT NULL DEFAULT 0
);
INSERT INTO webhook_revision DEFAULT VALUES;

CREATE FUNCTION webhook_endpoint_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE webhook_revision SET number = number + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_endpoint_changed
    AFTER INSERT OR DELETE OR UPDATE OF event_types, status, deleted_at ON webhook_endpoint
    FOR EACH STATEMENT EXECUTE FUNCTION webhook_endpoint_changed();

CREATE TABLE webhook_delivery (
    id                  uuid PRIMARY KEY,
    -- The order in which deliveries of a wallet go out.
    place               bigint GENERATED ALWAYS AS IDENTITY,
    endpoint_id         uuid NOT NULL REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
    event_id            text NOT NULL,
    event_type          text NOT NULL,
    -- Nil for what is about no wallet: a ping.
    wallet_id           uuid NOT NULL,
    wallet_seq          bigint,
    -- As it is signed and sent, byte for byte.
    body                text NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    state               text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed', 'discarded')),
    -- Since it was made, or replayed.
    attempts            integer NOT NULL DEFAULT 0,
    -- Of one that was tried and waits.
    next_attempt_at     timestamptz,
    -- The newest attempts: {at, status, error, duration_ms}.
    log                 jsonb NOT NULL DEFAULT '[]',
    finished_at         timestamptz
) WITH (fillfactor = 80);
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (endpoint_id, wallet_id, place) WHERE state = 'pending';
CREATE INDEX webhook_delivery_list ON webhook_delivery (endpoint_id, id);
CREATE INDEX webhook_delivery_type ON webhook_delivery (endpoint_id, event_type, id);
CREATE INDEX webhook_delivery_trouble ON webhook_delivery (endpoint_id, id) WHERE state <> 'delivered';
CREATE INDEX webhook_delivery_finished ON webhook_delivery (state, finished_at) WHERE finished_at IS NOT NULL;

-- What waits for one endpoint about one wallet goes out in order, so it is claimed and delayed as one. There is a row exactly
-- while a delivery of it is pending; whoever adds or finishes deliveries has locked it.
CREATE TABLE webhook_queue (
    endpoint_id         uuid NOT NULL REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
    wallet_id           uuid NOT NULL,
    next_attempt_at     timestamptz NOT NULL DEFAULT now(),
    -- Who sends now, and until when it is believed to live.
    claim               uuid,
    claimed_until       timestamptz,
    PRIMARY KEY (endpoint_id, wallet_id)
) WITH (fillfactor = 50);
CREATE INDEX webhook_queue_due ON webhook_queue (endpoint_id, next_attempt_at);
CREATE INDEX webhook_queue_claimed ON webhook_queue (endpoint_id) WHERE claim IS NOT NULL;

-- Which endpoints have a queue, and when the first of theirs is due; so a claim looks at those that are due alone, however
-- many others have queues. The moment may be too early, never too late: whoever makes a queue, or makes one due earlier, lowers
-- it afterwards, in the same transaction; and who raises it has locked the row before he looked at the queues.
CREATE TABLE webhook_due (
    endpoint_id         uuid PRIMARY KEY REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
    due_at              timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX webhook_due_at ON webhook_due (due_at);

UPDATE role SET permissions = permissions || '{webhooks:read,webhooks:write}'
 WHERE id = '01900000-0000-7000-8000-000000000002';
UPDATE role SET permissions = permissions || '{webhooks:read:any}'
 WHERE id = '01900000-0000-7000-8000-000000000006';
