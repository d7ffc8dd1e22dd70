UPDATE role SET permissions = array_remove(array_remove(permissions, 'mails:read'), 'mails:operate') WHERE name = 'support';

ALTER TABLE app_user DROP COLUMN notices_off;

-- Whoever sends mails by the older program would send them again.
UPDATE mail_outbox SET sent_at = failed_at WHERE failed_at IS NOT NULL;
DROP INDEX mail_outbox_recipient;
DROP INDEX mail_outbox_failed;
DROP INDEX mail_outbox_codes_due;
DROP INDEX mail_outbox_due;
DROP INDEX mail_outbox_dedupe;
ALTER TABLE mail_outbox
    DROP COLUMN kind, DROP COLUMN html, DROP COLUMN is_secret, DROP COLUMN dedupe_key, DROP COLUMN due_at,
    DROP COLUMN tried_since, DROP COLUMN failed_at;
