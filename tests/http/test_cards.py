"""Cards: numbers that only their owner sees, and a wallet that obeys."""

import json
import re
import uuid

import pytest

from market import Customer, Shop
from people import add_person
from processes import psql


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


def luhn(number):
    digits = [int(digit) for digit in number[::-1]]
    return sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])


def test_a_card_opens_its_wallet_and_shows_its_number_once(ani):
    answer = ani.client.post("/v1/cards", {"type": "debit", "provider": "visa", "name": "Belanja", "currency": "IDR"})
    assert answer.status == 201, answer
    card = answer.json
    assert answer.headers["location"] == f"/v1/cards/{card['id']}"
    assert answer.headers["cache-control"] == "no-store"
    assert re.fullmatch("400000[0-9]{10}", card["number"]) and luhn(card["number"]) % 10 == 0
    assert re.fullmatch("[0-9]{3}", card["cvv"])
    assert card["number_masked"] == "************" + card["number"][-4:]
    assert card["user_id"] == ani.id and card["status"] == "active"
    wallet = ani.client.get(f"/v1/wallets/{card['wallet_id']}").json
    assert (wallet["name"], wallet["currency"]) == ("Belanja", "IDR")
    read = ani.client.get(f"/v1/cards/{card['id']}").json
    assert read == {name: value for name, value in card.items() if name not in ("number", "cvv")}


def test_a_card_of_a_wallet_that_is_there(ani):
    wallet = ani.open_wallet()
    cards = [ani.add_card(wallet_id=wallet, provider=provider) for provider in ("mastercard", "bni")]
    assert {card["wallet_id"] for card in cards} == {wallet}
    assert len({card["number"] for card in cards}) == 2
    listed = ani.client.get(f"/v1/cards?wallet_id={wallet}").json["data"]
    assert {row["id"] for row in listed} == {card["id"] for card in cards}


def test_no_card_for_a_wallet_of_another(ani, budi):
    wallet = budi.open_wallet()
    answer = ani.client.post("/v1/cards", {"type": "debit", "provider": "visa", "wallet_id": wallet})
    assert (answer.status, answer.code) == (404, "wallet_not_found")
    answer = ani.client.post("/v1/cards", {"type": "debit", "provider": "visa", "wallet_id": str(uuid.uuid4())})
    assert (answer.status, answer.code) == (404, "wallet_not_found")


def test_a_card_is_made_in_ones_own_name_and_by_staff_for_anybody(client, ani, budi):
    body = {"type": "debit", "provider": "visa", "name": "B", "currency": "IDR", "user_id": budi.id}
    assert ani.client.post("/v1/cards", body).code == "forbidden"
    card = client.post("/v1/cards", body).json
    assert card["user_id"] == budi.id
    assert budi.client.get(f"/v1/cards/{card['id']}").status == 200
    assert client.post("/v1/cards", body | {"user_id": str(uuid.uuid4())}).code == "user_not_found"


@pytest.mark.parametrize("body,field", [
    ({"type": "gold", "provider": "visa", "name": "A", "currency": "IDR"}, "type"),
    ({"type": "debit", "provider": "acme", "name": "A", "currency": "IDR"}, "provider"),
    ({"type": "debit", "provider": "visa"}, "wallet_id"),
    ({"type": "debit", "provider": "visa", "name": "A", "currency": "IDR", "wallet_id": str(uuid.uuid4())}, "wallet_id"),
    ({"type": "debit", "provider": "visa", "name": "A"}, "currency"),
    ({"type": "debit", "provider": "visa", "name": "A", "currency": "IDR", "cvv": "123"}, "cvv"),
    ({"type": "debit", "provider": "visa", "name": "A", "currency": "IDR", "number": "4242424242424242"}, "number"),
])
def test_a_card_is_refused_field_by_field(ani, body, field):
    answer = ani.client.post("/v1/cards", body)
    assert answer.status == 400
    assert field in [error["field"] for error in answer.json["errors"]]


def test_numbers_and_cvvs_are_in_no_answer_but_creation_and_reveal(client, ani):
    card = ani.add_card()
    number, cvv = card["number"], card["cvv"]
    place = f"/v1/cards/{card['id']}"
    answers = [ani.client.get(place), ani.client.get("/v1/cards"), client.get("/v1/cards?limit=200"),
               ani.client.request("PATCH", place, {"type": "prepaid"}),
               ani.client.post("/v1/cards/lookup", {"number": number}), ani.client.post(f"{place}/freeze"),
               client.post(f"{place}/unfreeze"), ani.client.request("DELETE", place),
               ani.client.post(f"{place}/restore"), client.get(f"/v1/audit?target=card:{card['id']}")]
    for answer in answers:
        assert answer.status == 200, answer
        assert number not in answer.body.decode() and "cvv" not in answer.body.decode(), answer
    revealed = ani.client.post(f"{place}/reveal", {"reason": "for the tests"})
    assert (revealed.json["number"], revealed.json["cvv"]) == (number, cvv)
    assert revealed.headers["cache-control"] == "no-store"


def test_neither_number_nor_cvv_is_in_the_database_or_the_log(server, database, ani):
    card = ani.add_card()
    ani.client.post(f"/v1/cards/{card['id']}/reveal")
    ani.client.post("/v1/cards/lookup", {"number": card["number"]})
    row = "".join(psql(database, f"SELECT card::text FROM card WHERE id = '{card['id']}'")[0])
    assert card["number"] not in row and card["number"].encode().hex() not in row
    assert "cvv" not in str(psql(database, "SELECT column_name FROM information_schema.columns"
                                           " WHERE table_name = 'card'"))
    assert card["number"] not in server.logs()


def test_a_reveal_is_on_record(client, ani):
    card = ani.add_card()
    ani.client.post(f"/v1/cards/{card['id']}/reveal", {"reason": "lost the letter"})
    row = client.get(f"/v1/audit?what=card.reveal&target=card:{card['id']}").json["data"][0]
    assert (row["actor"], row["why"]) == (ani.id, "lost the letter")


def test_a_card_of_another_is_neither_revealed_nor_frozen_nor_found(server, client, ani, budi):
    card = ani.add_card()
    place = f"/v1/cards/{card['id']}"
    for answer in (budi.client.post(f"{place}/reveal"), budi.client.post(f"{place}/freeze"),
                   budi.client.post("/v1/cards/lookup", {"number": card["number"]})):
        assert (answer.status, answer.code) == (404, "card_not_found")
    support = add_person(server, client, "support")
    assert support.client.get(place).status == 200
    assert support.client.post(f"{place}/reveal").status == 403
    assert support.client.post(f"{place}/freeze").json["status"] == "frozen"
    support.client.close()


def test_a_card_is_looked_up_by_its_number(ani):
    card = ani.add_card()
    spaced = " ".join(card["number"][i:i + 4] for i in range(0, 16, 4))
    for written in (card["number"], spaced):
        assert ani.client.post("/v1/cards/lookup", {"number": written}).json["id"] == card["id"]
    other = "4242424242424242"
    assert ani.client.post("/v1/cards/lookup", {"number": other}).code == "card_not_found"
    for wrong in ("4242424242424241", "42", "", 4242424242424242, None):
        assert ani.client.post("/v1/cards/lookup", {"number": wrong}).status == 400


def kinds(client, wallet):
    return [row["kind"] for row in client.get(f"/v1/wallets/{wallet}/entries").json["data"]]


def test_a_customer_freezes_his_card_and_staff_unfreezes_it(server, client, ani):
    place = f"/v1/cards/{ani.add_card()['id']}"
    assert ani.client.post(f"{place}/freeze").json["status"] == "frozen"
    refused = ani.client.post(f"{place}/unfreeze")
    assert (refused.status, refused.code) == (403, "forbidden")
    assert ani.client.get(place).json["status"] == "frozen"
    support = add_person(server, client, "support")
    assert support.client.post(f"{place}/unfreeze").json["status"] == "active"
    support.client.close()


def test_a_frozen_card_is_in_its_wallets_journal(client, ani):
    card = ani.add_card()
    place = f"/v1/cards/{card['id']}"
    assert ani.client.post(f"{place}/freeze").json["status"] == "frozen"
    assert kinds(ani.client, card["wallet_id"])[0] == "card_blocked"
    assert client.post(f"{place}/unfreeze").json["status"] == "active"
    assert kinds(ani.client, card["wallet_id"])[0] == "card_allowed"


def test_a_card_in_the_trash_is_blocked_and_allowed_again_when_restored(client, ani):
    card = ani.add_card()
    place = f"/v1/cards/{card['id']}"
    ani.client.request("DELETE", place)
    assert kinds(ani.client, card["wallet_id"])[0] == "card_blocked"
    ani.client.post(f"{place}/restore")
    assert kinds(ani.client, card["wallet_id"])[0] == "card_allowed"
    ani.client.post(f"{place}/freeze")
    ani.client.request("DELETE", place)
    ani.client.post("/v1/cards/trash/restore")
    assert ani.client.get(place).json["status"] == "frozen"
    assert kinds(ani.client, card["wallet_id"])[0] == "card_blocked"  # it was frozen before
    ani.client.request("DELETE", place)
    assert client.post(f"{place}/unfreeze").code == "in_trash"
    assert ani.client.post(f"{place}/reveal").code == "in_trash"


def test_a_card_that_a_payment_names_is_kept(server, client):
    ani, shop = Customer(server, client), Shop(server, client)
    used, unused, authorized, declined = (ani.person.add_card(wallet_id=ani.wallet) for _ in range(4))

    def shown(card):
        year, month, _ = card["expires_on"].split("-")
        return {"number": card["number"], "expiry": f"{month}/{year[2:]}", "cvv": card["cvv"]}
    assert shop.charge(ani, "5.00", card=shown(used)).status == 201
    assert shop.charge(ani, "5.00", card=shown(authorized), capture="manual").status == 201
    assert shop.charge(ani, "9000000.00", card=shown(declined)).code == "insufficient_funds"
    for card in (used, unused, authorized, declined):
        ani.client.request("DELETE", f"/v1/cards/{card['id']}")
    for card in (used, authorized, declined):
        assert ani.client.request("DELETE", f"/v1/cards/{card['id']}/permanent").code == "still_referenced"
    assert ani.client.request("DELETE", "/v1/cards/trash").json == {"deleted": 1, "kept": 3, "has_more": False}
    assert ani.client.get(f"/v1/cards/{used['id']}").status == 200
    assert ani.client.get(f"/v1/cards/{unused['id']}").status == 404
    ani.close()
    shop.close()


def test_cards_are_found_by_provider_type_and_last_digits(ani):
    card = ani.add_card(provider="bri", type="credit")
    ani.add_card()
    for term in ("bri", "credit", card["number"][-4:], "cr"):
        assert [row["id"] for row in ani.client.get(f"/v1/cards?search={term}").json["data"]] == [card["id"]]
    assert ani.client.get(f"/v1/cards?search={card['number'][:8]}").json["data"] == []
    assert json.dumps(ani.client.get("/v1/cards?status=frozen").json["data"]) == "[]"
