"""Protocol 5.7 and 5.12 when commits hang: deadlines, joining, shedding. A lock in the database holds every commit."""

import subprocess
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from conftest import Bank
from processes import Dompetd, clean_environment, dompetctl, psql, wait_until


@pytest.fixture(scope="module")
def slow_database(database):
    """A database of its own on the same PostgreSQL: a second server on one ledger would take the shards away."""
    name = "slow_" + uuid.uuid4().hex[:8]
    psql(database, f"CREATE DATABASE {name}", superuser=True)
    psql(database, f"ALTER DATABASE {name} OWNER TO dompet", superuser=True)
    url = database.rsplit("/", 1)[0] + "/" + name
    dompetctl("migrate", "up", "--database", url)
    return url


@pytest.fixture(scope="module")
def server(tmp_path_factory, slow_database):
    """Patient with the database, impatient with the client: a document of two slow requests is too slow."""
    settings = {"database_lock_timeout_ms": 60000, "database_answer_timeout_ms": 60000, "http_answer_deadline_ms": 1000, "http_request_deadline_ms": 1500,
                "engine_lane_age_limit_ms": 60000, "http_max_in_flight_per_client": 8}
    with Dompetd(tmp_path_factory.mktemp("slow"), slow_database, **settings).start() as dompetd:
        yield dompetd


@contextmanager
def commits_held(url):
    url = url.replace("//dompet@", "//postgres@")
    session = subprocess.Popen(["psql", "-X", "-q", "-d", url], stdin=subprocess.PIPE, env=clean_environment(), text=True)
    session.stdin.write("BEGIN; LOCK TABLE journal IN EXCLUSIVE MODE;\n")
    session.stdin.flush()
    held = "SELECT 1 FROM pg_locks WHERE relation = 'journal'::regclass AND mode = 'ExclusiveLock' AND granted"
    wait_until(lambda: psql(url, held), "the lock is held")
    try:
        yield
    finally:
        session.stdin.close()
        session.wait()


def test_an_unknown_outcome_is_found_out_with_the_same_key(server, slow_database, bank):
    source, destination, key = bank.open_with("10.00"), bank.open(), bank.key()
    with commits_held(slow_database):
        began = time.monotonic()
        answer = bank.transfer(source, destination, "1.00", key=key)
        assert 0.9 < time.monotonic() - began < 5
        assert (answer.status, answer.code) == (503, "outcome_unknown")
        assert answer.json["applied"] == "unknown" and answer.json["retryable"] is True
        assert int(answer.headers["retry-after"]) >= 1
        again = bank.transfer(source, destination, "1.00", key=key)
        assert (again.status, again.code) == (409, "in_progress")
        assert "retry-after" in again.headers
        other = bank.transfer(source, destination, "2.00", key=key)
        assert (other.status, other.code) == (422, "idempotency_key_reused")
        assert bank.client.get("/healthz").status == 200
    done = wait_until(lambda: (a := bank.transfer(source, destination, "1.00", key=key)).status == 201 and a, "it is done")
    assert done.is_replay
    assert bank.available(source) == "9.00"


def test_a_request_that_joins_gets_the_same_answer(server, slow_database, bank):
    source, destination, key = bank.open_with("10.00"), bank.open(), bank.key()
    with ThreadPoolExecutor(4) as pool:
        with commits_held(slow_database):
            running = [pool.submit(lambda: Bank(server.client()).transfer(source, destination, "1.00", key=key))
                       for _ in range(4)]
            time.sleep(0.3)  # long enough for all to be there, much shorter than the deadline
        answers = [one.result() for one in running]
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert sum(answer.is_replay for answer in answers) == 3


def test_a_document_that_moves_money_too_slowly_is_unknown_and_goes_no_further(server, slow_database, bank):
    source, destination, keys = bank.open_with("10.00"), bank.open(), [bank.key() for _ in range(3)]
    text = "mutation ($from: ID!, $to: ID!) {" + " ".join(
        f'a{i}: transfer(idempotencyKey: "{key}", input: {{sourceWalletId: $from, destinationWalletId: $to, amount: "1.00", currency: "IDR"}}) '
        "{ id }" for i, key in enumerate(keys)) + "}"

    def late():
        text = bank.client.get("/metrics").body.decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("dompet_http_requests_total{")
                   and 'route="/v1/transfers"' in line and 'status="503"' in line)
    before = late()
    with commits_held(slow_database):
        answer = bank.client.post("/graphql", {"query": text, "variables": {"from": source, "to": destination}})
        assert (answer.status, answer.code, answer.json["applied"]) == (503, "outcome_unknown", "unknown")
        wait_until(lambda: late() == before + 2, "the transfer that was under way has been given up")
    wait_until(lambda: bank.available(destination) == "2.00", "those that were begun arrive")
    third = bank.transfer(source, destination, "1.00", key=keys[2])
    assert third.status == 201 and not third.is_replay, "nobody had begun it"
    assert bank.available(destination) == "3.00"


def test_a_client_has_a_quota_of_requests_under_way(server, slow_database, bank):
    source, destination = bank.open_with("100.00"), bank.open()
    with commits_held(slow_database), ThreadPoolExecutor(20) as pool:
        barrier = threading.Barrier(20)

        def send():
            one = Bank(server.client())
            barrier.wait()
            return one.transfer(source, destination, "1.00")
        answers = list(pool.map(lambda _: send(), range(20)))
    shed = [answer for answer in answers if answer.status == 429]
    assert len(shed) == 12, answers
    for answer in shed:
        assert answer.code == "too_many_requests" and answer.json["applied"] == "no"
        assert answer.headers["retry-after"] and answer.headers["ratelimit-limit"] == "8"
    assert sum(answer.code == "outcome_unknown" for answer in answers) == 8
    assert server.metric("dompet_http_shed_total") >= 12
    wait_until(lambda: bank.available(source) == "92.00", "what was under way is done, once")
    assert server.metric("dompet_http_in_flight") == 0


def test_work_is_refused_while_the_lane_is_late(server, slow_database, bank):
    source, destination = bank.open_with("10.00"), bank.open()
    bank.client.close()
    server.stop()
    server.start(engine_lane_age_limit_ms=100)
    with commits_held(slow_database), ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: Bank(server.client()).transfer(source, destination, "1.00"))
        answer = wait_until(lambda: (a := bank.transfer(source, destination, "1.00")).code == "overloaded" and a, "shed", 10)
        assert answer.status == 503 and answer.json["applied"] == "no" and answer.headers["retry-after"]
        began = time.monotonic()
        assert bank.client.post("/v1/wallets", {"name": "A", "currency": "IDR"}).code == "overloaded"
        assert time.monotonic() - began < 0.5
        first.result()
    wait_until(lambda: bank.transfer(source, destination, "1.00").status == 201, "it recovers")


def test_work_is_refused_while_too_much_waits_for_the_lane(server, slow_database, bank):
    source, destination = bank.open_with("10.00"), bank.open()
    bank.client.close()
    server.stop()
    server.start(engine_lane_age_limit_ms=60_000, engine_lane_queue_rows=2)
    with commits_held(slow_database), ThreadPoolExecutor(8) as pool:
        pending = [pool.submit(lambda: Bank(server.client()).transfer(source, destination, "1.00")) for _ in range(8)]
        answer = wait_until(lambda: (a := bank.transfer(source, destination, "1.00")).code == "overloaded" and a, "shed", 10)
        assert answer.status == 503 and answer.json["applied"] == "no"
        [future.result() for future in pending]
    wait_until(lambda: bank.transfer(source, destination, "1.00").status == 201, "it recovers")
