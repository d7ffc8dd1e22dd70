"""The audit: who did what, with which request."""

import uuid

import pytest

from market import Customer
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


def recorded(client, target, count=1, what=None):
    """The rows about it, newest first, once there are so many."""
    place = f"/v1/audit?target={target}" + (f"&what={what}" if what else "")
    return wait_until(lambda: len(rows := client.get(place).json["data"]) >= count and rows, f"the record of {target}")


@pytest.fixture
def staff(client):
    return client.get("/v1/auth/me").json


@pytest.fixture
def customer(server, client):
    customer = Customer(server, client)
    yield customer
    customer.close()


def test_money_that_staff_moves_for_others_is_on_record_once(client, bank, staff, customer, shop):
    source, key = customer.wallet, str(uuid.uuid4())
    answers = {
        "POST /v1/topups": bank.top_up(source, "5.00"),
        "POST /v1/transfers": bank.transfer(source, shop.wallet, "5.00", key=key),
        "POST /v1/withdrawals": client.post("/v1/withdrawals", {
            "wallet_id": source, "amount": "5.00", "currency": "IDR",
            "destination": {"bank_code": "bri", "account_number": "1234567890"}}, key=str(uuid.uuid4())),
        "POST /v1/payments": client.post("/v1/payments", {"merchant_id": shop.id, "wallet_id": source, "amount": "5.00",
                                                          "currency": "IDR"}, key=str(uuid.uuid4())),
    }
    assert bank.transfer(source, shop.wallet, "5.00", key=key).is_replay
    assert bank.transfer(source, shop.wallet, "9000000.00").code == "insufficient_funds"
    for what, answer in answers.items():
        target = f"/v1/transactions/{answer.json['id']}"
        rows = recorded(client, target)
        assert [(row["what"], row["actor"], row["who"]) for row in rows] == [(what, staff["id"], staff["username"])]
        assert rows[0]["evidence"] == {"status": answer.status, "transactions": [answer.json["id"]]}


def test_what_staff_does_with_a_payment_is_on_record(client, staff, customer, shop):
    payment = shop.authorize(customer, "50.00")
    acts = [("increment", {"amount": "5.00"}), ("capture", {"amount": "10.00"}), ("void", {})]
    for act, body in acts:
        place = f"/v1/payments/{payment}/{act}"
        assert client.post(place, body, key=str(uuid.uuid4())).status == 200
        assert [row["actor"] for row in recorded(client, place)] == [staff["id"]]
    paid = shop.charge(customer, "5.00").json["id"]
    assert client.post(f"/v1/transactions/{paid}/refunds", {}, key=str(uuid.uuid4())).status == 201
    assert recorded(client, f"/v1/transactions/{paid}/refunds")[0]["who"] == staff["username"]


def test_a_bulk_of_staffs_is_on_record_with_what_it_made(client, customer, shop):
    item = {"source_wallet_id": customer.wallet, "destination_wallet_id": shop.wallet, "amount": "1.00", "currency": "IDR"}
    name, items = f"bulk-{uuid.uuid4().hex}", [item | {"idempotency_key": str(uuid.uuid4())} for _ in range(3)]
    items.append(items[0] | {"amount": "9000000.00", "idempotency_key": str(uuid.uuid4())})
    send = lambda request: client.request("POST", "/v1/transfers/bulk", {"items": items}, headers={"X-Request-Id": request})
    made = [item["transaction"]["id"] for item in send(name).json["data"] if item["status"] == 201]
    again = f"again-{name}"
    assert {item["replayed"] for item in send(again).json["data"]} == {True}
    # Rows are written in order: once this one is there, so is whatever the second bulk wrote.
    last = client.post("/v1/wallets", {"name": "Last", "currency": "IDR"}).json["id"]
    recorded(client, f"/v1/wallets/{last}")
    row = wait_until(lambda: [row for row in client.get("/v1/audit?target=/v1/transfers/bulk").json["data"]
                              if row["request_id"] == name], "the record")[0]
    assert sorted(row["evidence"]["transactions"]) == sorted(made) and len(made) == 3
    rows = client.get("/v1/audit?target=/v1/transfers/bulk").json["data"]
    assert again not in [row["request_id"] for row in rows]


def test_a_wallet_that_staff_opens_for_another_is_on_record(client, staff, ani):
    wallet = client.post("/v1/wallets", {"name": "For you", "currency": "IDR", "user_id": ani.id}).json["id"]
    row = recorded(client, f"/v1/wallets/{wallet}")[0]
    assert (row["what"], row["actor"], row["evidence"]) == ("POST /v1/wallets", staff["id"], {"user_id": ani.id})


def test_what_a_customer_changes_at_his_wallet_is_on_record_and_what_he_pays_is_not(client, customer, shop):
    place = f"/v1/wallets/{customer.wallet}"
    sent = customer.transfer(shop.wallet, "5.00").json["id"]
    customer.client.request("PATCH", place, {"limits": {"per_day": "10.00"}})
    customer.client.post(f"{place}/freeze")
    client.post(f"{place}/unfreeze")
    empty = customer.person.open_wallet()
    assert customer.client.post(f"/v1/wallets/{empty}/close").status == 200
    row = recorded(client, place, what="PATCH%20/v1/wallets/%7Bid%7D")[0]
    assert (row["actor"], row["evidence"]["before"]["limits"]["per_day"]) == (customer.id, None)
    assert row["evidence"]["after"]["limits"]["per_day"] == "10.00"
    assert recorded(client, f"{place}/freeze")[0]["actor"] == customer.id
    assert recorded(client, f"/v1/wallets/{empty}/close")[0]["actor"] == customer.id
    assert client.get(f"/v1/audit?target=/v1/transactions/{sent}").json["data"] == []


def test_nothing_that_staff_did_was_lost(server):
    wait_until(lambda: server.metric("dompet_audit_rows_waiting") == 0, "all is written")
    assert server.metric("dompet_audit_rows_lost_total") == 0
