"""What the server says about itself: OpenAPI, pages, problems, metrics."""

import re
import subprocess

import pytest

from processes import DOMPETD, ROOT

OPERATIONS = {"get", "put", "post", "patch", "delete"}


@pytest.fixture
def openapi(client):
    answer = client.get("/openapi.json")
    assert answer.status == 200
    return answer.json


def operations(openapi):
    for path, item in openapi["paths"].items():
        for method in OPERATIONS & item.keys():
            yield method, path, item[method]


def test_every_route_is_documented_and_every_documented_route_exists(openapi):
    printed = subprocess.run([DOMPETD, "--print-routes"], capture_output=True, text=True, check=True).stdout
    routes = {tuple(line.split()) for line in printed.splitlines()}
    assert routes == {(method.upper(), path, operation.get("x-permission", "-"))
                      for method, path, operation in operations(openapi)}


def resolve(openapi, reference):
    assert reference.startswith("#/")
    place = openapi
    for part in reference[2:].split("/"):
        place = place[part]
    return place


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_in_the_document_leads_somewhere(openapi):
    assert openapi["openapi"].startswith("3.1")
    for reference in references(openapi):
        resolve(openapi, reference)


def test_every_operation_is_named_described_and_says_how_it_can_fail(openapi):
    names = [operation["operationId"] for _, _, operation in operations(openapi)]
    assert len(set(names)) == len(names)
    for method, path, operation in operations(openapi):
        assert operation["summary"], path
        assert any(status.startswith("2") for status in operation["responses"]), path
        if path.startswith("/v1/") and path != "/v1/topups/methods":
            assert {"400", "503"} <= operation["responses"].keys(), (method, path)
        captures = set(re.findall(r"{(\w+)}", path))
        parameters = [resolve(openapi, p["$ref"]) if "$ref" in p else p for p in operation.get("parameters", [])]
        assert captures == {p["name"] for p in parameters if p["in"] == "path"}, path


def test_money_routes_are_documented_with_their_key(openapi):
    for path in ("/v1/topups", "/v1/transfers"):
        parameters = [resolve(openapi, p["$ref"]) if "$ref" in p else p for p in openapi["paths"][path]["post"]["parameters"]]
        assert any(p["name"] == "Idempotency-Key" and p["required"] for p in parameters)


def schema_of(openapi, name):
    return openapi["components"]["schemas"][name]


def test_answers_have_exactly_the_documented_members(openapi, bank):
    source, destination = bank.open_with("10.00"), bank.open()
    transfer = bank.transfer(source, destination, "1.00").json
    top_up = bank.top_up(source, "1.00").json
    problem = bank.client.get("/v1/nothing").json
    entry = bank.client.get(f"/v1/wallets/{source}/entries").json["data"][0]
    saga = bank.client.get(f"/v1/sagas?wallet_id={source}").json["data"][0]
    step = bank.client.get(f"/v1/sagas/{transfer['id']}/timeline").json["data"][0]
    for name, seen in (("Wallet", bank.wallet(source)), ("Transaction", transfer), ("Transaction", top_up),
                       ("Problem", problem), ("Entry", entry), ("Saga", saga), ("Step", step)):
        schema = schema_of(openapi, name)
        assert set(schema["required"]) <= seen.keys() <= schema["properties"].keys(), name


def test_every_problem_code_in_the_document_has_a_page(openapi, client):
    codes = schema_of(openapi, "Problem")["properties"]["code"]["enum"]
    assert len(codes) > 30
    for code in codes:
        page = client.get(f"/problems/{code}")
        assert page.status == 200 and code in page.body.decode()
        assert page.headers["content-type"].startswith("text/html")
        explained = client.get(f"/problems/{code}", headers={"Accept": "application/json"}).json
        assert explained["code"] == code and explained["explanation"]
    assert client.get("/problems/bad_luck").status == 404


def test_the_pages_of_swagger_ui_are_served(client):
    page = client.get("/docs")
    if page.status == 404 and not (ROOT / "http/swagger/node_modules").exists():
        pytest.skip("Swagger UI was not fetched before the build")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    for asset in re.findall(r'(?:href|src)="(/docs/[^"]+)"', page.body.decode()):
        answer = client.get(asset)
        assert answer.status == 200 and answer.body, asset
    assert client.get("/docs/../front.hpp").status == 404


LINE = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_]\w*="(\\.|[^"\\])*",?)*\})? [-+0-9.eEinfNa]+')


def test_metrics_can_be_read(server, bank):
    wallet = bank.open_with("1.00")
    bank.client.get(f"/v1/wallets/{wallet}")
    answer = bank.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = answer.body.decode()
    for line in text.splitlines():
        assert line.startswith("# ") or LINE.fullmatch(line), line
    assert re.search(r'dompet_http_requests_total\{method="GET",route="/v1/wallets/\{id\}",status="200"\} \d+', text)
    assert 'dompet_http_request_duration_seconds_bucket{route="/v1/topups"' in text
    assert server.metric("dompet_engine_commits_total") > 0
    assert server.metric("dompet_engine_integrity_alarms_total") == 0
    assert server.metric("dompet_http_in_flight") == 0


def test_health_and_readiness(client):
    assert client.get("/healthz").json == {"status": "alive"}
    assert client.get("/readyz").json == {"status": "ready"}
