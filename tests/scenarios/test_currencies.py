"""Rates from a file and from a provider, and conversions through a kill."""

import json
import threading
import uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from processes import dompetctl, wait_until

MOST_WAIT_S = 20


def document(bid, age=timedelta()):
    at = datetime.now(timezone.utc) - age
    return json.dumps({"rates": [{"base": "USD", "quote": "IDR", "bid": bid, "ask": bid, "at": f"{at:%FT%T}Z"}]})


def bid(client):
    rows = client.get("/v1/fx/rates").json["data"]
    return rows[0]["bid"] if rows else None


def test_a_file_of_rates_counts_from_the_start_and_whenever_it_changes(tmp_path, make_dompetd):
    rates = tmp_path / "rates.json"
    rates.write_text(document("15000"))
    client = make_dompetd(fx_rates_file=rates).start().client()
    wait_until(lambda: bid(client) == "15000", "the file's rate is known", MOST_WAIT_S)
    assert client.get("/v1/fx/rates").json["data"][0]["source"] == "file"
    rates.write_text("{")
    rates.write_text(document("15100", -timedelta(seconds=5)))
    wait_until(lambda: bid(client) == "15100", "the changed file's rate is known", MOST_WAIT_S)


class Provider(BaseHTTPRequestHandler):
    answers = []

    def do_GET(self):
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def provider():
    server = HTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/rates"
    server.shutdown()
    thread.join()


def test_a_provider_that_fails_at_first_is_asked_again(make_dompetd, provider):
    Provider.answers = [(500, "out of order"), (200, "nonsense"), (200, document("15200"))]
    client = make_dompetd(fx_rates_url=provider, fx_fetch_interval_s="1").start().client()
    wait_until(lambda: bid(client) == "15200", "the provider's rate is known", MOST_WAIT_S)
    Provider.answers = [(200, document("15300", -timedelta(seconds=9)))]
    wait_until(lambda: bid(client) == "15300", "the provider's next rate is known", MOST_WAIT_S)


def test_rates_that_nobody_renews_grow_too_old(tmp_path, make_dompetd):
    rates = tmp_path / "rates.json"
    rates.write_text(document("15000", timedelta(hours=2)))
    client = make_dompetd(fx_rates_file=rates, fx_max_rate_age_s="3600").start().client()
    wait_until(lambda: bid(client) == "15000", "the file's rate is known", MOST_WAIT_S)
    assert client.get("/v1/fx/convert?from=USD&to=IDR&amount=1").code == "rate_too_old"


def post(client, path, body, key=None):
    return client.post(path, body, key=key or str(uuid.uuid4()))


def wallet_with(client, currency, amount):
    wallet = client.post("/v1/wallets", {"name": "a wallet", "currency": currency}).json["id"]
    if amount:
        body = {"wallet_id": wallet, "amount": amount, "currency": currency, "method": "bri"}
        assert post(client, "/v1/topups", body).status == 201
    return wallet


@pytest.mark.parametrize("fast_path", ["true", "false"])
def test_a_conversion_that_was_answered_survives_a_kill_and_one_that_was_not_is_done_once(make_dompetd, database, fast_path):
    dompetd = make_dompetd(engine_fast_path=fast_path).start()
    client = dompetd.client()
    rate = {"base": "USD", "quote": "IDR", "bid": "15200.555", "ask": "15250"}
    assert client.request("PUT", "/v1/fx/rates", {"rates": [rate]}).status == 200
    source, destination = wallet_with(client, "USD", "100.00"), wallet_with(client, "IDR", None)
    asked = []
    for number in range(20):
        quote = client.post("/v1/fx/quotes", {"from": "USD", "to": "IDR", "amount": "1.01"}).json["id"]
        asked.append(({"source_wallet_id": source, "destination_wallet_id": destination, "amount": "1.01",
                       "currency": "USD", "quote_id": quote}, f"journey {number}"))
    for body, key in asked[:10]:
        assert post(client, "/v1/transfers", body, key).status in (201, 202)
    dompetd.kill()
    dompetd.start()
    client = dompetd.client()
    for body, key in asked:
        wait_until(lambda body=body, key=key: post(client, "/v1/transfers", body, key).status == 201,
                   "the transfer is done", MOST_WAIT_S)
    balance = lambda wallet: client.get(f"/v1/wallets/{wallet}").json["balance"]  # noqa: E731
    assert balance(source) == {"available": "79.80", "held": "0.00", "total": "79.80"}
    assert balance(destination)["total"] == "307051.20"
    dompetd.stop()
    dompetctl("verify", "--database", database)
