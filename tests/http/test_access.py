"""Every route in the name of everyone, against the table in docs/access.md. The documented examples are what is sent; they
speak of things of one customer, Ani, whom nobody else may see or touch unless the table says `all`."""

import re

import pytest

from accounts import Administrator, Person
from conftest import Bank
from processes import ROOT, psql, wait_until
from stage import ANI, Stage
from test_contract import DECLINED, OPERATIONS, PAGES, PREPARED, requests_of, send

REFUSALS = {"unauthenticated", "invalid_token", "forbidden"}
# What an owner asks for where the first example is more than his own.
ASKED = {"readStatistics": {"wallet_id": ANI}}
# Where a request about things of others is not 404: what it is.
OTHERWISE = {
    "pay": {400, 402, 403},  # the key is another merchant's; a card is refused without a word why; a key pays no bill
    "createInvoice": {400},  # the key is another merchant's
    "transferInBulk": {200},  # each item has an answer of its own
    "readStatistics": {403},  # without a wallet it is the whole ledger
}
SCOPES = ["payments:write", "refunds:write", "fx:read", "fx:quote", "transactions:read",
          "statistics:read", "wallets:read", "merchants:read", "invoices:read", "invoices:write", "events:read",
          "webhooks:read", "webhooks:write", "virtual_accounts:read"]
ROLES = ["viewer", "operator", "approver", "support"]


def read_table():
    """{"GET /v1/wallets": {"permission": …, "nobody": "401", …}} from the page."""
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")]
            for line in (ROOT / "docs/access.md").read_text().splitlines() if line.startswith("|")]
    heads = next(row for row in rows if row[0] == "route")
    return {row[0]: dict(zip(heads, row)) for row in rows if re.match(r"(GET|PUT|POST|PATCH|DELETE) /", row[0])}


TABLE = read_table()


@pytest.fixture(scope="module")
def people(server):
    """One of every kind. Ani and Budi are customers."""
    made = {"ani": Person(server, "ani"), "budi": Person(server, "budi"), "administrator": Administrator(server)}
    made["budi's shop"] = Shop(server, made["budi"])
    return made | {role: Person(server, role, [role]) for role in ROLES}


class Shop:
    """A merchant's servers, with a key of all scopes that there are."""

    def __init__(self, server, owner):
        client = owner.client()
        merchant = client.post("/v1/merchants", {"name": "Toko", "wallet_id": Bank(client).open()}).json["id"]
        assert server.client().post(f"/v1/merchants/{merchant}/status", {"status": "active"}).status == 200
        answer = client.post(f"/v1/merchants/{merchant}/api-keys", {"name": "all", "scopes": SCOPES})
        assert answer.status == 201, answer
        self.server, self.key = server, answer.json["key"]

    def client(self):
        client = self.server.client(login=None)
        client.authorization = lambda: {"X-Api-Key": self.key}
        return client


def row_of(name):
    method, path, operation = OPERATIONS[name]
    row = TABLE.get(f"{method.upper()} {path}")
    assert row, f"docs/access.md has no row for {method.upper()} {path}"
    return row


def test_the_table_has_a_row_for_every_route_and_no_other():
    assert TABLE.keys() == {f"{method.upper()} {path}" for method, path, _ in OPERATIONS.values()}
    for method, path, operation in OPERATIONS.values():
        row = TABLE[f"{method.upper()} {path}"]
        assert row["permission"] == operation.get("x-permission", "-"), path
        assert (row["nobody"] == "all") == ("x-permission" not in operation), path


class Walk:
    """The requests of one operation about Ani's things."""

    def __init__(self, server, people, name):
        self.server, self.people, self.name = server, people, name
        self.method, path, operation = OPERATIONS[name]
        self.requests = list(requests_of(operation))
        # Routes about users are about their caller; most would not outlive them.
        self.is_about_users = path.startswith("/v1/users")
        self.owner = Person(server, password="correct horse battery") if self.is_about_users else people["ani"]

    def stage(self):
        stage = Stage(self.server, Bank(self.owner.client()), self.server.client())
        if self.is_about_users:
            stage.own_person = self.owner
        PREPARED.get(self.name, lambda _: None)(stage)
        return stage

    def send(self, stage, client, query, body):
        return send(self.server, client, stage, self.name, query, body)

    def is_refused(self, stage, client, status, code):
        query, body = self.requests[0]
        target, answer = self.send(stage, client, query, body)
        assert (answer.status, answer.code) == (status, code), f"{target}: {answer}"

    def is_served(self, stage, client, who):
        query, body = self.requests[0]
        target, answer = self.send(stage, client, ASKED.get(self.name, query), body)
        assert answer.code not in REFUSALS, f"{who}: {target}: {answer}"
        if self.name in PAGES and answer.status == 404:
            return
        declined = DECLINED.get(self.name, (None,))[0]
        assert answer.status == declined if declined else answer.status < 300, f"{who}: {target}: {answer}"

    def sees_nothing(self, stage, client):
        """What is named is not there; what is listed leaves it out."""
        for query, body in self.requests:
            target, answer = self.send(stage, client, query, body)
            otherwise = OTHERWISE.get(self.name, set())
            if any(real in target + str(stage.play(body)) for real in stage.things()) and not query:
                assert answer.status in {404} | otherwise, f"{target}: {answer}"
            assert answer.status in {200, 201, 202, 400, 404} | otherwise, f"{target}: {answer}"
            if answer.status < 300 and self.method == "get":
                shown = answer.body.decode()
                assert not [thing for thing in stage.things() if thing in shown], f"{target}: {answer}"


@pytest.fixture
def walk(server, people, request):
    server.wait_until_ready()
    return Walk(server, people, request.param)


@pytest.mark.parametrize("walk", OPERATIONS, indirect=True)
def test_a_route_serves_exactly_those_who_have_the_right(walk, people, server):
    row = row_of(walk.name)
    stage = walk.stage()
    callers = {"customer": people["ani"]} | {role: people[role] for role in [*ROLES, "administrator"]}
    # First those who get nothing: what they ask for is still there afterwards.
    if row["nobody"] == "401":
        walk.is_refused(stage, server.client(login=None), 401, "unauthenticated")
        walk.is_refused(stage, server.client(login=None, token="x.y.z"), 401, "invalid_token")
    for who, person in callers.items():
        if row[who] == "403":
            walk.is_refused(stage, person.client(), 403, "forbidden")
        if row[who] == "own" and who != "customer":
            walk.sees_nothing(stage, person.client())
    if row["API key"] == "403":
        walk.is_refused(stage, people["budi's shop"].client(), 403, "forbidden")
    if row["API key"] == "own":
        assert row["permission"] in SCOPES
        walk.sees_nothing(stage, people["budi's shop"].client())
    if row["customer"] == "own":
        walk.sees_nothing(stage, people["budi"].client())
    if row["customer"] != "403":
        walk.is_served(stage, walk.owner.client(), "its owner")
    for who, person in callers.items():
        if row[who] == "all" and who != "customer":
            walk.is_served(walk.stage(), person.client(), who)


def test_only_an_approver_lets_a_bulk_order_act(people):
    order = {"filter": {"state": "stuck"}, "action": "retry", "dry_run": False, "reason": "a test"}
    refused = people["operator"].client().post("/v1/sagas/bulk", order)
    assert (refused.status, refused.code) == (403, "forbidden")
    assert people["operator"].client().post("/v1/sagas/bulk", order | {"dry_run": True}).status == 200
    assert people["approver"].client().post("/v1/sagas/bulk", order).status == 202


def test_rights_that_are_taken_away_are_gone_at_once(server):
    person = Person(server, "eve", ["operator"])
    client = server.client(login=None)
    client.log_in(person.email, person.password)
    assert client.get("/v1/sagas").status == 200
    person.become(["customer"])
    psql(server.database, f"SELECT access_changed_v1('{person.id}')")
    wait_until(lambda: client.get("/v1/sagas").status == 401, "the old token is refused", 10)
    client.log_in(person.email, person.password)
    assert client.get("/v1/sagas").status == 403
