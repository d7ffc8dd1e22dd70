"""Merchants, their documents, and the keys of their servers."""

import re
import uuid

import pytest

from market import Customer, Shop
from people import add_person
from processes import psql, wait_until


@pytest.fixture
def ani(server, client):
    person = add_person(server, client)
    yield person
    person.client.close()


@pytest.fixture
def budi(server, client):
    person = add_person(server, client)
    yield person
    person.client.close()


def test_a_merchant_begins_pending_and_is_paid_into_its_owners_wallet(ani, budi):
    merchant = ani.add_merchant()
    assert (merchant["status"], merchant["user_id"]) == ("pending", ani.id)
    answer = budi.client.post("/v1/merchants", {"name": "Toko", "wallet_id": merchant["wallet_id"]})
    assert (answer.status, answer.code) == (404, "wallet_not_found")


@pytest.mark.parametrize("steps", [["active", "inactive", "active"], ["rejected"], ["active", "active"], ["inactive"],
                                   ["rejected", "active"], ["rejected", "pending", "active", "rejected", "inactive"]])
def test_a_merchants_status_follows_the_review(client, ani, steps):
    merchant = ani.add_merchant()
    for status in steps:
        answer = client.post(f"/v1/merchants/{merchant['id']}/status", {"status": status})
        assert (answer.status, answer.json["status"]) == (200, status)


@pytest.mark.parametrize("status", ["active", "inactive"])
def test_a_merchant_that_was_accepted_does_not_wait_for_a_review(client, ani, status):
    merchant = ani.add_merchant()
    assert client.post(f"/v1/merchants/{merchant['id']}/status", {"status": status}).status == 200
    answer = client.post(f"/v1/merchants/{merchant['id']}/status", {"status": "pending"})
    assert (answer.status, answer.code) == (409, "status_refused")
    for unknown in ("open", "", 1):
        assert client.post(f"/v1/merchants/{merchant['id']}/status", {"status": unknown}).status == 400


def test_nobody_approves_his_own_merchant_or_document(ani):
    merchant = ani.add_merchant()
    document = ani.add_document(merchant["id"])
    assert ani.client.post(f"/v1/merchants/{merchant['id']}/status", {"status": "active"}).status == 403
    assert ani.client.post(f"/v1/merchant-documents/{document['id']}/status", {"status": "approved"}).status == 403
    assert ani.client.request("PATCH", f"/v1/merchants/{merchant['id']}", {"status": "active"}).status == 400


def test_a_document_is_reviewed_and_again_when_it_changes(client, ani):
    document = ani.add_document(ani.add_merchant()["id"])
    place = f"/v1/merchant-documents/{document['id']}"
    assert document["status"] == "pending"
    reviewed = client.post(f"{place}/status", {"status": "rejected", "note": "Not readable"}).json
    assert (reviewed["status"], reviewed["note"]) == ("rejected", "Not readable")
    assert client.post(f"{place}/status", {"status": "approved"}).json["note"] == ""
    changed = ani.client.request("PATCH", place, {"document_url": "https://example.com/other.pdf"}).json
    assert changed["status"] == "pending"


@pytest.mark.parametrize("url", ["ftp://example.com", "javascript:alert(1)", "https://", "example.com", "https://a b"])
def test_a_document_is_at_a_web_address(ani, url):
    merchant = ani.add_merchant()["id"]
    answer = ani.client.post("/v1/merchant-documents",
                             {"merchant_id": merchant, "document_type": "licence", "document_url": url})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "document_url")


def test_no_document_for_a_merchant_of_another(ani, budi):
    merchant = ani.add_merchant()["id"]
    body = {"merchant_id": merchant, "document_type": "licence", "document_url": "https://example.com"}
    assert budi.client.post("/v1/merchant-documents", body).code == "merchant_not_found"
    assert budi.client.post("/v1/merchant-documents", body | {"merchant_id": str(uuid.uuid4())}).code == \
        "merchant_not_found"


def test_a_merchant_with_documents_or_payments_is_kept(server, client):
    shop, customer = Shop(server, client), Customer(server, client)
    ani = shop.owner
    with_document, with_trash, bare = (ani.add_merchant(wallet=shop.wallet) for _ in range(3))
    authorized = Shop(server, client)
    ani.add_document(with_document["id"])
    thrown_away = ani.add_document(with_trash["id"])
    ani.client.request("DELETE", f"/v1/merchant-documents/{thrown_away['id']}")
    assert shop.charge(customer, "5.00").status == 201
    authorized.authorize(customer, "5.00")
    for owner, merchant in ((ani, with_document["id"]), (ani, with_trash["id"]), (ani, bare["id"]), (ani, shop.id),
                            (authorized.owner, authorized.id)):
        assert owner.client.request("DELETE", f"/v1/merchants/{merchant}").status == 200
    for owner, kept in ((ani, with_document["id"]), (ani, shop.id), (authorized.owner, authorized.id)):
        assert owner.client.request("DELETE", f"/v1/merchants/{kept}/permanent").code == "still_referenced"
    # Money went through the wallet of these as well, but no payment names them.
    assert ani.client.request("DELETE", f"/v1/merchants/{with_trash['id']}/permanent").status == 200
    assert ani.client.request("DELETE", "/v1/merchants/trash").json == {"deleted": 1, "kept": 2, "has_more": False}
    for one in (shop, customer, authorized):
        one.close()


def test_merchants_wait_in_a_list_for_their_review(client, ani):
    name = f"Warung {uuid.uuid4().hex}"
    merchant = ani.add_merchant(name)
    term = name.split()[1]
    assert [row["id"] for row in client.get(f"/v1/merchants?status=pending&search={term}").json["data"]] == [merchant["id"]]
    assert client.get(f"/v1/merchants?status=active&search={term}").json["data"] == []
    assert client.get("/v1/merchants?status=open").code == "invalid_parameter"


def make_key(person, merchant, **more):
    return person.client.post(f"/v1/merchants/{merchant}/api-keys",
                              {"name": "web shop", "scopes": ["payments:write"]} | more)


def test_a_key_is_shown_once_and_kept_as_a_hash(database, server, client, ani):
    merchant = ani.add_merchant()["id"]
    answer = make_key(ani, merchant)
    key = answer.json["key"]
    assert answer.status == 201 and answer.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"dpk_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", key) and key.startswith(answer.json["prefix"] + "_")
    listed = ani.client.get(f"/v1/merchants/{merchant}/api-keys")
    assert [row["id"] for row in listed.json["data"]] == [answer.json["id"]]
    secret = key.split("_", 2)[2]
    for place in (listed.body.decode(), ani.client.get(f"/v1/merchants/{merchant}").body.decode(),
                  client.get("/v1/audit?limit=200").body.decode(), server.logs(),
                  str(psql(database, "SELECT api_key::text FROM api_key"))):
        assert secret not in place
    hashed = psql(database, f"SELECT hash = sha256('{key}') FROM api_key WHERE id = '{answer.json['id']}'")
    assert hashed == [["t"]]


def test_a_merchant_has_several_keys_and_revokes_one(ani):
    merchant = ani.add_merchant()["id"]
    first, second = make_key(ani, merchant).json, make_key(ani, merchant, name="till").json
    for _ in range(2):
        revoked = ani.client.request("DELETE", f"/v1/merchants/{merchant}/api-keys/{first['id']}")
        assert (revoked.status, revoked.json) == (200, {"id": first["id"], "revoked": True})
    rows = {row["id"]: row for row in ani.client.get(f"/v1/merchants/{merchant}/api-keys").json["data"]}
    assert rows[first["id"]]["revoked_at"] and rows[second["id"]]["revoked_at"] is None


def test_keys_are_their_merchants_owners(ani, budi):
    merchant = ani.add_merchant()["id"]
    key = make_key(ani, merchant).json["id"]
    assert make_key(budi, merchant).code == "merchant_not_found"
    assert budi.client.get(f"/v1/merchants/{merchant}/api-keys").code == "merchant_not_found"
    assert budi.client.request("DELETE", f"/v1/merchants/{merchant}/api-keys/{key}").code == "api_key_not_found"
    other = budi.add_merchant()["id"]
    assert budi.client.request("DELETE", f"/v1/merchants/{other}/api-keys/{key}").code == "api_key_not_found"


@pytest.mark.parametrize("wrong,code", [
    ({"scopes": ["users:write"]}, "unknown_permission"), ({"scopes": ["*"]}, "unknown_permission"),
    ({"scopes": ["payments:write:any"]}, "unknown_permission"), ({"scopes": []}, "invalid_field"),
    ({"scopes": "payments:write"}, "invalid_field"), ({"expires_at": "2001-01-01T00:00:00Z"}, "invalid_field"),
    ({"name": ""}, "invalid_field"), ({"colour": "red"}, "unknown_field"),
])
def test_a_key_is_refused_field_by_field(ani, wrong, code):
    answer = make_key(ani, ani.add_merchant()["id"], **wrong)
    assert (answer.status, answer.code) == (400, code)


def by_key(server, key, method="GET", path="/v1/merchants", body=None):
    """What the merchant's servers are told."""
    nobody = server.client(login=None)
    answer = nobody.request(method, path, body, headers={"X-Api-Key": key})
    nobody.close()
    return answer


def test_a_key_lets_a_merchants_servers_in_as_far_as_its_scopes_go(server, ani, budi):
    merchant = ani.add_merchant()["id"]
    budi.add_merchant()
    key = make_key(ani, merchant, scopes=["merchants:read"]).json["key"]
    listed = by_key(server, key)
    assert (listed.status, [row["id"] for row in listed.json["data"]]) == (200, [merchant])
    for method, path in (("POST", "/v1/merchants"), ("GET", "/v1/cards"), ("GET", "/v1/auth/me"), ("GET", "/v1/users"),
                         ("POST", f"/v1/merchants/{merchant}/api-keys")):
        refused = by_key(server, key, method, path)
        assert (refused.status, refused.code) == (403, "forbidden"), path


def test_a_key_shows_one_merchant_of_a_user_who_has_several(server, ani):
    mine, other = ani.add_merchant("Mine")["id"], ani.add_merchant("Other")["id"]
    key = make_key(ani, mine, scopes=["merchants:read", "wallets:read", "transactions:read", "statistics:read"]).json["key"]
    assert [row["id"] for row in by_key(server, key).json["data"]] == [mine]
    assert [row["id"] for row in by_key(server, key, path="/v1/merchants?state=all&search=Other").json["data"]] == []
    assert by_key(server, key, path=f"/v1/merchants/{mine}").json["id"] == mine
    refused = by_key(server, key, path=f"/v1/merchants/{other}")
    assert (refused.status, refused.code) == (404, "merchant_not_found")
    assert by_key(server, key, path=f"/v1/statistics?merchant_id={other}").code == "merchant_not_found"
    wallet = ani.client.get(f"/v1/merchants/{other}").json["wallet_id"]
    assert by_key(server, key, path=f"/v1/wallets/{wallet}").code == "wallet_not_found"
    assert by_key(server, key, path=f"/v1/transactions?merchant_id={other}").json["data"] == []
    assert len(ani.client.get("/v1/merchants").json["data"]) == 2


def test_a_revoked_key_is_refused_at_once(server, ani):
    merchant = ani.add_merchant()["id"]
    key, other = (make_key(ani, merchant, scopes=["merchants:read"]).json for _ in range(2))
    assert by_key(server, key["key"]).status == 200
    ani.client.request("DELETE", f"/v1/merchants/{merchant}/api-keys/{key['id']}")
    wait_until(lambda: by_key(server, key["key"]).code == "invalid_api_key", "the key is refused", deadline_s=3)
    assert by_key(server, other["key"]).status == 200
    ani.client.request("DELETE", f"/v1/merchants/{merchant}")
    wait_until(lambda: by_key(server, other["key"]).status == 401, "the merchant is gone", deadline_s=3)


def test_keys_of_a_user_who_is_locked_out_are_refused_at_once(server, client, ani):
    key = make_key(ani, ani.add_merchant()["id"], scopes=["merchants:read"]).json["key"]
    for deed, status in (("unlock", 200), ("lock", 401), ("unlock", 200)):
        assert client.post(f"/v1/users/{ani.id}/{deed}").status == 200
        assert by_key(server, key).status == status, deed
    client.request("DELETE", f"/v1/users/{ani.id}")
    assert by_key(server, key).status == 401


def test_a_key_that_was_never_given_out_is_refused(server, ani):
    key = make_key(ani, ani.add_merchant()["id"], scopes=["merchants:read"]).json["key"]
    changed = key[:-1] + ("A" if key[-1] != "A" else "B")
    for wrong in (changed, key.upper(), key[:-1], "", "dpk_", "x" * 2000):
        answer = by_key(server, wrong)
        assert (answer.status, answer.code) == (401, "invalid_api_key"), wrong
    assert by_key(server, key, path="/v1/nothing").status == 404


def test_when_a_key_was_used_is_seen(ani, server):
    merchant = ani.add_merchant()["id"]
    key = make_key(ani, merchant, scopes=["merchants:read"]).json
    assert key["last_used_at"] is None
    by_key(server, key["key"])
    assert ani.client.get(f"/v1/merchants/{merchant}/api-keys").json["data"][0]["last_used_at"]
