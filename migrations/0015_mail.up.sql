-- Mails with text and HTML, claimed by whichever node sends them, tried again for a bounded time, and what users do not
-- want to be told. A mail waits while it was neither sent nor given up.

ALTER TABLE mail_outbox
    -- Which notice it is (notices/kinds.cpp).
    ADD COLUMN kind             text NOT NULL DEFAULT 'verify_email',
    -- Empty: text only. Bodies are wiped when the mail was sent.
    ADD COLUMN html             text NOT NULL DEFAULT '',
    -- It carries a code: its bodies are wiped when it is given up, too.
    ADD COLUMN is_secret        boolean NOT NULL DEFAULT true,
    -- What is written once however often it is noticed: an event and whom it is told to.
    ADD COLUMN dedupe_key       text,
    -- Not tried before. Whoever tries a mail puts it off first, by more than a try can take; a node that dies at it thus
    -- leaves it to the next one.
    ADD COLUMN due_at           timestamptz NOT NULL DEFAULT now(),
    -- Since when it is tried: when it was written, or when somebody wished that it be tried again.
    ADD COLUMN tried_since      timestamptz NOT NULL DEFAULT now(),
    -- Refused for good, or tried for too long.
    ADD COLUMN failed_at        timestamptz;
CREATE UNIQUE INDEX mail_outbox_dedupe ON mail_outbox (dedupe_key) WHERE dedupe_key IS NOT NULL;
CREATE INDEX mail_outbox_due ON mail_outbox (due_at, id) WHERE sent_at IS NULL AND failed_at IS NULL;
-- Somebody waits for these, and they end soon.
CREATE INDEX mail_outbox_codes_due ON mail_outbox (due_at, id) WHERE is_secret AND sent_at IS NULL AND failed_at IS NULL;
CREATE INDEX mail_outbox_failed ON mail_outbox (id) WHERE failed_at IS NOT NULL;
CREATE INDEX mail_outbox_recipient ON mail_outbox (lower(recipient), id);

-- Names of notices/kinds.cpp that the user has switched off. Codes and what concerns his account's safety cannot be.
ALTER TABLE app_user ADD COLUMN notices_off text[] NOT NULL DEFAULT '{}';

UPDATE role SET permissions = permissions || '{mails:read,mails:operate}' WHERE name = 'support';
