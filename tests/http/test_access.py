"""Every route in the name of everyone, against the table in docs/access.md. The documented examples are what is sent; they
speak of things of one customer, Ani, whom nobody else may see or touch unless the table says `all`."""

import re

import pytest

from conftest import Bank
from accounts import Administrator, Person
from processes import ROOT
from stage import Stage
from test_contract import DECLINED, DOCUMENT, OPERATIONS, PAGES, PREPARED, requests_of, send

REFUSALS = {"unauthenticated", "invalid_token", "forbidden"}
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
    return made | {role: Person(server, role, [role]) for role in ROLES}


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
        self.method, _, operation = OPERATIONS[name]
        self.requests = list(requests_of(operation))

    def stage(self):
        stage = Stage(self.server, Bank(self.people["ani"].client()), self.server.client())
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
        target, answer = self.send(stage, client, query, body)
        assert answer.code not in REFUSALS, f"{who}: {target}: {answer}"
        if self.name in PAGES and answer.status == 404:
            return
        declined = DECLINED.get(self.name, (None,))[0]
        assert answer.status == declined if declined else answer.status < 300, f"{who}: {target}: {answer}"

    def sees_nothing(self, stage, client):
        """What is named is not there; what is listed leaves it out."""
        for query, body in self.requests:
            target, answer = self.send(stage, client, query, body)
            names = any(real in target or real in str(stage.play(body)) for real in stage.things())
            if names and not query and self.name != "transferInBulk":
                assert answer.status == 404, f"{target}: {answer}"
            assert answer.status in (200, 201, 202, 400, 404), f"{target}: {answer}"
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
    if row["customer"] == "own":
        walk.sees_nothing(stage, people["budi"].client())
    if row["customer"] != "403":
        walk.is_served(stage, people["ani"].client(), "its owner")
    for who, person in callers.items():
        if row[who] == "all" and who != "customer":
            walk.is_served(walk.stage(), person.client(), who)
