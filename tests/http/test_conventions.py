"""Section 1 of the HTTP contract: problems, ids, headers, methods, media types."""

import re
import uuid

import pytest

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
WALLET = {"name": "Ani", "currency": "IDR"}


def test_a_problem_document_has_every_member(client):
    answer = client.get("/v1/nothing")
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem["type"] == "/problems/not_found"
    assert problem["status"] == 404
    assert problem["code"] == "not_found"
    assert problem["title"] and problem["detail"]
    assert problem["instance"] == "/v1/nothing"
    assert problem["retryable"] is False
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_ids_are_uuids_of_version_7_and_times_have_milliseconds(client):
    wallet = client.post("/v1/wallets", WALLET).json
    assert UUID.fullmatch(wallet["id"])
    assert TIME.fullmatch(wallet["created_at"])


def test_a_request_id_is_echoed(client):
    assert client.get("/healthz", headers={"X-Request-Id": "order-4711"}).headers["x-request-id"] == "order-4711"


@pytest.mark.parametrize("unfit", ["x" * 129, "with space", "caf\u00e9"])
def test_an_unfit_request_id_is_replaced(client, unfit):
    assert UUID.fullmatch(client.get("/healthz", headers={"X-Request-Id": unfit}).headers["x-request-id"])


@pytest.mark.parametrize("trace", ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0af7", "x" * 500])
def test_a_traceparent_good_or_not_changes_no_answer(client, trace):
    assert client.get("/healthz", headers={"traceparent": trace}).status == 200


def test_a_method_that_the_address_does_not_know_is_405_with_allow(client):
    answer = client.request("DELETE", "/v1/wallets")
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}


def test_options_says_what_is_allowed(client):
    answer = client.request("OPTIONS", "/v1/transfers")
    assert answer.status == 200
    assert set(answer.headers["allow"].split(", ")) == {"POST", "OPTIONS"}


def test_head_is_get_without_its_body(client):
    whole = client.get("/v1/topups/methods")
    head = client.request("HEAD", "/v1/topups/methods")
    assert head.status == 200
    assert head.body == b""
    assert head.headers["content-length"] == str(len(whole.body))
    assert client.get("/healthz").status == 200


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
def test_a_body_that_is_not_declared_as_json_is_415(client, media_type):
    answer = client.post("/v1/wallets", b'{"name": "Ani", "currency": "IDR"}', headers={"Content-Type": media_type})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


def test_a_media_type_may_have_parameters(client):
    answer = client.post("/v1/wallets", WALLET, headers={"Content-Type": "Application/JSON; charset=utf-8"})
    assert answer.status == 201


@pytest.mark.parametrize("body", [
    b"", b"{", b"nonsense", b"[]", b'"text"', b"null", b'{"name":"a","currency":"IDR",}', b'{"name":"\xff","currency":"IDR"}',
    b'{"name":"a","name":"b","currency":"IDR"}', b'{"name":' + b"[" * 40 + b"]" * 40 + b"}",
    b'{"name":"a","currency":"IDR"} trailing', b"{'name':'a'}", b'{"name":NaN}', b'{"a":1e999}',
])
def test_a_body_that_is_not_one_json_object_is_400(client, body):
    answer = client.post("/v1/wallets", body)
    assert (answer.status, answer.code) == (400, "malformed_json"), answer


def test_unknown_fields_are_refused_by_name(client):
    answer = client.post("/v1/wallets", WALLET | {"colour": "red"})
    assert (answer.status, answer.code) == (400, "unknown_field")
    assert [error["field"] for error in answer.json["errors"]] == ["colour"]


def test_every_wrong_field_is_named(client):
    answer = client.post("/v1/transfers", {"source_wallet_id": "x", "amount": 1, "currency": "XYZ"}, key="k")
    assert answer.status == 400
    assert {(error["field"], error["code"]) for error in answer.json["errors"]} == {
        ("source_wallet_id", "invalid_id"), ("destination_wallet_id", "missing_field"),
        ("currency", "unknown_currency")}


@pytest.mark.parametrize("currency", ["idr", "XXX", "", "ID", 360, None])
def test_currencies_are_iso_4217_codes_in_upper_case(client, currency):
    answer = client.post("/v1/wallets", {"name": "Ani", "currency": currency})
    assert answer.status == 400
    assert answer.code == ("missing_field" if currency is None else "unknown_currency")


@pytest.mark.parametrize("path", ["/v1/wallets/nonsense", "/v1/transactions/1", "/v1/sagas/x",
                                  "/v1/wallets/0193480e7a5c7c1e9f6b2d1f0c8a4b11"])
def test_a_malformed_id_in_the_path_is_400(client, path):
    answer = client.get(path)
    assert (answer.status, answer.code) == (400, "invalid_id")


@pytest.mark.parametrize("thing, code", [("wallets", "wallet_not_found"), ("transactions", "transaction_not_found"),
                                         ("sagas", "saga_not_found")])
def test_what_is_not_there_is_404(client, thing, code):
    answer = client.get(f"/v1/{thing}/{uuid.uuid4()}")
    assert (answer.status, answer.code) == (404, code)


@pytest.mark.parametrize("path", ["/v1/wallets?colour=red", "/v1/transactions?walletid=1", "/v1/wallets?limit=1&limit=2"])
def test_unknown_and_repeated_parameters_are_refused(client, path):
    answer = client.get(path)
    assert (answer.status, answer.code) == (400, "unknown_parameter")


@pytest.mark.parametrize("path", ["/v1/wallets/", "//v1/wallets", "/v1", "/", "/v1/wallets/a/b/c", "/V1/wallets"])
def test_addresses_are_exact(client, path):
    assert client.get(path).status == 404
