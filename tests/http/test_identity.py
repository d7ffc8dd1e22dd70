"""Accounts, logins and tokens: what is promised to those who have one, and kept from those who have not."""

import re
import threading
import time
import uuid

import pytest

from held import transaction
from processes import HttpClient, psql, wait_until
from tokens import openssl_agrees, parts_of, pem_of, signed_by_stranger, signed_with_secret, token_of

PASSWORD = "correct horse battery"
TOKENS = {"access_token", "refresh_token", "token_type", "expires_in"}


class Person:
    """Somebody who has registered."""

    def __init__(self, server):
        self.server = server
        self.username = f"ani-{uuid.uuid4().hex[:12]}"
        self.email = f"{self.username}@example.com"
        self.client = server.client(login=None)
        self.password = PASSWORD

    def register(self, **more):
        body = {"username": self.username, "first_name": "Ani", "last_name": "Wijaya", "email": self.email,
                "password": self.password} | more
        return self.client.post("/v1/auth/register", body)

    def log_in(self, password=None):
        return self.client.post("/v1/auth/login", {"email": self.email, "password": password or self.password})

    def enter(self):
        """Logged in, and everything that the client asks from now on is in his name."""
        answer = self.log_in()
        assert answer.status == 200, answer
        self.client.token = answer.json["access_token"]
        return answer.json

    def me(self, token=None):
        return self.client.get("/v1/auth/me", headers={"Authorization": f"Bearer {token or self.client.token}"})

    def refresh(self, token):
        return self.client.post("/v1/auth/refresh", {"refresh_token": token})

    def move_to(self, email):
        """Has another address from now on."""
        answer = self.client.request("PATCH", f"/v1/users/{self.me().json['id']}", {"email": email})
        assert answer.status == 200 and not answer.json["email_verified"], answer
        self.email = email

    def verify(self, code):
        return self.client.post("/v1/auth/verify-email", {"code": code})

    def resend(self):
        return self.client.post("/v1/auth/verify-email/resend")

    def mails(self):
        """What was sent to him, oldest first."""
        found = sorted((self.server.directory / "mail").glob("*.eml"))
        return [text for path in found if f"To: {self.email}\n" in (text := path.read_text())]

    def mailed_code(self, number):
        """The code of his mail of this number."""
        wait_until(lambda: len(self.mails()) >= number, "the mail is in the spool")
        return re.search(r"is\n\n(\S+)\n\n", self.mails()[number - 1]).group(1)


@pytest.fixture
def newcomer(server):
    server.wait_until_ready()
    person = Person(server)
    yield person
    person.client.close()


@pytest.fixture
def ani(newcomer):
    assert newcomer.register().status == 201
    return newcomer


# --- registering ---


def test_whoever_registers_is_a_customer(ani):
    ani.enter()
    me = ani.me().json
    assert me["roles"] == ["customer"] and not me["email_verified"] and me["status"] == "active"
    assert "account:use" in me["permissions"] and not any(name.endswith(":any") for name in me["permissions"])
    assert PASSWORD not in str(me) and "password" not in me


@pytest.mark.parametrize("more", [{"role": "administrator"}, {"roles": ["administrator"]}, {"is_admin": True},
                                  {"permissions": ["*"]}, {"status": "active"}])
def test_nobody_makes_himself_more_than_a_customer(newcomer, more):
    assert newcomer.register(**more).code == "unknown_field"
    assert newcomer.log_in().status == 401


def test_an_address_or_a_name_is_one_account_and_a_second_one_sees_nothing_of_it(ani, server):
    again = Person(server)
    again.email = ani.email.upper()
    answer = again.register()
    assert (answer.status, answer.code) == (409, "already_exists") and ani.username not in answer.body.decode()
    again = Person(server)
    again.username = ani.username.upper()
    assert again.register().code == "already_exists"


@pytest.mark.parametrize("field, value", [("username", "x"), ("username", "a b c"), ("username", 7), ("email", "ani"),
                                          ("email", "ani@example"), ("email", "a@b@example.com"), ("password", "short"),
                                          ("password", "x" * 201), ("first_name", ""), ("last_name", None)])
def test_a_registration_that_makes_no_sense_names_the_field(newcomer, field, value):
    answer = newcomer.register(**{field: value})
    assert answer.status == 400 and [error["field"] for error in answer.json["errors"]] == [field], answer


def test_passwords_and_tokens_are_stored_as_what_cannot_be_turned_back(ani, server):
    entered = ani.enter()
    [[stored]] = psql(server.database, f"SELECT password_hash FROM app_user WHERE username = '{ani.username}'")
    assert stored.startswith("$argon2id$")
    everything = "".join(str(psql(server.database, f"SELECT * FROM {table}"))
                         for table in ("app_user", "session", "refresh_token", "one_time_code"))
    assert PASSWORD not in everything and entered["refresh_token"] not in everything
    assert ani.mailed_code(1) not in everything


# --- logging in ---


def test_a_login_gives_tokens_for_a_quarter_of_an_hour(ani):
    answer = ani.log_in()
    assert answer.json.keys() == TOKENS and answer.json["token_type"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"
    header, payload, _ = parts_of(answer.json["access_token"])
    assert header["alg"] == "RS256" and payload["exp"] - payload["iat"] == answer.json["expires_in"]
    assert payload["roles"] == ["customer"] and payload["aud"] == "dompet"
    assert ani.email not in str(payload)


def test_a_known_address_with_another_password_gets_nothing(ani):
    for wrong in ("wrong horse battery", "", PASSWORD + " ", PASSWORD.upper()):
        answer = ani.client.post("/v1/auth/login", {"email": ani.email, "password": wrong})
        assert (answer.status, answer.code) == (401, "invalid_credentials") and "access_token" not in answer.json
        # Also right behind a login that was right.
        assert ani.log_in().status == 200


def test_an_unknown_address_is_refused_in_the_same_words_and_takes_as_long(ani, newcomer, server):
    stranger = Person(server)
    known, unknown = [], []
    for _ in range(3):
        for person, times in ((ani, known), (stranger, unknown)):
            began = time.monotonic()
            answer = person.log_in("wrong horse battery")
            times.append(time.monotonic() - began)
            assert answer.code == "invalid_credentials"
    assert min(unknown) > min(known) / 3


def test_five_failures_lock_the_account_also_for_the_right_password(ani):
    for _ in range(5):
        assert ani.log_in("wrong horse battery").status == 401
    answer = ani.log_in()
    assert (answer.status, answer.code) == (429, "too_many_attempts")
    assert 800 < int(answer.headers["retry-after"]) <= 901


def test_a_lock_ends_after_its_time(ani, server):
    for _ in range(5):
        ani.log_in("wrong horse battery")
    assert ani.log_in().status == 429
    psql(server.database, "UPDATE login_attempt SET locked_until = now() - interval '1 second' "
                          f"WHERE subject = 'email:{ani.email}'")
    assert ani.log_in().status == 200
    assert ani.log_in("wrong horse battery").status == 401


def test_a_right_password_forgets_the_failures_before_it(ani):
    for _ in range(3):
        for _ in range(4):
            assert ani.log_in("wrong horse battery").status == 401
        assert ani.log_in().status == 200


def test_many_guesses_at_the_same_moment_learn_no_more_than_five_in_a_row(ani, server):
    said = []

    def guess(password):
        client = server.client(login=None)
        said.append(client.post("/v1/auth/login", {"email": ani.email, "password": password}).status)
        client.close()
    threads = [threading.Thread(target=guess, args=(f"guess number {number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count(401) == 5 and said.count(429) == 11, said
    assert ani.log_in().status == 429


def test_a_right_password_that_waits_while_its_address_is_locked_is_refused_too(ani, server):
    ani.log_in("wrong horse battery")  # there is a count of the address, for somebody to lock
    try:
        with transaction(server.database, "UPDATE login_attempt SET locked_until = now() + interval '1 minute' "
                                          "WHERE subject = 'address:127.0.0.1'") as guesses:
            said = []
            thread = threading.Thread(target=lambda: said.append(ani.log_in()))
            thread.start()
            wait_until(lambda: psql(server.database, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                    "AND query LIKE '%login_attempt%' AND datname = current_database()"),
                       "the login waits for the judgement of the guesses", 10)
            guesses.commit()
            thread.join()
        assert (said[0].status, said[0].code) == (429, "too_many_attempts")
    finally:
        psql(server.database, "DELETE FROM login_attempt WHERE subject = 'address:127.0.0.1'")


def test_registrations_and_locks_are_on_record(ani, client):
    ani.enter()
    me = ani.me().json["id"]
    for _ in range(8):
        ani.log_in("wrong horse battery")
    rows = client.get(f"/v1/audit?target=user:{me}").json["data"]
    assert [row["what"] for row in rows] == ["login.lock", "user.login", "user.register"]
    assert rows[0]["actor"] is None and rows[0]["evidence"] == {"seconds": 900}
    assert (rows[2]["actor"], rows[2]["who"]) == (me, ani.email)


# --- tokens ---


def test_everything_but_a_good_token_is_refused(ani, newcomer, server, tmp_path):
    entered = ani.enter()
    token = entered["access_token"]
    header, payload, signature = parts_of(token)
    [jwk] = server.client().get("/.well-known/jwks.json").json["keys"]
    more = payload | {"roles": ["administrator"]}
    forged = {
        "nothing": "x", "no signature": token.rpartition(".")[0] + ".", "a part too much": token + ".x",
        "a changed payload": token_of(header, more, signature), "alg none": token_of({"alg": "none"}, more),
        "alg none with a kid": token_of(header | {"alg": "none"}, more),
        "no alg": token_of({"kid": jwk["kid"]}, payload, signature),
        "an unknown key": token_of(header | {"kid": "other"}, payload, signature),
        "HS256 with the public key": signed_with_secret(header | {"alg": "HS256"}, more, pem_of(jwk).encode()),
        "HS256 with the public key that says RS256": signed_with_secret(header, more, pem_of(jwk).encode()),
        "a stranger's key": signed_by_stranger(header, more, tmp_path),
        "a cut signature": token[:-6], "a refresh token": entered["refresh_token"],
    }
    for name, text in forged.items():
        answer = ani.me(text)
        assert (answer.status, answer.code) == (401, "invalid_token"), name
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert ani.me(token).status == 200


def test_an_access_token_is_no_refresh_token(ani):
    assert ani.refresh(ani.enter()["access_token"]).code == "invalid_refresh_token"


def test_a_request_without_a_token_hears_how_to_get_one(server):
    nobody = server.client(login=None)
    for path in ("/v1/wallets", "/v1/transactions", "/v1/sagas", "/v1/cluster", "/v1/auth/me"):
        answer = nobody.get(path)
        assert (answer.status, answer.code) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    for header in ("Basic YW5pOmFuaQ==", "Bearer", "bearer", "Token x"):
        assert nobody.get("/v1/wallets", headers={"Authorization": header}).code == "invalid_token"
    for path in ("/healthz", "/docs", "/openapi.json", "/.well-known/jwks.json"):
        assert nobody.get(path).status in (200, 404)
    nobody.close()


def test_a_token_in_the_address_is_not_looked_at(ani):
    token = ani.enter()["access_token"]
    nobody = ani.server.client(login=None)
    assert nobody.get(f"/v1/auth/me?access_token={token}").status == 401
    nobody.close()


def test_anybody_can_check_a_token_with_the_published_keys(ani, server, tmp_path):
    token = ani.enter()["access_token"]
    keys = server.client(login=None).get("/.well-known/jwks.json").json["keys"]
    [jwk] = [key for key in keys if key["kid"] == parts_of(token)[0]["kid"]]
    assert jwk.keys() == {"kty", "use", "alg", "kid", "n", "e"} and openssl_agrees(token, jwk, tmp_path)
    assert not openssl_agrees(token[:-8] + "AAAAAAAA", jwk, tmp_path)


def test_who_lacks_a_permission_hears_which(ani):
    ani.enter()
    for method, path, body, permission in (
            ("GET", "/v1/cluster", None, "cluster:read"), ("GET", "/v1/sagas", None, "sagas:read"),
            ("POST", "/v1/cluster/rebalance", None, "cluster:approve"), ("GET", "/v1/ledger/trial-balance", None, "ledger:read")):
        answer = ani.client.request(method, path, body)
        assert (answer.status, answer.code) == (403, "forbidden") and permission in answer.json["detail"]


# --- refreshing and logging out ---


def test_a_refresh_token_is_used_up_by_its_first_use(ani):
    first = ani.enter()
    second = ani.refresh(first["refresh_token"])
    assert second.status == 200 and second.json.keys() == TOKENS
    assert second.json["refresh_token"] != first["refresh_token"]
    third = ani.refresh(second.json["refresh_token"])
    assert third.status == 200 and ani.me(third.json["access_token"]).status == 200


def test_a_refresh_token_used_twice_ends_its_session_and_no_other(ani):
    other = ani.enter()
    first = ani.enter()
    second = ani.refresh(first["refresh_token"]).json
    assert ani.refresh(first["refresh_token"]).code == "invalid_refresh_token"
    # Whoever has the copy has nothing now, and neither has its owner.
    assert ani.refresh(second["refresh_token"]).code == "invalid_refresh_token"
    assert ani.me(second["access_token"]).code == ani.me(first["access_token"]).code == "invalid_token"
    assert ani.me(other["access_token"]).status == 200 and ani.refresh(other["refresh_token"]).status == 200


def test_of_two_who_use_a_refresh_token_at_the_same_moment_at_most_one_gets_on(ani, server):
    token = ani.enter()["refresh_token"]
    said = []

    def use():
        client = server.client(login=None)
        said.append(client.post("/v1/auth/refresh", {"refresh_token": token}).status)
        client.close()
    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count(200) == 1 and said.count(401) == 7


def test_an_expired_refresh_token_is_refused(ani, server):
    token = ani.enter()["refresh_token"]
    psql(server.database, "UPDATE refresh_token SET expires_at = now() - interval '1 second' WHERE session_id IN "
                          f"(SELECT s.id FROM session s JOIN app_user u ON u.id = s.user_id WHERE u.username = '{ani.username}')")
    assert ani.refresh(token).code == "invalid_refresh_token"


def test_a_logout_counts_at_once_and_for_this_session_only(ani):
    other = ani.enter()
    entered = ani.enter()
    assert ani.client.post("/v1/auth/logout").status == 200
    assert ani.me(entered["access_token"]).code == "invalid_token"
    assert ani.refresh(entered["refresh_token"]).code == "invalid_refresh_token"
    assert ani.me(other["access_token"]).status == 200


def test_a_change_of_roles_counts_at_once(ani, server):
    entered = ani.enter()
    assert ani.client.get("/v1/cluster").status == 403
    psql(server.database, "BEGIN", f"SELECT access_changed_v1(id) FROM app_user WHERE username = '{ani.username}'",
         "INSERT INTO user_role SELECT u.id, r.id FROM app_user u, role r "
         f"WHERE u.username = '{ani.username}' AND r.name = 'viewer'", "COMMIT")
    wait_until(lambda: ani.me(entered["access_token"]).code == "invalid_token", "the old token is refused", 5)
    again = ani.refresh(entered["refresh_token"])
    assert again.status == 200
    assert ani.client.get("/v1/cluster", headers={"Authorization": "Bearer " + again.json["access_token"]}).status == 200


def test_a_locked_user_neither_logs_in_nor_goes_on(ani, server):
    entered = ani.enter()
    psql(server.database, "BEGIN", f"SELECT access_changed_v1(id) FROM app_user WHERE username = '{ani.username}'",
         f"UPDATE app_user SET status = 'locked' WHERE username = '{ani.username}'", "COMMIT")
    wait_until(lambda: ani.me(entered["access_token"]).code == "invalid_token", "the token is refused", 5)
    assert ani.log_in().code == "invalid_credentials"
    assert ani.refresh(entered["refresh_token"]).code == "invalid_refresh_token"


# --- mailed codes ---


def test_a_mailed_code_verifies_the_address_once(ani):
    code = ani.mailed_code(1)
    ani.enter()
    assert ani.client.post("/v1/auth/verify-email", {"code": code[:-1]}).code == "invalid_code"
    assert ani.client.post("/v1/auth/verify-email", {"code": code}).status == 200
    assert ani.me().json["email_verified"]
    assert ani.client.post("/v1/auth/verify-email", {"code": code}).code == "invalid_code"


def test_a_forgotten_password_is_replaced_and_every_session_is_over(ani):
    entered = ani.enter()
    assert ani.client.post("/v1/auth/forgot-password", {"email": ani.email}).status == 202
    token = ani.mailed_code(2)
    wish = {"token": token, "password": "another horse battery"}
    assert ani.client.post("/v1/auth/reset-password", wish | {"password": "short"}).status == 400
    assert ani.client.post("/v1/auth/reset-password", wish).status == 200
    assert ani.me(entered["access_token"]).code == "invalid_token"
    assert ani.refresh(entered["refresh_token"]).code == "invalid_refresh_token"
    assert ani.log_in().status == 401
    assert ani.log_in("another horse battery").status == 200
    assert ani.client.post("/v1/auth/reset-password", wish).code == "invalid_code"


def test_a_newer_code_voids_the_older_one_and_a_code_of_another_purpose_is_none(ani):
    for _ in range(2):
        ani.client.post("/v1/auth/forgot-password", {"email": ani.email})
        wait_until(lambda wanted=2 + _: len(ani.mails()) >= wanted, "the mail is in the spool")
    wish = {"password": "another horse battery"}
    assert ani.client.post("/v1/auth/reset-password", wish | {"token": ani.mailed_code(2)}).code == "invalid_code"
    assert ani.client.post("/v1/auth/reset-password", wish | {"token": ani.mailed_code(1)}).code == "invalid_code"
    assert ani.client.post("/v1/auth/verify-email", {"code": ani.mailed_code(3)}).code == "invalid_code"
    assert ani.client.post("/v1/auth/reset-password", wish | {"token": ani.mailed_code(3)}).status == 200


def test_a_code_that_went_to_another_address_is_void(ani):
    ani.enter()
    ani.client.post("/v1/auth/forgot-password", {"email": ani.email})
    verification, reset = ani.mailed_code(1), ani.mailed_code(2)
    ani.move_to(f"new-{ani.email}")
    assert ani.verify(verification).code == "invalid_code" and not ani.me().json["email_verified"]
    wish = {"token": reset, "password": "another horse battery"}
    assert ani.client.post("/v1/auth/reset-password", wish).code == "invalid_code"
    assert ani.log_in().status == 200
    # The new address has a code of its own.
    assert ani.verify(ani.mailed_code(1)).status == 200 and ani.me().json["email_verified"]


def test_an_address_that_stays_the_same_stays_verified(ani):
    ani.enter()
    ani.verify(ani.mailed_code(1))
    answer = ani.client.request("PATCH", f"/v1/users/{ani.me().json['id']}", {"email": ani.email, "first_name": "Anisa"})
    assert (answer.json["email_verified"], answer.json["first_name"]) == (True, "Anisa")


def test_a_user_made_by_an_administrator_can_verify_his_address(newcomer, client):
    made = client.post("/v1/users", {"username": newcomer.username, "first_name": "Ani", "last_name": "Wijaya",
                                     "email": newcomer.email, "password": PASSWORD})
    assert made.status == 201 and not made.json["email_verified"]
    assert newcomer.verify(newcomer.mailed_code(1)).status == 200
    newcomer.enter()
    assert newcomer.me().json["email_verified"]


def test_another_code_is_mailed_on_demand_and_voids_the_one_before(ani):
    ani.enter()
    answer = ani.resend()
    assert (answer.status, answer.json) == (202, {})
    first, second = ani.mailed_code(1), ani.mailed_code(2)
    assert ani.verify(first).code == "invalid_code" and ani.verify(second).status == 200


def test_codes_on_demand_are_few_and_none_for_a_verified_address(ani, server):
    def mails():
        return int(psql(server.database, f"SELECT count(*) FROM mail_outbox WHERE recipient = '{ani.email}' AND is_secret")[0][0])

    ani.enter()
    assert {(answer.status, answer.body) for answer in (ani.resend() for _ in range(12))} == {(202, b"{}")}
    assert mails() == 10
    psql(server.database, "UPDATE one_time_code SET created_at = created_at - interval '1 hour' WHERE user_id = "
                          f"(SELECT id FROM app_user WHERE username = '{ani.username}')")
    assert ani.resend().status == 202 and mails() == 11
    assert ani.verify(ani.mailed_code(11)).status == 200
    assert ani.resend().status == 202 and mails() == 11


def test_an_expired_code_is_refused(ani, server):
    ani.client.post("/v1/auth/forgot-password", {"email": ani.email})
    token = ani.mailed_code(2)
    psql(server.database, "UPDATE one_time_code SET expires_at = now() - interval '1 second' "
                          f"WHERE user_id = (SELECT id FROM app_user WHERE username = '{ani.username}')")
    wish = {"token": token, "password": "another horse battery"}
    assert ani.client.post("/v1/auth/reset-password", wish).code == "invalid_code"
    assert ani.client.post("/v1/auth/verify-email", {"code": ani.mailed_code(1)}).code == "invalid_code"


def test_nobody_learns_who_has_an_account_from_a_forgotten_password(ani):
    known = ani.client.post("/v1/auth/forgot-password", {"email": ani.email})
    unknown = ani.client.post("/v1/auth/forgot-password", {"email": "nobody@example.com"})
    assert (known.status, known.body) == (unknown.status, unknown.body) == (202, b"{}")


def test_mails_are_for_the_eyes_of_the_machines_owner(ani, server):
    ani.mailed_code(1)
    assert (server.directory / "mail").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (server.directory / "mail").glob("*.eml"))


def test_nothing_secret_is_in_the_log(ani, server):
    entered = ani.enter()
    ani.client.post("/v1/auth/forgot-password", {"email": ani.email})
    code = ani.mailed_code(2)
    ani.log_in("a password that is wrong")
    log = "".join(path.read_text(errors="replace") for path in server.directory.glob("dompetd.*.log"))
    for secret in (PASSWORD, "a password that is wrong", code, entered["access_token"], entered["refresh_token"],
                   entered["access_token"].split(".")[2]):
        assert secret not in log


# --- keys of idempotency ---


def test_two_callers_may_use_the_same_idempotency_key(bank, server):
    wallet = bank.open()
    body = {"wallet_id": wallet, "amount": "1.00", "currency": "IDR", "method": "bri"}
    key = str(uuid.uuid4())
    assert bank.client.post("/v1/topups", body, key).status == 201
    other = Person(server)
    assert other.register().status == 201
    psql(server.database, "INSERT INTO user_role SELECT u.id, r.id FROM app_user u, role r "
                          f"WHERE u.username = '{other.username}' AND r.name = 'administrator'")
    other.enter()
    answer = other.client.post("/v1/topups", body, key)
    assert answer.status == 201 and not answer.is_replay
    other.client.close()
