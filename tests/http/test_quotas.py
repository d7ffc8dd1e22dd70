"""How much one client may ask, and from where: buckets with headers, proxies that are believed, pages that may call."""

import base64
import hashlib
import hmac
import json
import time
import uuid

import pytest

from held import transaction
from processes import ADMIN_EMAIL, ADMIN_PASSWORD, WITHOUT_BOUNDS, Dompetd, HttpClient, dompetctl, psql
from tokens import parts_of

ORIGIN = "https://shop.example"
SECRET = "a secret of sixteen characters"


def fresh_ledger(database, name):
    """Beside the one of the other tests, whose server shall keep its wallets."""
    name = f"{name}_{uuid.uuid4().hex[:8]}"
    psql(database, f"CREATE DATABASE {name} OWNER dompet", superuser=True)
    url = database.rsplit("/", 1)[0] + "/" + name
    dompetctl("migrate", "up", "--database", url)
    return url


@pytest.fixture(scope="module")
def strict(tmp_path_factory, database):
    """A server with small bounds."""
    settings = {"http_rate_per_client": 1, "http_rate_burst": 20, "http_rate_per_address": 2, "http_auth_per_minute": 12,
                "http_trusted_proxies": "127.0.0.1", "http_cors_origins": ORIGIN, "engine_fast_path": "true",
                "identity_failures_per_address": 3}
    with Dompetd(tmp_path_factory.mktemp("strict"), fresh_ledger(database, "strict"), **settings).start() as dompetd:
        yield dompetd


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory, database):
    """A server with the bounds that operators get when they say nothing about them."""
    dompetd = Dompetd(tmp_path_factory.mktemp("ordinary"), fresh_ledger(database, "ordinary"), provider_mode="simulated",
                      provider_callback_secret=SECRET)
    for bound in WITHOUT_BOUNDS:
        del dompetd.settings[bound]
    with dompetd.start():
        yield dompetd


def call_back(client, secret=SECRET):
    """What a provider says about a transaction that is not there."""
    message, now = str(uuid.uuid4()), str(int(time.time()))
    body = json.dumps({"transaction_id": str(uuid.uuid4()), "outcome": "completed"})
    signature = hmac.new(secret.encode(), f"{message}.{now}.{body}".encode(), hashlib.sha256).digest()
    return client.post("/v1/providers/simulator/callbacks", body.encode(), headers={
        "webhook-id": message, "webhook-timestamp": now, "webhook-signature": "v1," + base64.b64encode(signature).decode()})


def test_signed_callbacks_are_not_counted_as_logins(ordinary):
    provider = ordinary.client(login=None)
    said = [call_back(provider) for _ in range(200)]
    assert {(answer.status, answer.code) for answer in said} == {(404, "transaction_not_found")}
    assert not any(name.startswith("ratelimit") for name in said[-1].headers)
    assert call_back(provider, "another secret of sixteen").code == "invalid_signature"
    # And the logins of the same address are all still there.
    said = [provider.post("/v1/auth/forgot-password", {"email": "nobody@example.com"}).status for _ in range(62)]
    assert said[:60] == [202] * 60 and said[-1] == 429
    provider.close()


def test_api_keys_that_are_none_are_looked_up_few_times(strict):
    nobody = strict.client(login=None)

    def ask(key):
        return nobody.get("/v1/merchants", headers={"X-Forwarded-For": "198.51.100.90", "X-Api-Key": key})

    assert ask("dpk_known_to_be_none").code == "invalid_api_key"
    with transaction(strict.database, "LOCK TABLE api_key"):
        # From now on every look-up hangs.
        said = [ask("dpk_known_to_be_none")]
        while said[-1].status == 401:
            said.append(ask("dpk_known_to_be_none"))
        assert said[0].code == "invalid_api_key" and said[-1].code == "rate_limited"
        assert ask(f"dpk_{uuid.uuid4().hex}").code == "rate_limited"
    nobody.close()


def test_good_api_keys_are_not_counted_as_strangers(strict):
    merchant, keys = uuid.uuid4(), [f"dpk_{uuid.uuid4().hex}" for _ in range(15)]
    # Straight in the tables: the administrator may not ask so much here.
    psql(strict.database, "INSERT INTO merchant (id, user_id, wallet_id, name, status) SELECT "
                          f"'{merchant}', id, gen_random_uuid(), 'Toko', 'active' FROM app_user LIMIT 1",
         *(f"INSERT INTO api_key (id, merchant_id, name, prefix, hash, scopes) VALUES (gen_random_uuid(), '{merchant}', "
           f"'till', 'dpk', sha256('{key}'), '{{merchants:read}}')" for key in keys))
    nobody = strict.client(login=None)
    said = [nobody.get("/v1/merchants", headers={"X-Forwarded-For": "198.51.100.92", "X-Api-Key": key}) for key in keys]
    assert [answer.status for answer in said] == [200] * len(keys)
    assert said[0].headers["ratelimit-limit"] == "20", "the bound that is told is the merchant's own"
    nobody.close()


def test_documents_that_ask_nothing_count_for_the_merchant_too(strict):
    merchant, key = uuid.uuid4(), f"dpk_{uuid.uuid4().hex}"
    psql(strict.database, "INSERT INTO merchant (id, user_id, wallet_id, name, status) SELECT "
                          f"'{merchant}', id, gen_random_uuid(), 'Toko', 'active' FROM app_user LIMIT 1",
         "INSERT INTO api_key (id, merchant_id, name, prefix, hash, scopes) VALUES (gen_random_uuid(), "
         f"'{merchant}', 'till', 'dpk', sha256('{key}'), '{{merchants:read}}')")
    nobody = strict.client(login=None)
    fields = {"X-Forwarded-For": "198.51.100.93", "X-Api-Key": key}
    assert nobody.get("/v1/merchants", headers=fields).status == 200
    said = [nobody.post("/graphql", {"query": "{ __typename }"}, headers=fields) for _ in range(25)]
    assert said[0].status == 200 and said[0].headers["ratelimit-limit"] == "20"
    assert (said[-1].status, said[-1].code) == (429, "rate_limited")
    nobody.close()


def test_an_address_that_is_locked_is_on_record_once(strict):
    nobody = strict.client(login=None)
    said = [nobody.post("/v1/auth/login", {"email": f"{number}@nobody.example", "password": "wrong horse battery"},
                        headers={"X-Forwarded-For": "198.51.100.91"}).code for number in range(6)]
    assert said == ["invalid_credentials"] * 3 + ["too_many_attempts"] * 3
    assert psql(strict.database, "SELECT what, who, actor IS NULL FROM audit WHERE target = 'address:198.51.100.91'") == [
        ["login.lock", "dompetd", "t"]]
    nobody.close()


def test_a_client_has_a_burst_and_is_told_what_is_left(strict):
    client = strict.client()
    answers = [client.get("/v1/auth/me") for _ in range(25)]
    assert [answer.status for answer in answers[:20]] == [200] * 20
    left = [int(answer.headers["ratelimit-remaining"]) for answer in answers[:20]]
    assert left == sorted(left, reverse=True) and left[-1] <= 2 and answers[0].headers["ratelimit-limit"] == "20"
    late = answers[-1]
    assert (late.status, late.code) == (429, "rate_limited")
    assert int(late.headers["retry-after"]) >= 1 and late.headers["ratelimit-remaining"] == "0"
    client.close()


def test_logins_from_an_address_are_few_and_another_address_has_its_own(strict):
    nobody = strict.client(login=None)
    body = {"email": "nobody@example.com", "password": "wrong horse battery"}
    there = {"X-Forwarded-For": "203.0.113.7, 198.51.100.1"}
    said = [nobody.post("/v1/auth/forgot-password", {"email": body["email"]}, headers=there).status for _ in range(14)]
    assert said == [202] * 12 + [429] * 2
    # Only what the proxy itself wrote counts: the last address.
    assert nobody.post("/v1/auth/forgot-password", {"email": body["email"]},
                       headers={"X-Forwarded-For": "192.0.2.9, 198.51.100.1"}).status == 429
    assert nobody.post("/v1/auth/forgot-password", {"email": body["email"]},
                       headers={"X-Forwarded-For": "198.51.100.2"}).status == 202
    nobody.close()


def test_bad_tokens_from_one_address_are_soon_turned_away(strict):
    nobody = strict.client(login=None)
    fields = {"X-Forwarded-For": "198.51.100.77", "Authorization": "Bearer x"}
    said = [nobody.get("/v1/wallets", headers=fields).status for _ in range(12)]
    assert said[:10] == [401] * 10 and said[-1] == 429
    nobody.close()


def test_a_proxy_that_is_not_named_is_not_believed(server, database):
    """The address of a session is what the server believes."""
    nobody = server.client(login=None)
    answer = nobody.post("/v1/auth/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD},
                         headers={"X-Forwarded-For": "198.51.100.78"})
    session = parts_of(answer.json["access_token"])[1]["sid"]
    assert psql(database, f"SELECT client FROM session WHERE id = '{session}'") == [["127.0.0.1"]]
    nobody.close()


def test_a_page_of_an_allowed_origin_may_call(strict):
    client = HttpClient(strict.port)
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = client.request("OPTIONS", "/v1/wallets", headers=asked)
    assert preflight.status == 204 and preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    answer = client.get("/healthz", headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN and answer.headers["vary"] == "Origin"
    assert {"Link", "Location", "Retry-After"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    client.close()


@pytest.mark.parametrize("origin", ["https://evil.example", ORIGIN + ".evil.example", "null", "http://shop.example"])
def test_a_page_of_another_origin_may_not(strict, origin):
    client = HttpClient(strict.port)
    for answer in (client.request("OPTIONS", "/v1/wallets", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}),
                   client.get("/healthz", headers={"Origin": origin})):
        assert "access-control-allow-origin" not in answer.headers
    client.close()
