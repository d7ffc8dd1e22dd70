"""The audit: who did what, with which request."""

import uuid

import pytest

from people import add_person, new_user
from processes import wait_until


@pytest.fixture
def ani(server, client):
    person = add_person(server, client)
    yield person
    person.client.close()


def test_every_write_is_on_record_with_who_and_which_request(client, ani):
    admin = client.get("/v1/auth/me").json["id"]
    name = f"audited-{uuid.uuid4().hex}"
    client.request("PATCH", f"/v1/users/{ani.id}", {"first_name": "Anisa"}, headers={"X-Request-Id": name})
    row = client.get(f"/v1/audit?target=user:{ani.id}").json["data"][0]
    assert (row["actor"], row["what"], row["request_id"]) == (admin, "user.change", name)
    assert row["evidence"]["first_name"] == {"before": "Ani", "after": "Anisa"}


def test_roles_locks_and_reviews_are_on_record(client, ani):
    client.request("PUT", f"/v1/users/{ani.id}/roles", {"roles": ["customer", "viewer"]})
    client.post(f"/v1/users/{ani.id}/lock")
    rows = client.get(f"/v1/audit?target=user:{ani.id}").json["data"]
    assert [row["what"] for row in rows] == ["user.lock", "user.roles", "user.create"]
    assert "viewer" in str(rows[1]["evidence"]["roles"]["after"])


def test_what_was_refused_was_not_done(client, ani):
    assert ani.client.request("PUT", f"/v1/users/{ani.id}/roles", {"roles": ["administrator"]}).status == 403
    assert client.get(f"/v1/audit?target=user:{ani.id}&what=user.roles").json["data"] == []


def test_the_audit_is_listed_by_filters_in_pages(client, ani):
    cards = [ani.add_card() for _ in range(3)]
    whole = list(client.all(f"/v1/audit?actor={ani.id}"))
    assert [row["target"] for row in whole] == [f"card:{card['id']}" for card in cards[::-1]] + [f"user:{ani.id}"]
    assert list(client.all(f"/v1/audit?actor={ani.id}", limit=1)) == whole
    assert client.get(f"/v1/audit?actor={ani.id}&what=card.freeze").json["data"] == []
    assert client.get(f"/v1/audit?actor={ani.id}&to={whole[-1]['at']}").json["data"] == []
    cursor = client.get(f"/v1/audit?actor={ani.id}&limit=1").json["next_cursor"]
    assert client.get(f"/v1/audit?what=card.create&cursor={cursor}").code == "cursor_mismatch"
    assert client.get("/v1/audit?actor=x").code == "invalid_id"


def test_the_audit_is_not_for_customers(ani):
    assert (ani.client.get("/v1/audit").status, ani.client.get("/v1/audit").code) == (403, "forbidden")


def test_no_password_is_in_the_audit(client):
    body = new_user(password=f"secret {uuid.uuid4().hex}")
    client.post("/v1/users", body)
    text = client.get("/v1/audit?what=user.create").body.decode()
    assert body["password"] not in text and "argon2" not in text


def test_logins_and_logouts_are_on_record(client, ani):
    assert ani.client.get("/v1/auth/me").status == 200
    assert ani.client.post("/v1/auth/logout").status in (200, 204)
    rows = client.get(f"/v1/audit?actor={ani.id}").json["data"]
    assert [(row["what"], row["target"]) for row in rows] == [(what, f"user:{ani.id}")
                                                             for what in ("user.logout", "user.login")]
    assert rows[1]["who"] == ani.email


def test_what_staff_does_to_a_wallet_is_on_record(client, ani):
    wallet = ani.add_card()["wallet_id"]
    client.post(f"/v1/wallets/{wallet}/freeze")
    row = wait_until(lambda: client.get(f"/v1/audit?target=/v1/wallets/{wallet}/freeze").json["data"], "the record")[0]
    assert (row["what"], row["who"]) == ("POST /v1/wallets/{id}/freeze", client.get("/v1/auth/me").json["username"])
