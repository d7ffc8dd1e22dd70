"""What can be switched off about GraphQL, and its bounds as settings: a server of its own for each."""

import pytest

from graph import Graph
from processes import Dompetd, PostgreSQL, dompetctl


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    postgres = PostgreSQL(tmp_path_factory.mktemp("postgres"))
    postgres.start()
    yield postgres
    postgres.remove()


@pytest.fixture
def serving(postgres, tmp_path, request):
    database = postgres.fresh("settings")
    dompetctl("migrate", "up", "--database", database)
    servers = []

    def start(**settings):
        servers.append(Dompetd(tmp_path, database, **settings).start())
        return Graph(servers[-1].client())
    yield start
    for server in servers:
        server.stop()


def test_a_server_may_keep_its_schema_and_its_page_to_itself(serving):
    graph = serving(graphql_introspection="false", graphql_graphiql="false", graphql_max_depth="3", graphql_max_roots="1")
    assert graph.code("{ __schema { queryType { name } } }") == "introspection_off"
    assert graph.code("{ ...f } fragment f on Query { __type(name: \"Wallet\") { name } }") == "introspection_off"
    assert graph.ask("{ __typename }") == {"__typename": "Query"}
    assert graph.client.get("/graphiql").status == 404
    assert graph.code("{ wallets { nodes { user { id } } } }") == "query_too_deep"
    assert graph.code("{ a: me { id } b: me { id } }") == "query_too_large"
    assert graph.ask("{ me { id } }")["me"]["id"]


def test_what_the_requests_of_a_document_hold_has_a_bound(serving):
    graph = serving(graphql_max_exchanged_bytes="65536")
    made = graph.client.post("/v1/wallets", {"name": "w" * 100, "currency": "IDR"}).json["id"]
    many = "{" + " ".join(f'a{i}: wallets(first: {200 - i}, search: "{"w" * 90}") {{ nodes {{ id }} }}' for i in range(20)) + "}"
    for _ in range(19):
        assert graph.client.post("/v1/wallets", {"name": "w" * 100, "currency": "IDR"}).status == 201
    answer = graph.send(many)
    assert {fault["extensions"]["code"] for fault in answer.json["errors"]} == {"answer_too_large"}
    assert graph.ask("query ($id: ID!) { wallet(id: $id) { id } }", {"id": made}) == {"wallet": {"id": made}}


def test_a_server_without_graphql_has_neither(serving):
    graph = serving(graphql_enabled="false")
    answer = graph.send("{ __typename }")
    assert (answer.status, answer.code) == (404, "not_found")
    assert graph.client.get("/graphiql").status == 404
