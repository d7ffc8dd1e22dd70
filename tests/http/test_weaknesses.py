"""What is known to go wrong in systems of this kind, and cannot here; docs/weaknesses.md tells which is which, and where the
rest is shown."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import Bank
from accounts import PASSWORD, Person
from market import Customer, Shop
from processes import DOMPETD, Dompetd, dompetctl, psql, wait_until


@pytest.fixture
def person(server):
    return Person(server)


@pytest.fixture
def nobody(server):
    return server.client(login=None)


def log_in(client, email, password):
    return client.post("/v1/auth/login", {"email": email, "password": password})


def me(client, token):
    return client.get("/v1/auth/me", headers={"Authorization": f"Bearer {token}"})


# --- who gets in ---


def test_a_known_email_without_its_password_gets_no_token(nobody, person):
    other = Person(person.dompetd, password="another password of mine")
    for wrong in ("", " ", PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1], "x", other.password, "a" * 1_000):
        answer = log_in(nobody, person.email, wrong)
        assert answer.status in (400, 401, 429) and b"token" not in answer.body.replace(b"invalid_token", b""), answer
    for body in ({"email": person.email}, {"email": person.email, "password": None}, {"email": person.email, "password": True}):
        assert nobody.post("/v1/auth/login", body).status == 400


def test_a_right_password_does_not_open_the_door_for_a_wrong_one_after_it(nobody, person):
    for _ in range(3):
        assert log_in(nobody, person.email, person.password).status == 200
        assert log_in(nobody, person.email, "not the password").status == 401


def test_registering_never_makes_an_administrator(nobody, server):
    for more in ({"role": "administrator"}, {"roles": ["administrator"]}, {"permissions": ["*"]}, {"is_admin": True}):
        name = f"eve-{uuid.uuid4().hex[:8]}"
        answer = nobody.post("/v1/auth/register", {"username": name, "first_name": "Eve", "last_name": "E",
                                                   "email": f"{name}@example.org", "password": PASSWORD} | more)
        assert (answer.status, answer.code) == (400, "unknown_field"), answer
    eve = Person(server, "eve")
    mine = eve.client().get("/v1/auth/me").json
    assert mine["roles"] == ["customer"]
    assert not [name for name in mine["permissions"] if name.endswith(":any") or name == "*"]
    for path, wish in (("roles", {"roles": ["administrator"]}), ("lock", {})):
        for whose in (eve.id, Person(server).id):
            method = "PUT" if path == "roles" else "POST"
            assert eve.client().request(method, f"/v1/users/{whose}/{path}", wish).status in (403, 404)
    assert eve.client().request("PATCH", f"/v1/users/{eve.id}", {"roles": ["administrator"]}).status in (400, 403)
    assert eve.client().get("/v1/auth/me").json["roles"] == ["customer"]


def test_a_second_registration_gets_no_record_of_the_first(nobody, person):
    body = {"username": f"x{uuid.uuid4().hex[:8]}", "first_name": "Eve", "last_name": "E", "email": person.email.upper(),
            "password": "one two three four"}
    for again in (body, body | {"email": "new@example.org", "username": person.username.upper()}):
        answer = nobody.post("/v1/auth/register", again)
        assert (answer.status, answer.code) == (409, "already_exists")
        assert person.id not in answer.body.decode() and "Ani" not in answer.body.decode()
    assert log_in(nobody, person.email, body["password"]).status == 401


def test_a_refresh_token_opens_no_route_and_an_access_token_refreshes_nothing(nobody, person):
    tokens = log_in(nobody, person.email, person.password).json
    assert me(nobody, tokens["access_token"]).status == 200
    assert me(nobody, tokens["refresh_token"]).code == "invalid_token"
    assert nobody.post("/v1/auth/refresh", {"refresh_token": tokens["access_token"]}).code == "invalid_refresh_token"


def test_a_refresh_token_that_is_used_twice_ends_its_session(nobody, person):
    stolen = log_in(nobody, person.email, person.password).json["refresh_token"]
    fresh = nobody.post("/v1/auth/refresh", {"refresh_token": stolen}).json
    assert me(nobody, fresh["access_token"]).status == 200
    assert nobody.post("/v1/auth/refresh", {"refresh_token": stolen}).code == "invalid_refresh_token"
    assert nobody.post("/v1/auth/refresh", {"refresh_token": fresh["refresh_token"]}).code == "invalid_refresh_token"
    wait_until(lambda: me(nobody, fresh["access_token"]).status == 401, "its access tokens are refused, too")


def test_refreshing_and_resetting_need_no_access_token(nobody, person):
    refresh_token = log_in(nobody, person.email, person.password).json["refresh_token"]
    assert nobody.post("/v1/auth/refresh", {"refresh_token": refresh_token}).status == 200
    assert nobody.post("/v1/auth/forgot-password", {"email": person.email}).status == 202
    code = person.mailed("Reset")
    assert nobody.post("/v1/auth/reset-password", {"token": code, "password": "a password that is new"}).status == 200


def test_a_reset_password_is_hashed_and_logs_in(nobody, person, server):
    assert nobody.post("/v1/auth/forgot-password", {"email": person.email}).status == 202
    fresh = "a password that is new"
    assert nobody.post("/v1/auth/reset-password", {"token": person.mailed("Reset"), "password": fresh}).status == 200
    assert log_in(nobody, person.email, person.password).status == 401
    assert log_in(nobody, person.email, fresh).status == 200
    [[stored]] = psql(server.database, f"SELECT password_hash FROM app_user WHERE id = '{person.id}'")
    assert stored.startswith("$argon2id$") and fresh not in stored


def test_a_reset_code_is_used_once_and_expires(nobody, person, server):
    assert nobody.post("/v1/auth/forgot-password", {"email": person.email}).status == 202
    code = person.mailed("Reset")
    psql(server.database, f"UPDATE one_time_code SET expires_at = now() - interval '1 second' WHERE user_id = '{person.id}'",
         superuser=True)
    late = nobody.post("/v1/auth/reset-password", {"token": code, "password": "a password that is new"})
    assert (late.status, late.code) == (400, "invalid_code")
    psql(server.database, f"UPDATE one_time_code SET expires_at = now() + interval '1 hour' WHERE user_id = '{person.id}'",
         superuser=True)
    assert nobody.post("/v1/auth/reset-password", {"token": code, "password": "a password that is new"}).status == 200
    again = nobody.post("/v1/auth/reset-password", {"token": code, "password": "a password of a thief"})
    assert (again.status, again.code) == (400, "invalid_code")


def test_passwords_are_hashed_slowly_each_with_a_salt_of_its_own(server):
    people = [Person(server), Person(server)]
    ids = ", ".join(f"'{person.id}'" for person in people)
    hashes = [row[0] for row in psql(server.database, f"SELECT password_hash FROM app_user WHERE id IN ({ids})")]
    assert len(set(hashes)) == 2
    for stored in hashes:
        memory_kib, rounds = map(int, re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),", stored).groups())
        assert memory_kib >= 19_456 and rounds >= 2


def encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_tokens_that_this_ledger_did_not_sign_are_refused(nobody, person):
    token = log_in(nobody, person.email, person.password).json["access_token"]
    head, claims, signature = token.split(".")
    key = nobody.get("/.well-known/jwks.json").json["keys"][0]
    said = json.loads(base64.urlsafe_b64decode(claims + "==="))
    forged = encoded(said | {"roles": ["administrator"]})
    unsigned = encoded({"alg": "none", "typ": "JWT"}) + "." + forged + "."
    symmetric = encoded({"alg": "HS256", "typ": "JWT", "kid": key["kid"]}) + "." + forged
    tries = [f"{head}.{forged}.{signature}", unsigned, unsigned + signature, f"{head}.{claims}.", f"{head}.{claims}",
             token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")]
    for secret in ("secret", "", key["n"], json.dumps(key)):
        mac = hmac.new(secret.encode(), symmetric.encode(), hashlib.sha256).digest()
        tries.append(symmetric + "." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode())
    for one in tries:
        answer = me(nobody, one)
        assert (answer.status, answer.code) == (401, "invalid_token"), (one, answer)
    assert me(nobody, token).status == 200


def test_a_token_in_the_address_is_no_token(nobody, person):
    token = log_in(nobody, person.email, person.password).json["access_token"]
    for name in ("access_token", "token", "authorization"):
        assert nobody.get(f"/v1/wallets?{name}={token}").status == 401


def test_every_permission_that_a_route_needs_is_held_by_a_role_there_is(server):
    printed = subprocess.run([DOMPETD, "--print-routes"], capture_output=True, text=True, check=True).stdout
    needed = {line.split()[2] for line in printed.splitlines()} - {"-"}
    held = {permission.removesuffix(":any") for [names] in psql(
        server.database, "SELECT array_to_string(permissions, ',') FROM role WHERE name <> 'administrator'")
        for permission in names.split(",")}
    of_administrators = {"users:write", "roles:read", "roles:write", "wallets:limits", "risk:write", "fx:write"}
    assert needed - held <= of_administrators


# --- limits of requests ---


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory, database):
    """A second server on a ledger of its own, with the limits that a test can reach."""
    name = "strict_" + uuid.uuid4().hex[:8]
    psql(database, f"CREATE DATABASE {name} OWNER dompet", superuser=True)
    url = database.rsplit("/", 1)[0] + "/" + name
    dompetctl("migrate", "up", "--database", url)
    with Dompetd(tmp_path_factory.mktemp("strict"), url, http_auth_per_minute=30, http_rate_per_client=5, http_rate_burst=20,
                 http_rate_per_address=5).start() as dompetd:
        dompetd.authorization()  # kept for all its clients, since the tests use up the logins
        yield dompetd


def test_x_forwarded_for_does_not_lend_anothers_limit(strict_server):
    nobody = strict_server.client(login=None)
    answers = [nobody.post("/v1/auth/login", {"email": f"{number}@example.org", "password": "x" * 12},
                           headers={"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}",
                                    "Forwarded": f"for=203.0.113.{number}"}) for number in range(60)]
    limited = [answer for answer in answers if answer.code == "rate_limited"]
    assert len(limited) >= 20, answers
    for answer in limited:
        assert answer.status == 429 and int(answer.headers["retry-after"]) >= 1
        assert answer.headers["ratelimit-limit"] and answer.headers["ratelimit-remaining"] == "0"
        assert int(answer.headers["ratelimit-reset"]) >= 1


def test_who_sends_too_much_hinders_nobody_else(strict_server):
    administrator = strict_server.client()
    administrator.authorization()
    eve = strict_server.client(login=None, token=administrator.token)
    answers = [eve.get("/v1/wallets") for _ in range(60)]
    assert {answer.status for answer in answers} == {200, 429}
    assert answers[-1].code == "rate_limited" and answers[0].headers["ratelimit-limit"]
    assert strict_server.client(login=None).get("/readyz").status == 200
    stranger = strict_server.client(login=None).get("/v1/wallets")
    assert stranger.status == 401, "others have their own bound"
    wait_until(lambda: eve.get("/v1/wallets").status == 200, "some may be sent again", 10)


def test_nobody_tries_tokens_for_long(strict_server):
    eve = strict_server.client(login=None, token="x.y.z")
    answers = [eve.get("/v1/wallets") for _ in range(300)]
    assert answers[-1].code == "rate_limited" and answers[-1].headers["retry-after"]
    assert {answer.status for answer in answers} == {401, 429}


# --- whose things ---


def test_answers_of_one_are_never_served_to_another(server, nobody):
    ani, budi = Bank(Person(server, "ani").client()), Bank(Person(server, "budi").client())
    path = f"/v1/wallets/{ani.open_with('100.00')}"
    for target in (path, path + "/entries", "/v1/wallets", "/v1/transactions", "/v1/statistics"):
        mine = ani.client.get(target)
        assert mine.headers.get("cache-control") == "no-store", target
        theirs = budi.client.get(target)
        assert theirs.status == 404 or theirs.json != mine.json, target
        assert nobody.get(target).status == 401, target


def test_no_request_sets_a_balance(server):
    mine = Bank(Person(server).client())
    wallet = mine.open_with("10.00")
    for wish in ({"balance": "1000000.00"}, {"balance": {"available": "1000000.00"}}, {"available": 10**9}, {"version": 1},
                 {"total_balance": 5}):
        assert mine.client.request("PATCH", f"/v1/wallets/{wallet}", wish).code == "unknown_field"
        assert mine.client.post("/v1/wallets", {"name": "A", "currency": "IDR"} | wish).code == "unknown_field"
    credit = mine.client.request("PATCH", f"/v1/wallets/{wallet}", {"limits": {"credit_limit": "1000000.00"}})
    assert credit.status == 403, "a customer gives himself no credit"
    credit = mine.client.post("/v1/wallets", {"name": "A", "currency": "IDR", "limits": {"credit_limit": "1000000.00"}})
    assert credit.status == 403, "nor with a new wallet"
    assert mine.available(wallet) == "10.00"


# --- money ---


def test_a_transfer_to_oneself_makes_no_money(bank):
    wallet = bank.open_with("100.00")
    answer = bank.transfer(wallet, wallet, "60.00")
    assert (answer.status, answer.code) == (409, "same_wallet")
    assert bank.wallet(wallet)["balance"] == {"available": "100.00", "held": "0.00", "total": "100.00"}


def test_many_at_once_cannot_spend_the_same_money_twice(server, bank):
    source, destinations = bank.open_with("100.00"), [bank.open() for _ in range(4)]

    def spend(number):
        return Bank(server.client()).transfer(source, destinations[number % 4], "30.00").status
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(spend, range(32)))
    assert sorted(set(statuses)) == [201, 402] and statuses.count(201) == 3
    assert bank.available(source) == "10.00"
    assert sum(float(bank.available(wallet)) for wallet in destinations) == 90


def test_what_was_moved_cannot_be_edited_or_deleted(bank):
    source, destination = bank.open_with("10.00"), bank.open()
    transfer = bank.transfer(source, destination, "4.00").json["id"]
    for path in (f"/v1/transactions/{transfer}", f"/v1/transfers/{transfer}", f"/v1/wallets/{source}/entries/1"):
        for method in ("PUT", "PATCH", "DELETE"):
            assert bank.client.request(method, path, {"amount": "1.00"}).status in (404, 405), (method, path)
    assert bank.available(source) == "6.00" and bank.available(destination) == "4.00"


def test_amounts_beyond_32_bits_are_kept(bank):
    source, destination = bank.open_with("9999999999999.99"), bank.open()
    answer = bank.transfer(source, destination, "4294967297.01").json
    assert answer["amount"] == "4294967297.01"
    assert bank.available(destination) == "4294967297.01" and bank.available(source) == "9995705032702.98"


def test_money_is_never_rounded(bank):
    source, destination = bank.open_with("0.30"), bank.open()
    for _ in range(3):
        assert bank.transfer(source, destination, "0.10").status == 201
    assert bank.available(destination) == "0.30" and bank.available(source) == "0.00"
    assert bank.transfer(source, destination, 0.1).code == "invalid_amount"


def test_a_negative_amount_takes_nothing_from_others(bank):
    source, destination = bank.open_with("10.00"), bank.open_with("10.00")
    for amount in ("-5.00", -5, "-0.01", "0", 0):
        assert bank.transfer(source, destination, amount).status == 400
        assert bank.top_up(source, amount).status == 400
    assert bank.available(source) == "10.00" and bank.available(destination) == "10.00"


def test_the_same_request_twice_moves_money_once(bank):
    source, destination, key = bank.open_with("10.00"), bank.open(), bank.key()
    first, again = (bank.transfer(source, destination, "4.00", key=key) for _ in range(2))
    assert first.body == again.body and again.is_replay
    assert bank.available(source) == "6.00"
    assert bank.client.post("/v1/transfers", {"source_wallet_id": source, "destination_wallet_id": destination,
                                              "amount": "1.00", "currency": "IDR"}).code == "idempotency_key_required"


def test_keys_of_one_are_not_those_of_another(server):
    ani, budi = Bank(Person(server, "ani").client()), Bank(Person(server, "budi").client())
    mine, theirs, key = ani.open(), budi.open(), str(uuid.uuid4())
    assert ani.top_up(mine, "10.00", key=key).status == 201
    answer = budi.top_up(theirs, "7.00", key=key)
    assert answer.status == 201 and not answer.is_replay
    assert budi.available(theirs) == "7.00"


def test_a_balance_that_is_read_is_never_an_old_one(server, bank):
    source, destination = bank.open_with("50.00"), bank.open()
    others = Bank(server.client())
    for number in range(1, 41):
        bank.transfer(source, destination, "1.00")
        assert others.available(destination) == f"{number}.00"


def test_nothing_is_refused_at_random(bank):
    source, destination = bank.open_with("300.00"), bank.open()
    assert {bank.transfer(source, destination, "1.00").status for _ in range(300)} == {201}
    assert bank.available(source) == "0.00"


def test_every_movement_has_two_sides(bank):
    source, destination = bank.open_with("100.00"), bank.open()
    assert bank.transfer(source, destination, "33.00").status == 201
    assert (bank.available(source), bank.available(destination)) == ("67.00", "33.00")
    assert bank.client.get("/v1/ledger/trial-balance").json["is_balanced"]


def test_a_frozen_wallet_neither_pays_nor_receives(bank):
    source, destination = bank.open_with("10.00"), bank.open_with("10.00")
    assert bank.client.post(f"/v1/wallets/{source}/freeze").status == 200
    for answer in (bank.transfer(source, destination, "1.00"), bank.transfer(destination, source, "1.00"), bank.top_up(source, "1.00")):
        assert (answer.status, answer.code) == (409, "wallet_frozen")


def test_two_cards_that_look_alike_when_masked_are_two_cards(server):
    """Found by a hash of the whole number; what is shown of them does not tell them apart."""
    ani = Customer(server, server.client())
    cards = [ani.person.add_card(wallet_id=ani.person.open_wallet()) for _ in range(3)]
    masks = ", ".join(f"'{card['id']}'" for card in cards)
    psql(server.database, f"UPDATE card SET number_masked = '************0000' WHERE id IN ({masks})")
    for card in cards:
        found = ani.client.post("/v1/cards/lookup", {"number": card["number"]}).json
        assert (found["id"], found["wallet_id"]) == (card["id"], card["wallet_id"])


def test_a_payment_that_the_merchant_cannot_receive_leaves_the_payer_whole(server):
    staff = server.client()
    ani, shop = Customer(server, staff, "100.00"), Shop(server, staff)
    assert staff.post(f"/v1/wallets/{shop.wallet}/freeze").status == 200
    answer = ani.pay(shop.id, "40.00")
    assert answer.status == 409, answer
    assert ani.balance() == {"available": "100.00", "held": "0.00", "total": "100.00"}


def test_a_failed_withdrawal_is_not_debited_twice(tmp_path_factory, database):
    """Its provider refuses everything, and says so twice."""
    name = "refusing_" + uuid.uuid4().hex[:8]
    psql(database, f"CREATE DATABASE {name} OWNER dompet", superuser=True)
    url = database.rsplit("/", 1)[0] + "/" + name
    dompetctl("migrate", "up", "--database", url)
    with Dompetd(tmp_path_factory.mktemp("refusing"), url, provider_mode="simulated", provider_delay_ms=50,
                 provider_failure_rate=1000, provider_doubled_callback_rate=1000, provider_callback_secret="x" * 32).start() as dompetd:
        mine = Bank(Person(dompetd).client())
        # Top-ups are the provider's, too: this money comes from who is allowed to give credit.
        wallet = mine.open()
        given = dompetd.client().request("PATCH", f"/v1/wallets/{wallet}", {"limits": {"credit_limit": "100.00"}})
        assert given.status == 200, given
        answer = mine.client.post("/v1/withdrawals", {"wallet_id": wallet, "amount": "40.00", "currency": "IDR",
                                                      "destination": {"bank_code": "bri", "account_number": "1234567890"}},
                                  key=mine.key())
        whole = {"available": "0.00", "held": "0.00", "total": "0.00"}
        wait_until(lambda: mine.wallet(wallet)["balance"] == whole, lambda: f"it is given back: {mine.wallet(wallet)}")
        entries = mine.client.get(f"/v1/wallets/{wallet}/entries").json["data"]
        assert [entry["kind"] for entry in entries][:2] == ["hold_released", "hold_placed"], entries
        assert answer.status in (202, 402, 409), answer


def test_a_payment_that_is_declined_is_never_shown_as_paid(server):
    staff = server.client()
    ani, shop = Customer(server, staff, "10.00"), Shop(server, staff)
    answer = ani.pay(shop.id, "40.00")
    assert (answer.status, answer.code) == (402, "insufficient_funds")
    shown = ani.client.get(f"/v1/transactions/{answer.json['transaction_id']}").json
    assert shown["status"] == "declined" and shown["decline"]["code"] == "insufficient_funds"
    assert ani.balance()["total"] == "10.00"


def test_merchants_that_are_not_active_and_cards_that_are_not_valid_move_nothing(server):
    staff = server.client()
    ani, shop = Customer(server, staff, "100.00"), Shop(server, staff)
    pending = ani.person.add_merchant()["id"]
    assert ani.pay(pending, "1.00").status in (404, 409)
    for wrong in ({"cvv": f"{(int(ani.card['cvv']) + 1) % 1000:03}"}, {"expiry": "01/20"}, {"number": "4000000000000002"}):
        answer = shop.charge(ani, "1.00", card=ani.shown_card(**wrong))
        assert 400 <= answer.status < 500, (wrong, answer)
    assert ani.client.post(f"/v1/cards/{ani.card['id']}/freeze").status == 200
    assert 400 <= shop.charge(ani, "1.00").status < 500
    assert staff.post(f"/v1/merchants/{shop.id}/status", {"status": "inactive"}).status == 200
    assert 400 <= ani.pay(shop.id, "1.00").status < 500
    assert ani.balance() == {"available": "100.00", "held": "0.00", "total": "100.00"}


# --- what is beside the money ---


def test_a_mail_that_cannot_be_sent_harms_no_request(tmp_path_factory, database):
    name = "mute_" + uuid.uuid4().hex[:8]
    psql(database, f"CREATE DATABASE {name} OWNER dompet", superuser=True)
    url = database.rsplit("/", 1)[0] + "/" + name
    dompetctl("migrate", "up", "--database", url)
    directory = tmp_path_factory.mktemp("mute")
    (directory / "mail").write_text("here no directory can be made")
    with Dompetd(directory, url).start() as dompetd:
        person = Person(dompetd)
        assert log_in(dompetd.client(login=None), person.email, person.password).status == 200
        (directory / "mail").unlink()
        assert person.mailed("Confirm"), "it is sent as soon as it can be"


def test_nobody_deletes_the_audit(bank, server):
    for method in ("DELETE", "PUT", "PATCH", "POST"):
        for path in ("/v1/audit", f"/v1/audit/{uuid.uuid4()}"):
            assert bank.client.request(method, path).status in (404, 405), (method, path)


def test_latencies_are_measured_finely_enough_to_be_of_use(server, bank):
    bank.open()
    text = bank.client.get("/metrics").body.decode()
    bounds = [float(bound) for bound in re.findall(r'dompet_http_request_duration_seconds_bucket\{[^}]*le="([\d.e-]+)"', text)]
    assert min(bounds) <= 0.001 and len({bound for bound in bounds if bound < 0.1}) >= 5
