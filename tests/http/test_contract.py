"""Every documented example of every operation is sent, and every answer fits the document. Beside this, the whole ring's
answers are checked against it (conftest.py)."""

import http.client
import json
import uuid
from urllib.parse import quote, urlencode

import pytest

from contract import Contract, close, examples, join_document, operations, resolve
from processes import Answer
from stage import ANI, CARD, CODE, EMAIL, LICENCE, MERCHANT, ROLE, USER, USERNAME, Stage

DOCUMENT = join_document()
OPERATIONS = {operation["operationId"]: (method, path, operation) for method, path, operation in operations(DOCUMENT)}

# Examples that are right and yet declined here, and why.
DECLINED = {
    "retrySaga": (409, "the transfer is over"),
    "cancelSaga": (409, "the transfer is over"),
    "pauseSaga": (409, "the transfer is over"),
    "resumeSaga": (409, "the transfer is over"),
    "readAssessment": (404, "no rule looks at anything"),
    "approveAssessment": (404, "no rule looks at anything"),
    "rejectAssessment": (404, "no rule looks at anything"),
    "replaceRiskRules": (412, "it replaces another version"),
    "moveShard": (404, "there is no second node"),
    "drainNode": (404, "there is no second node"),
    "takeProviderCallback": (401, "only the provider can sign"),
}
# Pages that are served when they were fetched before the build.
PAGES = {"showDocs", "showDocsAsset", "showInspector", "showInspectorAsset", "showGraphiql", "showGraphiqlAsset"}


def an_empty_wallet(stage):
    stage.made[ANI] = stage.bank.open()


def somebody_new(stage):
    name = f"ani-{uuid.uuid4().hex[:8]}"
    stage.made |= {EMAIL: f"{name}@example.org", USERNAME: USERNAME.replace("ani", name)}


def a_forgotten_password(stage):
    stage.made[CODE] = stage.reset_code()


def in_the_trash(path, thing):
    """Only from there is anything deleted for good."""
    def prepare(stage):
        client = stage.admin if thing in (USER, ROLE) else stage.client
        stage.must(client.request("DELETE", f"{path}/{stage.real(thing)}"))
    return prepare


# What must be so before an example can be sent.
def rates_of_today(stage):
    stage.set_rates()


PREPARED = {"convert": rates_of_today, "makeQuote": rates_of_today, "createUser": somebody_new, "eraseUser": in_the_trash("/v1/users", USER),
            "eraseRole": in_the_trash("/v1/roles", ROLE), "eraseCard": in_the_trash("/v1/cards", CARD),
            "eraseMerchant": in_the_trash("/v1/merchants", MERCHANT),
            "eraseMerchantDocument": in_the_trash("/v1/merchant-documents", LICENCE),
            "closeWallet": an_empty_wallet, "registerUser": somebody_new, "resetPassword": a_forgotten_password}


def parameters_of(operation, place):
    found = (resolve(DOCUMENT, parameter) for parameter in operation.get("parameters", []))
    return [parameter for parameter in found if parameter["in"] == place]


def json_body(operation):
    return operation.get("requestBody", {}).get("content", {}).get("application/json")


def follow(server, client, target, headers):
    """The head of an answer without an end."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    connection.request("GET", target, headers=headers | client.authorization())
    response = connection.getresponse()
    answer = Answer(response.status, response.getheaders(), b"" if response.status == 200 else response.read())
    connection.close()
    return answer


def requests_of(operation):
    """(query, body) of every request that the operation's examples make: each body, each parameter alone, or beside the one
    without which it has no meaning (`x-needs`)."""
    content = json_body(operation)
    parameters = [p for p in parameters_of(operation, "query") if p["name"] != "cursor"]
    given = {p["name"]: p["example"] for p in parameters}
    required = {p["name"]: p["example"] for p in parameters if p.get("required")}
    for body in examples(DOCUMENT, content) if content else [None]:
        yield required, body
    if content is None:
        for parameter in parameters:
            needed = {name: given[name] for name in [parameter.get("x-needs")] if name}
            yield required | needed | {parameter["name"]: parameter["example"]}, None


def send(server, client, stage, name, query, body):
    """One request of an operation's examples in the client's name, about what is on the stage."""
    method, path, operation = OPERATIONS[name]
    for parameter in parameters_of(operation, "path"):
        value = str(stage.play(parameter["example"]))
        path = path.replace("{" + parameter["name"] + "}", quote(value, safe=""))
    headers = {parameter["name"]: parameter["example"] for parameter in parameters_of(operation, "header")
               if parameter["name"] != "Idempotency-Key"}
    if any(parameter["name"] == "Idempotency-Key" for parameter in parameters_of(operation, "header")):
        headers["Idempotency-Key"] = stage.bank.key()
    query = stage.play(query)
    target = path + ("?" + urlencode({name: str(value) for name, value in query.items()}) if query else "")
    if any("text/event-stream" in resolve(DOCUMENT, response).get("content", {})
           for response in operation["responses"].values()):
        return target, follow(server, client, target, headers)
    return target, client.request(method.upper(), target, stage.play(body), headers=headers)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_documented_examples_are_answered_as_documented(name, server, bank, contract):
    method, _, operation = OPERATIONS[name]
    for query, body in requests_of(operation):
        stage = Stage(server, bank)
        PREPARED.get(name, lambda _: None)(stage)
        target, answer = send(server, bank.client, stage, name, query, body)
        if not (name in PAGES and answer.status == 404):
            expected = DECLINED.get(name, (None,))[0]
            assert answer.status == expected if expected else 200 <= answer.status < 300, f"{target} {body}: {answer}"
        if answer.body:
            contract.check(method.upper(), target, answer)


def closed(content):
    """Its schema, as answers are checked against it."""
    schema = json.loads(json.dumps(content["schema"]))
    close(schema)
    return schema


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_documented_answers_fit_their_schemas(name, contract):
    _, _, operation = OPERATIONS[name]
    for status, response in operation["responses"].items():
        for media_type, content in resolve(DOCUMENT, response).get("content", {}).items():
            shown = list(examples(DOCUMENT, content))
            if media_type == "application/json" and name != "showOpenapi":
                assert shown, f"{name} has no example of {status}"
            for example in shown:
                if media_type.endswith("json"):
                    faults = contract.faults_of_value(closed(content), example)
                    assert not faults, f"{name}, example of {status}: {faults}"


@pytest.mark.parametrize("name", OPERATIONS)
def test_everything_that_can_be_sent_has_an_example(name):
    _, path, operation = OPERATIONS[name]
    for parameter in parameters_of(operation, "path") + parameters_of(operation, "query"):
        assert parameter["name"] == "cursor" or "example" in parameter, f"{name}: {parameter['name']}"
    if content := json_body(operation):
        for example in examples(DOCUMENT, content):
            faults = Contract(DOCUMENT).faults_of_value(content["schema"], example)
            assert not faults, f"{name}, example of the request: {faults}"
        assert list(examples(DOCUMENT, content)), f"{name}: its body"


# --- the judge itself ---


def answered(status, body, media_type="application/json"):
    return Answer(status, [("Content-Type", media_type)], json.dumps(body).encode())


def test_an_answer_that_is_not_as_documented_is_noticed(contract, bank):
    wallet = bank.wallet(bank.open())
    target = "/v1/wallets/" + wallet["id"]
    assert contract.faults("GET", target, answered(200, wallet)) == []
    problem = bank.client.get("/v1/wallets/0193480e-7a5c-7c1e-9f6b-2d1f0c8a4b11").json
    assert contract.faults("GET", target, answered(404, problem, "application/problem+json")) == []
    for status, body, media_type in [
            (200, wallet | {"colour": "red"}, "application/json"),
            (200, {name: wallet[name] for name in wallet if name != "version"}, "application/json"),
            (200, wallet | {"created_at": "yesterday"}, "application/json"),
            (200, wallet | {"id": "4711"}, "application/json"),
            (200, wallet | {"balance": wallet["balance"] | {"available": 12.5}}, "application/json"),
            (200, wallet, "text/html"),
            (201, wallet, "application/json"),
            (500, problem | {"status": 500, "code": "internal_error"}, "application/problem+json"),
            (404, problem | {"status": 400}, "application/problem+json"),
            (404, problem | {"code": "bad_luck"}, "application/problem+json"),
    ]:
        assert contract.faults("GET", target, answered(status, body, media_type)), (status, body)
    with pytest.raises(AssertionError, match="readWallet, GET /v1/wallets/{id}"):
        contract.check("GET", target, answered(200, {}))
