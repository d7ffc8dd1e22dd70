"""Protocol 5.7: a key makes a request happen once, and its answer is the same for ever."""

import threading

import pytest


@pytest.mark.parametrize("path", ["/v1/topups", "/v1/transfers"])
def test_money_moves_only_with_a_key(client, path):
    answer = client.post(path, {})
    assert (answer.status, answer.code) == (400, "idempotency_key_required")


@pytest.mark.parametrize("key", ["", "x" * 129, "caf\u00e9", '""', "tab\there"])
def test_a_key_has_1_to_128_printable_characters(bank, key):
    answer = bank.client.post("/v1/transfers", {"source_wallet_id": bank.open_with(1), "amount": 1, "currency": "IDR",
                                                "destination_wallet_id": bank.open()},
                              headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "invalid_idempotency_key")


@pytest.mark.parametrize("key", ["x", "y" * 128, "with space inside", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"])
def test_any_other_key_will_do(bank, key):
    answer = bank.transfer(bank.open_with(1), bank.open(), 1, key=bank.key()[:0] + key)
    assert answer.status in (201, 422), answer  # 422: an earlier run on the same database had it


def test_a_replay_is_the_first_answer_byte_for_byte(bank):
    source, destination, key = bank.open_with("10.00"), bank.open(), bank.key()
    first = bank.transfer(source, destination, "4.00", key=key, description="once")
    again = bank.transfer(source, destination, "4.00", key=key, description="once")
    assert first.status == again.status == 201
    assert not first.is_replay and again.is_replay
    assert first.body == again.body
    assert first.headers["location"] == again.headers["location"]
    assert bank.available(source) == "6.00"


def test_a_replay_may_be_written_differently(bank):
    source, destination, key = bank.open_with("10.00"), bank.open(), bank.key()
    first = bank.transfer(source, destination, "4.00", key=key, metadata={"a": 1, "b": 2})
    body = f'{{ "metadata": {{"b":2,"a":1}}, "amount": 4, "currency": "IDR", "description": null,' \
           f'"destination_wallet_id": "{destination.upper()}", "source_wallet_id": "{source}" }}'
    again = bank.client.post("/v1/transfers", body.encode(), key=f'"{key}"')
    assert again.is_replay
    assert first.body == again.body


def test_a_declined_request_stays_declined(bank):
    source, destination, key = bank.open_with("1.00"), bank.open(), bank.key()
    first = bank.transfer(source, destination, "4.00", key=key)
    assert first.code == "insufficient_funds"
    bank.top_up(source, "100.00")
    again = bank.transfer(source, destination, "4.00", key=key)
    assert again.status == 402 and again.is_replay
    assert first.body == again.body
    assert bank.transfer(source, destination, "4.00").status == 201


def test_a_key_cannot_be_used_for_another_request(bank):
    source, destination, key = bank.open_with("10.00"), bank.open(), bank.key()
    first = bank.transfer(source, destination, "4.00", key=key)
    for other in (bank.transfer(source, destination, "4.01", key=key),
                  bank.transfer(source, destination, "4.00", key=key, description="more"),
                  bank.transfer(destination, source, "4.00", key=key), bank.top_up(source, "4.00", key=key)):
        assert (other.status, other.code) == (422, "idempotency_key_reused"), other
        assert first.json["id"] in other.json["detail"]
    assert bank.available(source) == "6.00"


def test_a_malformed_request_does_not_use_up_its_key(bank):
    source, destination, key = bank.open_with("10.00"), bank.open(), bank.key()
    assert bank.transfer(source, destination, "nonsense", key=key).status == 400
    assert bank.transfer(source, destination, "1.00", key=key).status == 201


def test_equal_requests_at_the_same_moment_are_one(server, bank):
    source, destination, key = bank.open_with("100.00"), bank.open(), bank.key()
    answers, barrier = [], threading.Barrier(16)

    def send():
        one = type(bank)(server.client())
        barrier.wait()
        answers.append(one.transfer(source, destination, "1.00", key=key))
        one.client.close()

    threads = [threading.Thread(target=send) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert sum(not answer.is_replay for answer in answers) == 1
    assert bank.available(source) == "99.00"


def test_answers_survive_a_restart(server, bank):
    source, destination, key, other_key = bank.open_with("10.00"), bank.open(), bank.key(), bank.key()
    first = bank.transfer(source, destination, "4.00", key=key)
    refused = bank.transfer(source, destination, "400.00", key=other_key)
    bank.client.close()
    server.kill()
    server.start()
    again = bank.transfer(source, destination, "4.00", key=key)
    assert again.is_replay and again.body == first.body and again.status == first.status
    again = bank.transfer(source, destination, "400.00", key=other_key)
    assert again.is_replay and again.body == refused.body and again.status == refused.status
    assert bank.available(source) == "6.00"
