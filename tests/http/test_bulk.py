"""Many transfers in one request: each stands alone."""


def item(bank, source, destination, amount="1.00", **more):
    return {"idempotency_key": bank.key(), "source_wallet_id": source, "destination_wallet_id": destination,
            "amount": amount, "currency": "IDR"} | more


def send(bank, items):
    return bank.client.post("/v1/transfers/bulk", {"items": items})


def test_outcomes_stand_in_the_order_of_the_items_and_none_harms_another(bank):
    source, destination = bank.open_with("10.00"), bank.open()
    answer = send(bank, [item(bank, source, destination), item(bank, source, destination, "99.00"),
                         item(bank, source, destination, "nonsense"), item(bank, source, destination, colour="red"),
                         item(bank, source, destination, idempotency_key=None), "nonsense",
                         item(bank, source, destination, "2.00")])
    assert answer.status == 200
    rows = answer.json["data"]
    assert [row["status"] for row in rows] == [201, 402, 400, 400, 400, 400, 201]
    assert [row.get("problem", {}).get("code") for row in rows] == [
        None, "insufficient_funds", "invalid_amount", "unknown_field", "idempotency_key_required", "invalid_field", None]
    assert rows[2]["problem"]["errors"][0]["field"] == "items[2].amount"
    assert rows[6]["transaction"]["amount"] == "2.00"
    assert bank.client.get(f"/v1/transactions/{rows[0]['transaction']['id']}").json == rows[0]["transaction"]
    assert (bank.available(source), bank.available(destination)) == ("7.00", "3.00")


def test_a_bulk_can_be_repeated_and_its_items_are_single_transfers(bank):
    source, destination = bank.open_with("10.00"), bank.open()
    items = [item(bank, source, destination), item(bank, source, destination, "99.00")]
    first, again = send(bank, items).json["data"], send(bank, items).json["data"]
    assert [row["replayed"] for row in first] == [False, False]
    assert [row["replayed"] for row in again] == [True, True]
    assert first[0]["transaction"] == again[0]["transaction"] and first[1]["problem"] == again[1]["problem"]
    single = bank.transfer(source, destination, "1.00", key=items[0]["idempotency_key"])
    assert single.is_replay and single.json == first[0]["transaction"]
    assert bank.available(source) == "9.00"


def test_a_key_twice_in_a_bulk_is_one_transfer(bank):
    source, destination = bank.open_with("10.00"), bank.open()
    same = item(bank, source, destination)
    rows = send(bank, [same, same, same | {"amount": "2.00"}]).json["data"]
    assert [row["status"] for row in rows] == [201, 201, 422]
    assert rows[0]["transaction"] == rows[1]["transaction"]
    assert bank.available(source) == "9.00"


def test_a_bulk_has_1_to_1000_items(bank):
    source, destination = bank.open_with("2000.00"), bank.open()
    assert send(bank, []).code == "too_many_items"
    assert send(bank, [item(bank, source, destination) for _ in range(1001)]).code == "too_many_items"
    assert bank.client.post("/v1/transfers/bulk", {}).code == "missing_field"
    answer = send(bank, [item(bank, source, destination) for _ in range(1000)])
    assert {row["status"] for row in answer.json["data"]} == {201}
    assert bank.available(destination) == "1000.00"
