"""What is not a transfer moves nothing (protocol 6, F39)."""

import pytest

from bank import CURRENCY, open_wallet, top_up, transfer_body
from scene import STARTING_MINOR, Scene


@pytest.fixture
def scene(dompetd):
    return Scene(dompetd)


def test_amounts_that_are_none_are_refused_before_anything_happens(scene):
    client = scene.dompetd.client()
    amounts = ["0", "0.00", "-1.00", "+1.00", "1e3", "1.001", "", " 1.00", "1,00", "0x10", "NaN", "Infinity", "1.", ".5",
               "9223372036854775808", "92233720368547758.08", "9" * 400, 0, -1, 1.5, 10**20, True, None, [], {}]
    for number, amount in enumerate(amounts):
        body = transfer_body(scene.ayu, scene.budi, 1) | {"amount": amount}
        answer = client.post("/v1/transfers", body, f"k{number}")
        assert answer.status == 400, f"{amount!r}: {answer}"
        answer = client.post("/v1/topups", {"wallet_id": scene.ayu, "amount": amount, "currency": CURRENCY, "method": "bri"},
                             f"t{number}")
        assert answer.status == 400, f"{amount!r}: {answer}"
    scene.check_moved(0)


def test_more_than_there_is_is_declined_and_exactly_all_is_not(scene):
    assert scene.send("one too many", minor=10_001).status == 402
    assert scene.send("all of it", minor=10_000).status == 201
    assert scene.send("one more", minor=1).status == 402
    scene.check_moved(10_000)


def test_the_largest_amount_is_counted_and_a_larger_one_is_refused(scene):
    client = scene.dompetd.client()
    rich = open_wallet(client, "Rich")
    most = 10**15
    for number in range(12):
        assert top_up(client, rich, most, f"most {number}").status == 201
    for number, minor in enumerate((most + 1, 2**63 - 1)):
        answer = top_up(client, rich, minor, f"too much {number}")
        assert answer.status == 400, answer
    assert scene.balance(rich) == 12 * most
    assert scene.send("all of it", minor=most, source=rich, destination=scene.citra).status == 201
    assert scene.send("and back", minor=most, source=scene.citra, destination=rich).status == 201
    assert scene.balance(rich) == 12 * most
    assert client.get("/v1/ledger/trial-balance").status == 200
    scene.check_moved(0)


def test_a_transfer_to_oneself_is_declined(scene):
    answer = scene.send("k", destination=scene.ayu)
    assert (answer.status, answer.code) == (409, "same_wallet"), answer
    scene.check_moved(0)


def test_currencies_do_not_mix(scene):
    client = scene.dompetd.client()
    dollars = open_wallet(client, "Dollars", "USD")
    answers = [scene.send("to dollars", destination=dollars), scene.send("from dollars", source=dollars),
               client.post("/v1/transfers", transfer_body(scene.ayu, scene.budi, 1, currency="USD"), "in dollars"),
               top_up(client, scene.ayu, 1, "top up in dollars", currency="USD")]
    for answer in answers:
        assert (answer.status, answer.code) == (409, "currency_mismatch"), answer
    unknown = client.post("/v1/transfers", transfer_body(scene.ayu, scene.budi, 1, currency="XXQ"), "unknown")
    assert (unknown.status, unknown.code) == (400, "unknown_currency"), unknown
    assert scene.balance(dollars) == 0
    scene.check_moved(0)


def test_wallets_that_are_not_there_neither_pay_nor_receive(scene):
    nobody = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert scene.send("to nobody", destination=nobody).status == 404
    assert scene.send("from nobody", source=nobody).status == 404
    scene.check_moved(0)
