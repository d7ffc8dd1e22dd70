"""Fixtures of the HTTP ring: one dompetd on a PostgreSQL of its own serves all tests of a worker; each test makes its own wallets."""

import sys
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contract import Contract, join_document  # noqa: E402
from market import Customer, Shop  # noqa: E402
from processes import Dompetd, HttpClient, PostgreSQL, dompetctl  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def contract():
    """Whatever a server answers in this ring is as documented."""
    HttpClient.judge = Contract(join_document())
    yield HttpClient.judge
    HttpClient.judge = None


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    postgres = PostgreSQL(tmp_path_factory.mktemp("postgres"))
    url = postgres.start()
    dompetctl("migrate", "up", "--database", url)
    yield url
    postgres.remove()


@pytest.fixture(scope="session")
def server(tmp_path_factory, database):
    with Dompetd(tmp_path_factory.mktemp("dompetd"), database, money_minimum_topup="NOK=50 CHF=2.50",
                 webhooks_most_endpoints=1_000).start() as dompetd:
        yield dompetd


@pytest.fixture
def client(server):
    """A kept-alive connection to a server that is up, whatever the test before did to it."""
    server.wait_until_ready()
    connection = server.client()
    yield connection
    connection.close()


class Bank:
    """What most tests begin with."""

    def __init__(self, client):
        self.client = client

    @staticmethod
    def key():
        return str(uuid.uuid4())

    def open(self, currency="IDR", name="Ani", **more):
        answer = self.client.post("/v1/wallets", {"name": name, "currency": currency} | more)
        assert answer.status == 201, answer
        return answer.json["id"]

    def open_with(self, amount, currency="IDR", **more):
        wallet = self.open(currency, **more)
        assert self.top_up(wallet, amount, currency).status == 201
        return wallet

    def top_up(self, wallet, amount, currency="IDR", key=None, **more):
        body = {"wallet_id": wallet, "amount": amount, "currency": currency, "method": "bri"} | more
        return self.client.post("/v1/topups", body, key=key or self.key())

    def transfer(self, source, destination, amount, currency="IDR", key=None, **more):
        body = {"source_wallet_id": source, "destination_wallet_id": destination, "amount": amount,
                "currency": currency} | more
        return self.client.post("/v1/transfers", body, key=key or self.key())

    def wallet(self, wallet):
        answer = self.client.get(f"/v1/wallets/{wallet}")
        assert answer.status == 200, answer
        return answer.json

    def available(self, wallet):
        return self.wallet(wallet)["balance"]["available"]


@pytest.fixture
def bank(client):
    return Bank(client)


@pytest.fixture
def ani(server, client):
    customer = Customer(server, client)
    yield customer
    customer.close()


@pytest.fixture
def shop(server, client):
    shop = Shop(server, client)
    yield shop
    shop.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What the server said, under a test that failed."""
    report = (yield).get_result()
    if report.when == "call" and report.failed and "server" in item.funcargs:
        report.sections.append(("dompetd", item.funcargs["server"].logs()))
