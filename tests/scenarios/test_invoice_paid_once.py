"""One invoice and many who pay it, on two nodes and over kill -9: it is paid once."""

import threading
import uuid

import pytest

from accounts import Person
from bank import open_wallet, top_up
from processes import Lost, dompetctl, free_port, psql, wait_until
from test_saga_two_nodes import start_both

CLUSTER = {"cluster_secret": "two nodes on one machine, for a test"}


def active_merchant(dompetd, client):
    wallet = open_wallet(client, "Warung")
    owner = Person(dompetd, "warung")
    merchant = str(uuid.uuid4())
    psql(dompetd.database, "INSERT INTO merchant (id, user_id, wallet_id, name, status) VALUES "
         f"('{merchant}', '{owner.id}', '{wallet}', 'Warung', 'active')")
    return merchant, wallet


def issue(client, merchant):
    answer = client.post("/v1/invoices", {"merchant_id": merchant, "amount": "100.00", "currency": "IDR"})
    assert answer.status == 201, answer
    return answer.json


def pay(client, wallet, invoice, key):
    return client.post("/v1/payments", {"wallet_id": wallet, "va_number": invoice["va_number"], "amount": "100.00",
                                        "currency": "IDR"}, key=key)


def at_the_same_moment(acts):
    answers = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(place):
        start.wait()
        answers[place] = acts[place]()
    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.fixture
def nodes(make_dompetd):
    made = [make_dompetd(**CLUSTER, node_name=name, cluster_listen=f"127.0.0.1:{free_port()}") for name in "ab"]
    start_both(made)
    return made


def test_of_payers_on_two_nodes_exactly_one_pays_an_invoice(nodes):
    clients = [node.client() for node in nodes]
    merchant, merchants_wallet = active_merchant(nodes[0], clients[0])
    # Enough of them that some live on either node.
    wallets = [open_wallet(clients[0], f"payer {number}") for number in range(8)]
    for wallet in wallets:
        assert top_up(clients[0], wallet, 1_000_000, f"initial-{wallet}").status == 201
    for number in range(5):
        invoice = issue(clients[number % 2], merchant)
        answers = at_the_same_moment([
            lambda place=place, wallet=wallet, invoice=invoice:
                pay(nodes[place % 2].client(), wallet, invoice, f"{number}-{place}")
            for place, wallet in enumerate(wallets)])
        assert sorted(answer.status for answer in answers) == [201] + [409] * 7, answers
        assert {answer.code for answer in answers if answer.status == 409} == {"invoice_paid"}
        read = wait_until(lambda invoice=invoice: (now := clients[0].get(f"/v1/invoices/{invoice['id']}").json)["status"]
                          == "paid" and now, "the invoice is paid")
        assert read["transaction_id"] in {answer.json.get("id") for answer in answers}
    assert clients[0].get(f"/v1/wallets/{merchants_wallet}").json["balance"]["total"] == "500.00"
    for wallet in wallets:
        assert clients[0].get(f"/v1/wallets/{wallet}").json["balance"]["held"] == "0.00"
    dompetctl("verify", "--database", nodes[0].database)


@pytest.mark.parametrize("failpoint, is_paid", [("lane.after_commit:crash", True), ("lane.before_send:crash", False)])
def test_an_invoice_says_that_it_is_paid_after_a_kill_because_the_journal_does(make_dompetd, failpoint, is_paid):
    dompetd = make_dompetd(marketplaces_look_ms=50).start()
    client = dompetd.client()
    merchant, _ = active_merchant(dompetd, client)
    ayu, budi = open_wallet(client, "Ayu"), open_wallet(client, "Budi")
    for wallet in (ayu, budi):
        assert top_up(client, wallet, 1_000_000, f"initial-{wallet}").status == 201
    invoice = issue(client, merchant)
    dompetd.stop()
    dompetd.start(failpoint=failpoint)
    try:
        pay(dompetd.client(), ayu, invoice, "k")
    except Lost:
        pass
    assert dompetd.wait_until_dead() == -9
    dompetd.start()
    client = dompetd.client()

    def status():
        return client.get(f"/v1/invoices/{invoice['id']}").json["status"]
    if is_paid:
        wait_until(lambda: status() == "paid", "the invoice is paid", 30)
        assert pay(client, budi, invoice, "b").code == "invoice_paid"
    else:
        assert status() == "open"
        assert client.post(f"/v1/invoices/{invoice['id']}/cancel").code == "invoice_under_way"
        assert pay(client, budi, invoice, "b").status == 201
    assert pay(client, ayu, invoice, "k").status == (201 if is_paid else 409)
    wait_until(lambda: status() == "paid", "the invoice is paid")
    dompetctl("verify", "--database", dompetd.database)
