"""The saga inspector's routes: transfers that are over, and transfers that cannot go on because their destination cannot
decide. The latter need a server of their own, which takes every transfer step by step."""

import http.client
import json
import uuid

import pytest

from conftest import Bank
from processes import Dompetd, PostgreSQL, dompetctl, psql, wait_until

NOBODY = "01934810-0000-7000-8000-000000000000"


class Slow:
    """Ayu pays Budi, whose wallet cannot be read, so that nobody can decide; Citra's can."""

    def __init__(self, dompetd):
        self.dompetd = dompetd
        self.client = dompetd.client()
        bank = Bank(self.client)
        self.ayu, self.budi, self.citra = bank.open_with("1000.00"), bank.open(), bank.open()
        self.client.close()
        dompetd.stop()
        psql(dompetd.database, "UPDATE journal SET payload = decode('00', 'hex') WHERE wallet_seq = 1 AND kind <> 4 AND "
             f"wallet = '{self.budi}'", superuser=True)
        dompetd.start()
        self.client = dompetd.client()

    def transfer(self, amount, destination=None):
        return {"source_wallet_id": self.ayu, "destination_wallet_id": destination or self.budi, "amount": amount,
                "currency": "IDR"}

    def pay(self, amount, destination=None, key=None):
        """The id of a new transfer. That of one to Budi is looked for: its answer would come after seconds."""
        body = json.dumps(self.transfer(amount, destination))
        alike = f"wallet_id={self.ayu}&min_amount={amount}&max_amount={amount}"
        known = self.list(alike)
        connection = http.client.HTTPConnection("127.0.0.1", self.dompetd.port, timeout=20)
        connection.request("POST", "/v1/transfers", body, {"Content-Type": "application/json",
                                                           "Idempotency-Key": key or str(uuid.uuid4()),
                                                           **self.dompetd.authorization()})
        if destination:
            assert connection.getresponse().status == 201
        new = wait_until(lambda: set(self.list(alike)) - set(known), "the transfer is on record")
        connection.close()
        return new.pop()

    def get(self, path, status=200):
        answer = self.client.get(path)
        assert answer.status == status, answer
        return answer.json

    def saga(self, saga):
        return self.get(f"/v1/sagas/{saga}")

    def timeline(self, saga):
        return self.get(f"/v1/sagas/{saga}/timeline")["data"]

    def list(self, query=""):
        return [row["id"] for row in self.client.all(f"/v1/sagas?{query}")]

    def order(self, saga, action, **more):
        return self.client.post(f"/v1/sagas/{saga}/{action}", {"reason": "a test", "who": "dewi"} | more)


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory):
    postgres = PostgreSQL(tmp_path_factory.mktemp("postgres"))
    postgres.start()
    database = postgres.fresh("slow")
    dompetctl("migrate", "up", "--database", database)
    with Dompetd(tmp_path_factory.mktemp("slow"), database, engine_fast_path="false",
                 engine_transfer_expiry_s=600).start() as dompetd:
        yield Slow(dompetd)
    postgres.remove()


@pytest.fixture
def slow(slow_server):
    slow_server.client.close()
    return slow_server


@pytest.fixture
def stuck(slow):
    """A transfer that waits for a destination which answers busy."""
    saga = slow.pay("1.00")
    wait_until(lambda: slow.saga(saga)["attempts"] >= 2, "a second attempt")
    return saga


# --- what is told ---


def test_an_open_transfer_says_why_it_waits_and_on_what_evidence(slow, stuck):
    saga = wait_until(lambda: (told := slow.saga(stuck))["stuck"] and told, "it is told to be stuck")
    shard = saga["destination_shard"]
    assert saga["state"] == "reserved" and saga["compact"] is False and saga["path"] == "stepwise"
    assert saga["reason"].startswith(f"Destination shard {shard} on node dompet answers BUSY to CREDIT since ")
    assert f"The register of shard {shard} has no decision about it." in saga["evidence"]
    assert saga["live"]["available"] and saga["live"]["loaded"] and saga["live"]["says"] == "from the owner's memory"
    assert saga["live"]["waiting_for"] and saga["live"]["attempts"][0]["answer"] == "busy"
    assert saga["decision"] is None
    assert saga["transaction"]["status"] == "pending"
    assert saga["owner"]["node"] == "dompet" and saga["owner"]["reachable"]


def test_a_list_finds_open_and_stuck_transfers_by_what_stops_them(slow, stuck):
    wait_until(lambda: stuck in slow.list("state=stuck"), "it is listed as stuck")
    row = next(row for row in slow.client.all("/v1/sagas?state=open&error=busy") if row["id"] == stuck)
    assert row["last_error"] == "busy" and row["attempts"] >= 2 and row["stuck"] and "BUSY" in row["reason"]
    shard = row["destination_shard"]
    assert stuck in slow.list(f"state=open&destination_shard={shard}&owner=dompet&min_attempts=2&min_amount=1.00"
                              "&max_amount=1.00&currency=IDR&max_age_s=600")
    for query in (f"destination_shard={(shard + 1) % 64}", "owner=somebody", "min_age_s=600", "error=no_answer",
                  "state=cancelling", "state=settled", "currency=USD", "min_attempts=1000000"):
        assert stuck not in slow.list(query), query


def test_a_list_is_sorted_by_age_amount_and_attempts(slow):
    small, large = slow.pay("1.50"), slow.pay("7.50")
    amounts = [float(row["amount"]) for row in slow.client.all("/v1/sagas?sort=-amount&state=open", limit=2)]
    assert amounts == sorted(amounts, reverse=True) and amounts[0] >= 7.5
    ages = [row["updated_at"] for row in slow.client.all("/v1/sagas?sort=age&state=open", limit=3)]
    assert ages == sorted(ages)
    oldest = slow.list("sort=created&state=open")
    assert oldest.index(small) < oldest.index(large)
    assert slow.list("state=open") == oldest[::-1]
    assert slow.list("sort=-attempts")[-1] in (small, large) or len(oldest) > 2
    answer = slow.client.get("/v1/sagas?sort=-amount&state=settled")
    assert (answer.status, answer.code) == (400, "invalid_parameter")


def test_a_timeline_tells_balances_attempts_and_gaps(slow, stuck):
    wait_until(lambda: any(step["what"] == "gap" for step in slow.timeline(stuck)), "a gap is told")
    steps = slow.timeline(stuck)
    hold, reserved = steps[0], steps[1]
    assert hold["what"] == "event" and hold["event"] == "hold_placed" and hold["side"] == "source"
    before, after = hold["balances_before"], hold["balances_after"]
    assert float(before["available"]) - float(after["available"]) == 1
    assert float(after["held"]) - float(before["held"]) == 1
    assert reserved["what"] == "saga" and reserved["title"].startswith("RESERVED")
    attempts = [step for step in steps if step["what"] == "attempt"]
    assert [step["attempt"] for step in attempts] == list(range(1, len(attempts) + 1))
    assert attempts[0]["answer"] == "busy" and attempts[0]["node"] == "dompet" and attempts[0]["duration_ms"] >= 0
    gap = next(step for step in steps if step["what"] == "gap")
    assert gap["gap_ms"] > 1000


def test_a_transfer_without_a_decision_may_not_be_released(slow, stuck):
    proof = slow.get(f"/v1/sagas/{stuck}/proof")
    assert proof["may_be_released"] is False
    assert "not a permission" in proof["sentence"]
    facts = {fact["fact"]: fact["holds"] for fact in proof["evidence"]}
    assert facts["The destination's register says REFUSED"] is False
    assert facts["A durable hold stands in the source's journal"] is True
    assert proof["conservation"] == {"ok": True, "source_out": "0.00", "destination_in": "0.00", "held": "1.00",
                                     "sentence": "The amount is held at the source, and nothing has arrived."}


def test_a_settled_transfer_tells_every_step_and_its_proof(slow):
    saga = slow.pay("2.00", slow.citra)
    told = slow.saga(saga)
    assert told["state"] == "settled" and told["decision"]["outcome"] == "credited"
    assert told["reason"] is None and not told["stuck"] and told["live"]["available"] is False
    steps = [(step["what"], step.get("event", step["title"].split(":")[0])) for step in slow.timeline(saga)
             if step["what"] != "gap"]
    assert steps == [("event", "hold_placed"), ("saga", "RESERVED"), ("event", "credited"),
                     ("decision", "The destination's shard decided CREDITED"), ("event", "hold_captured"),
                     ("saga", "SETTLED")]
    proof = slow.get(f"/v1/sagas/{saga}/proof")
    assert not proof["may_be_released"] and proof["conservation"]["ok"]
    assert (proof["conservation"]["source_out"], proof["conservation"]["destination_in"]) == ("2.00", "2.00")


def test_transfers_in_one_commit_and_declined_ones_are_told_too(bank):
    source, destination = bank.open_with("10.00"), bank.open_with("5.00")
    whole = bank.transfer(source, destination, "4.00").json["id"]
    assert bank.transfer(source, destination, "900.00").status == 402
    [declined] = [row["id"] for row in bank.client.all(f"/v1/sagas?wallet_id={source}&state=declined")]
    saga = bank.client.get(f"/v1/sagas/{whole}").json
    assert saga["compact"] and saga["decision"]["outcome"] == "credited"
    steps = bank.client.get(f"/v1/sagas/{whole}/timeline").json["data"]
    assert [step.get("event") for step in steps] == ["transferred_out", "credited", None]
    assert steps[0]["balances_before"]["available"] == "10.00" and steps[0]["balances_after"]["available"] == "6.00"
    assert steps[1]["balances_before"]["available"] == "5.00" and steps[1]["balances_after"]["available"] == "9.00"
    assert bank.client.get(f"/v1/sagas/{whole}/proof").json["conservation"]["ok"]
    assert bank.client.get(f"/v1/sagas/{declined}").json["last_error"] == "insufficient_funds"
    assert bank.client.get(f"/v1/sagas/{declined}/timeline").json["data"][0]["title"].startswith("DECLINED")
    proof = bank.client.get(f"/v1/sagas/{declined}/proof").json
    assert proof["conservation"]["ok"] and not proof["may_be_released"]


@pytest.mark.parametrize("path", ["", "/timeline", "/proof", "/export", "/notes"])
def test_what_is_no_transfer_is_not_found(client, path):
    answer = client.get(f"/v1/sagas/{NOBODY}{path}")
    assert (answer.status, answer.code) == (404, "saga_not_found")
    assert client.get(f"/v1/sagas/nonsense{path}").code == "invalid_id"


@pytest.mark.parametrize("query", ["state=odd", "sort=amount", "min_age_s=x", "source_shard=-1", "currency=rupiah",
                                   "min_amount=0", "min_attempts=-1", "owner=" + "x" * 101, "unknown=1"])
def test_a_filter_of_transfers_that_makes_no_sense_is_refused(client, query):
    assert client.get(f"/v1/sagas?{query}").status == 400
    assert client.get(f"/v1/sagas/export?{query}").status == 400


# --- counts ---


def test_the_counts_tell_states_ages_and_causes(slow, stuck):
    counts = slow.get("/v1/sagas/counts")
    open_ones = slow.list("state=open")
    assert counts["states"]["reserved"] + counts["states"]["cancelling"] == len(open_ones)
    assert sum(age["count"] for age in counts["open_by_age"]) == len(open_ones)
    assert [age["up_to_s"] for age in counts["open_by_age"]] == [1, 5, 30, 300, None]
    shard = slow.saga(stuck)["destination_shard"]
    cause = next(cause for cause in counts["causes"] if cause["error"] == "busy")
    assert cause["destination_shard"] == shard and cause["node"] == "dompet" and cause["count"] >= 1
    assert counts["oldest_age_ms"] >= cause["oldest_age_ms"] > 0


def events(response, most):
    """Parses server-sent events as they come."""
    lines = []
    for raw in response:
        line = raw.decode().rstrip("\r\n")
        if line:
            lines.append(line)
            continue
        fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
        lines = []
        if fields:
            yield fields["event"], json.loads(fields["data"])
            most -= 1
        if most == 0:
            return


def test_counts_come_as_events_when_something_changes(slow):
    connection = http.client.HTTPConnection("127.0.0.1", slow.dompetd.port, timeout=20)
    connection.request("GET", "/v1/sagas/events", headers=slow.dompetd.authorization())
    response = connection.getresponse()
    assert response.status == 200 and response.getheader("Content-Type") == "text/event-stream"
    stream = events(response, most=50)
    kind, first = next(stream)
    assert kind == "counts" and first.keys() >= {"as_of", "states", "open_by_age", "causes", "oldest_age_ms"}
    slow.pay("1.00")
    assert any(counts["states"]["reserved"] > first["states"]["reserved"] for _, counts in stream)
    connection.close()


def test_a_stream_that_nobody_reads_does_not_hold_up_the_others(slow):
    idle = [http.client.HTTPConnection("127.0.0.1", slow.dompetd.port, timeout=20) for _ in range(70)]
    answers = []
    for connection in idle:
        connection.request("GET", "/v1/sagas/events", headers=slow.dompetd.authorization())
    for connection in idle:
        answers.append(connection.getresponse().status)
    assert answers.count(200) >= 60 and answers.count(503) >= 6
    assert slow.get("/v1/sagas/counts")
    for connection in idle:
        connection.close()

    def there_is_room():
        connection = http.client.HTTPConnection("127.0.0.1", slow.dompetd.port, timeout=20)
        connection.request("GET", "/v1/sagas/events", headers=slow.dompetd.authorization())
        status = connection.getresponse().status
        connection.close()
        return status == 200
    wait_until(there_is_room, "those who left have made room")


# --- orders ---


def test_a_paused_transfer_sends_nothing_and_says_who_paused_it(slow, stuck):
    answer = slow.order(stuck, "pause")
    assert answer.status == 202, answer
    assert answer.json["accepted"] and answer.json["action"] == "pause" and answer.json["state"] == "reserved"
    saga = slow.saga(stuck)
    assert saga["paused"] and saga["stuck"] and saga["reason"].startswith("Paused by administrator for dewi")
    assert saga["live"]["next_attempt_in_ms"] is None
    row = next(row for row in slow.client.all("/v1/sagas?state=open") if row["id"] == stuck)
    assert row["paused"] and row["reason"].startswith("Paused by administrator for dewi")
    assert slow.order(stuck, "resume").status == 202
    saga = slow.saga(stuck)
    assert not saga["paused"] and not saga["reason"].startswith("Paused")
    assert wait_until(lambda: slow.saga(stuck)["attempts"] > saga["attempts"], "it goes on")


def test_a_retry_sends_at_once(slow, stuck):
    before = slow.saga(stuck)["attempts"]
    assert slow.order(stuck, "retry").status == 202
    wait_until(lambda: slow.saga(stuck)["attempts"] > before, "one more attempt")


def test_a_cancel_is_a_request_and_the_money_comes_back_with_the_destinations_word(slow):
    key = str(uuid.uuid4())
    saga = slow.pay("3.00", key=key)
    answer = slow.order(saga, "cancel")
    assert answer.status == 202 and "only with its word" in answer.json["sentence"]
    told = wait_until(lambda: (told := slow.saga(saga))["state"] == "released" and told, "the money is back")
    assert told["decision"]["outcome"] == "refused" and told["decision"]["reason"] == "cancelled"
    proof = slow.get(f"/v1/sagas/{saga}/proof")
    assert proof["may_be_released"] and proof["sentence"].startswith("Yes, and it was") and proof["conservation"]["ok"]
    answer = slow.client.post("/v1/transfers", slow.transfer("3.00"), key=key)
    assert (answer.status, answer.code, answer.json["transaction_id"]) == (409, "cancelled", saga)
    shown = slow.get(f"/v1/transactions/{saga}")
    assert (shown["status"], shown["decline"]["code"]) == ("cancelled", "cancelled")
    for filters in ("", f"wallet_id={slow.ayu}&"):
        listed = {status: [row["id"] for row in slow.client.all(f"/v1/transactions?{filters}status={status}")]
                  for status in ("cancelled", "failed", "pending", "completed", "declined")}
        assert [status for status, ids in listed.items() if saga in ids] == ["cancelled"], filters
    titles = [step["title"] for step in slow.timeline(saga)]
    order = [next(i for i, title in enumerate(titles) if part in title)
             for part in ("RESERVED", "dewi ordered: cancel", "CANCELLING", "REFUSED", "RELEASED")]
    assert order == sorted(order), titles


def test_every_order_is_audited_with_who_and_why(slow, stuck):
    assert slow.order(stuck, "retry", reason="the customer called", who="eko").status == 202
    rows = psql(slow.dompetd.database, f"SELECT who, what, why FROM audit WHERE saga = '{stuck}' ORDER BY id")
    assert rows[-1] == ["administrator for eko", "saga.retry", "the customer called"]
    action = next(step for step in slow.timeline(stuck) if step["what"] == "action")
    assert (action["who"], action["why"]) == ("administrator for eko", "the customer called")


@pytest.mark.parametrize("action", ["retry", "cancel", "pause", "resume"])
def test_a_transfer_that_is_over_takes_no_orders(slow, action):
    saga = slow.pay("1.00", slow.citra)
    answer = slow.order(saga, action)
    assert (answer.status, answer.code) == (409, "saga_is_final")
    assert slow.order(NOBODY, action).code == "saga_not_found"
    assert psql(slow.dompetd.database, f"SELECT count(*) FROM audit WHERE saga = '{saga}'") == [["0"]]


@pytest.mark.parametrize("body", ["", "{}", '{"reason":""}', '{"reason":7}', '{"reason":"x","who":"' + "w" * 101 + '"}',
                                  '{"reason":"x","force":true}'])
def test_an_order_says_why(client, body):
    assert client.post(f"/v1/sagas/{NOBODY}/cancel", body).status == 400


# --- notes and views ---


def test_notes_and_labels_stay_with_a_transfer(slow, stuck):
    label = f"label {uuid.uuid4()}"
    answer = slow.client.post(f"/v1/sagas/{stuck}/notes", {"text": "asked the bank", "label": label, "who": "eko"})
    assert answer.status == 201 and answer.json["who"] == "administrator for eko"
    assert slow.client.post(f"/v1/sagas/{stuck}/notes", {"text": "no answer yet", "assignee": "fajar"}).status == 201
    notes = slow.get(f"/v1/sagas/{stuck}/notes")["data"]
    assert [(note["who"], note["text"]) for note in notes] == [("administrator for eko", "asked the bank"), ("administrator", "no answer yet")]
    [row] = list(slow.client.all("/v1/sagas?label=" + label.replace(" ", "%20")))
    assert (row["label"], row["assignee"], row["note_count"]) == (label, "fajar", 2)
    assert any("asked the bank" in step["title"] for step in slow.timeline(stuck))
    assert slow.client.post(f"/v1/sagas/{NOBODY}/notes", {"text": "x"}).code == "saga_not_found"
    assert slow.client.post(f"/v1/sagas/{stuck}/notes", {"text": ""}).status == 400


def test_views_are_kept_for_everybody(client):
    assert client.request("PUT", "/v1/sagas/views/stuck%20ones", {"filter": {"state": "stuck", "min_age_s": 60}}).status == 200
    views = {view["name"]: view["filter"] for view in client.get("/v1/sagas/views").json["data"]}
    assert views["stuck ones"] == {"state": "stuck", "min_age_s": 60}
    assert client.request("PUT", "/v1/sagas/views/odd", {"filter": {"state": "odd"}}).status == 400
    assert client.request("PUT", "/v1/sagas/views/odd", {"filter": {"state": ["open"]}}).status == 400
    assert client.request("DELETE", "/v1/sagas/views/stuck%20ones").status == 200
    assert client.request("DELETE", "/v1/sagas/views/stuck%20ones").code == "view_not_found"


# --- bulk ---


def bulk(slow, **more):
    return slow.client.post("/v1/sagas/bulk", {"filter": {"state": "open"}, "action": "retry", "reason": "a test"} | more)


def test_a_dry_run_counts_and_adds_up_and_does_nothing(slow):
    sagas = [slow.pay("11.00"), slow.pay("12.00")]
    before = psql(slow.dompetd.database, "SELECT count(*) FROM audit")
    answer = bulk(slow, filter={"state": "open", "min_amount": "11.00", "max_amount": "12.00"})
    assert answer.status == 200
    assert answer.json == {"dry_run": True, "count": 2, "amounts": [{"currency": "IDR", "total": "23.00"}],
                           "sample": sagas[::-1]}
    assert psql(slow.dompetd.database, "SELECT count(*) FROM audit") == before


def test_a_bulk_order_reaches_every_transfer_and_reports(slow):
    sagas = [slow.pay("21.00"), slow.pay("22.00"), slow.pay("23.00")]
    answer = bulk(slow, filter={"min_amount": "21.00", "max_amount": "23.00"}, action="pause", dry_run=False, who="eko",
                  rate_per_s=200)
    assert answer.status == 202 and answer.json["total"] == 3, answer
    job = f"/v1/sagas/bulk/{answer.json['id']}"
    done = wait_until(lambda: (told := slow.get(job))["state"] == "done" and told, "the job is done")
    assert (done["done"], done["refused"]) == (3, 0)
    assert {(row["id"], row["outcome"]) for row in done["report"]} == {(saga, "accepted") for saga in sagas}
    assert all(slow.saga(saga)["paused"] for saga in sagas)
    assert psql(slow.dompetd.database, f"SELECT who, what FROM audit WHERE id = '{answer.json['id']}'") == [
        ["administrator for eko", "saga.bulk.pause"]]
    rows = psql(slow.dompetd.database, f"SELECT count(*) FROM audit WHERE evidence ->> 'job' = '{answer.json['id']}'")
    assert rows == [["3"]]


def test_a_bulk_job_can_be_held_and_ended(slow):
    for amount in ("31.00", "31.00", "31.00"):
        slow.pay(amount)
    job = bulk(slow, filter={"min_amount": "31.00", "max_amount": "31.00"}, dry_run=False, rate_per_s=1).json
    path = f"/v1/sagas/bulk/{job['id']}"
    assert slow.client.post(f"{path}/pause").json["state"] == "paused"
    assert slow.client.post(f"{path}/resume").json["state"] == "running"
    assert slow.client.post(f"{path}/abort").json["state"] == "aborted"
    ended = slow.get(path)
    assert ended["state"] == "aborted" and ended["done"] < 3
    assert slow.client.post(f"{path}/resume").json["state"] == "aborted"


def test_a_bulk_order_that_makes_no_sense_is_refused(slow):
    assert bulk(slow, action="release").status == 400
    assert bulk(slow, filter={"state": "settled"}).status == 400
    assert bulk(slow, filter={"limit": 5}).status == 400
    assert bulk(slow, dry_run=False, reason="").status == 400
    assert bulk(slow, rate_per_s=100_000).status == 400
    answer = slow.client.get(f"/v1/sagas/bulk/{NOBODY}")
    assert (answer.status, answer.code) == (404, "bulk_not_found")


# --- files ---


def test_a_list_is_exported_whole(slow, stuck):
    listed = slow.list("state=open")
    answer = slow.client.get("/v1/sagas/export?state=open&format=ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["id"] for line in answer.body.decode().splitlines()] == listed
    answer = slow.client.get("/v1/sagas/export?state=open&format=csv")
    lines = answer.body.decode().splitlines()
    assert answer.headers["content-type"].startswith("text/csv")
    assert lines[0].startswith("id,state,path,amount") and [line.split(",")[0] for line in lines[1:]] == listed


def test_a_bundle_has_the_records_as_they_are_stored(slow, stuck):
    bundle = wait_until(lambda: (told := slow.get(f"/v1/sagas/{stuck}/export"))["attempts"] and told, "attempts on record")
    assert bundle["saga"]["amount_minor"] == 100 and bundle["decision"] is None
    [record] = bundle["records"]
    stored = psql(slow.dompetd.database, f"SELECT shard_seq, encode(payload, 'hex') FROM journal WHERE id = '{stuck}'")
    assert [[str(record["shard_seq"]), record["payload_hex"]]] == stored
