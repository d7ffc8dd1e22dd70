-- Who may do what: users, roles, sessions, keys for tokens, mail, and who did what. All of it lives in database 0 and none of
-- it decides about money. Nodes hear of what must take effect at once on the channel dompet_access: `kind:id`.

CREATE TABLE app_user (
    id                  uuid PRIMARY KEY,
    username            text NOT NULL,
    first_name          text NOT NULL,
    last_name           text NOT NULL,
    email               text NOT NULL,
    -- argon2id in libsodium's own text form.
    password_hash       text NOT NULL,
    email_verified_at   timestamptz,
    status              text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'locked')),
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    deleted_at          timestamptz,
    -- Tokens issued up to then are refused. Set by access_changed_v1 only.
    changed_at          timestamptz NOT NULL DEFAULT now()
);
-- Names of users in the trash stay theirs, so that a restored user finds his own.
CREATE UNIQUE INDEX app_user_username ON app_user (lower(username));
CREATE UNIQUE INDEX app_user_email ON app_user (lower(email));
CREATE INDEX app_user_changed ON app_user (changed_at);

CREATE TABLE role (
    id                  uuid PRIMARY KEY,
    name                text NOT NULL UNIQUE,
    -- Names of http/access/permissions.cpp; '*' is all of them, also those of later versions.
    permissions         text[] NOT NULL,
    -- Cannot be changed or deleted: the program relies on them.
    is_protected        boolean NOT NULL DEFAULT false,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    deleted_at          timestamptz
);

CREATE TABLE user_role (
    user_id             uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    role_id             uuid NOT NULL REFERENCES role (id),
    PRIMARY KEY (user_id, role_id)
);
CREATE INDEX user_role_role ON user_role (role_id);

-- A login, and all refresh tokens that come of it.
CREATE TABLE session (
    id                  uuid PRIMARY KEY,
    user_id             uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    created_at          timestamptz NOT NULL DEFAULT now(),
    last_used_at        timestamptz NOT NULL DEFAULT now(),
    revoked_at          timestamptz,
    revoked_why         text,
    -- The address that it came from.
    client              text NOT NULL
);
CREATE INDEX session_of_user ON session (user_id, id);
CREATE INDEX session_revoked ON session (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE refresh_token (
    -- SHA-256; the token itself is nowhere.
    hash                bytea PRIMARY KEY,
    session_id          uuid NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    created_at          timestamptz NOT NULL DEFAULT now(),
    expires_at          timestamptz NOT NULL,
    used_at             timestamptz
);
CREATE INDEX refresh_token_session ON refresh_token (session_id);
CREATE INDEX refresh_token_expiry ON refresh_token (expires_at);

-- Failed logins of an account (email:…) or an address (address:…).
CREATE TABLE login_attempt (
    subject             text PRIMARY KEY,
    failures            integer NOT NULL,
    first_failed_at     timestamptz NOT NULL,
    locked_until        timestamptz
);

CREATE TABLE one_time_code (
    hash                bytea PRIMARY KEY,
    user_id             uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    purpose             text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    created_at          timestamptz NOT NULL DEFAULT now(),
    expires_at          timestamptz NOT NULL,
    used_at             timestamptz
);
CREATE INDEX one_time_code_user ON one_time_code (user_id);
CREATE INDEX one_time_code_expiry ON one_time_code (expires_at);

-- What access tokens are signed with. The newest one signs until it retires; its public half is shown until it ends.
CREATE TABLE signing_key (
    id                  text PRIMARY KEY,
    public_pem          text NOT NULL,
    -- Sealed with the key file, which is not in any database.
    private_sealed      bytea NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    retires_at          timestamptz NOT NULL,
    ends_at             timestamptz NOT NULL
);

-- Written with what it tells about, sent afterwards.
CREATE TABLE mail_outbox (
    id                  uuid PRIMARY KEY,
    recipient           text NOT NULL,
    subject             text NOT NULL,
    body                text NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    sent_at             timestamptz,
    attempts            integer NOT NULL DEFAULT 0,
    last_error          text
);
CREATE INDEX mail_outbox_waiting ON mail_outbox (id) WHERE sent_at IS NULL;

-- Who did it, asked for by which request, to what ('user:…', 'card:…').
ALTER TABLE audit ADD COLUMN actor uuid;
ALTER TABLE audit ADD COLUMN request_id text;
ALTER TABLE audit ADD COLUMN target text;
CREATE INDEX audit_actor ON audit (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX audit_target ON audit (target, id) WHERE target IS NOT NULL;
CREATE INDEX audit_what ON audit (what, id);

-- From the commit on every token of the user that was issued before is refused, on every node. Called by whatever changes
-- his roles, password or status. The lock comes before the clock, so that no token issued meanwhile looks later than this.
CREATE FUNCTION access_changed_v1(p_user uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM app_user WHERE id = p_user FOR UPDATE;
    UPDATE app_user SET changed_at = clock_timestamp() WHERE id = p_user;
    PERFORM pg_notify('dompet_access', 'user:' || p_user);
END $$;

-- The same for all who have the role, in one order, so that two such changes do not wait for each other.
CREATE FUNCTION role_changed_v1(p_role uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    holder uuid;
BEGIN
    FOR holder IN SELECT user_id FROM user_role WHERE role_id = p_role ORDER BY user_id LOOP
        PERFORM access_changed_v1(holder);
    END LOOP;
END $$;

CREATE FUNCTION revoke_session_v1(p_session uuid, p_why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE session SET revoked_at = clock_timestamp(), revoked_why = p_why WHERE id = p_session AND revoked_at IS NULL;
    PERFORM pg_notify('dompet_access', 'session:' || p_session);
END $$;

-- How a login ends for this subject: until when it is locked, or null. A password that turns out right after the lock is
-- refused too, so that many guesses at the same moment learn no more than `p_most` one after another. The lock's row makes
-- it atomic.
CREATE FUNCTION judge_login_v1(p_subject text, p_is_right boolean, p_most integer, p_lock interval)
RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    known login_attempt;
BEGIN
    IF NOT p_is_right THEN
        INSERT INTO login_attempt (subject, failures, first_failed_at) VALUES (p_subject, 0, clock_timestamp())
        ON CONFLICT DO NOTHING;
    END IF;
    SELECT * INTO known FROM login_attempt WHERE subject = p_subject FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF known.locked_until > clock_timestamp() THEN
        RETURN known.locked_until;
    END IF;
    IF p_is_right THEN
        DELETE FROM login_attempt WHERE subject = p_subject;
        RETURN NULL;
    END IF;
    IF known.locked_until IS NOT NULL OR known.first_failed_at < clock_timestamp() - p_lock THEN
        known.failures := 0;
        known.first_failed_at := clock_timestamp();
    END IF;
    UPDATE login_attempt
       SET failures = known.failures + 1, first_failed_at = known.first_failed_at,
           locked_until = CASE WHEN known.failures + 1 >= p_most THEN clock_timestamp() + p_lock END
     WHERE subject = p_subject;
    RETURN NULL;
END $$;

INSERT INTO role (id, name, permissions, is_protected) VALUES
    ('01900000-0000-7000-8000-000000000001', 'administrator', '{*}', true),
    ('01900000-0000-7000-8000-000000000002', 'customer',
     '{account:use,cards:read,cards:write,cards:freeze,cards:reveal,merchants:read,merchants:write,documents:read,documents:write,api_keys:write,wallets:read,wallets:write,wallets:freeze,topups:write,transfers:write,withdrawals:write,payments:write,refunds:write,transactions:read,transactions:archive,statistics:read}',
     true),
    ('01900000-0000-7000-8000-000000000003', 'viewer',
     '{account:use,sagas:read,cluster:read,ledger:read,wallets:read:any,transactions:read:any,statistics:read:any}', true),
    ('01900000-0000-7000-8000-000000000004', 'operator',
     '{account:use,sagas:read,cluster:read,ledger:read,wallets:read:any,transactions:read:any,statistics:read:any,sagas:operate,cluster:operate}',
     true),
    ('01900000-0000-7000-8000-000000000005', 'approver',
     '{account:use,sagas:read,cluster:read,ledger:read,wallets:read:any,transactions:read:any,statistics:read:any,sagas:operate,cluster:operate,sagas:approve,cluster:approve,audit:read}',
     true),
    ('01900000-0000-7000-8000-000000000006', 'support',
     '{account:use,users:read,cards:read:any,cards:freeze:any,merchants:read:any,merchants:review,documents:read:any,documents:review,wallets:read:any,wallets:freeze:any,transactions:read:any,statistics:read:any,audit:read}',
     true);
