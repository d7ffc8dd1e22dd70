"""Risk rules: what they block, flag and hold for an officer; who may decide; what stays on record, also after kill -9."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from accounts import Person
from conftest import Bank
from graph import Graph
from held import transaction
from processes import Dompetd, dompetctl, psql, wait_until


@pytest.fixture(scope="module")
def risky_database(database):
    """A database of its own on the same PostgreSQL: rules are everybody's."""
    name = "risk_" + uuid.uuid4().hex[:8]
    psql(database, f"CREATE DATABASE {name}", superuser=True)
    psql(database, f"ALTER DATABASE {name} OWNER TO dompet", superuser=True)
    url = database.rsplit("/", 1)[0] + "/" + name
    dompetctl("migrate", "up", "--database", url)
    return url


@pytest.fixture(scope="module")
def server(tmp_path_factory, risky_database):
    with Dompetd(tmp_path_factory.mktemp("risk"), risky_database, risk_rules_max_age_ms=1500, risk_no_rules_max_age_ms=4000,
                 fx_review_rate_age_s=600).start() as dompetd:
        yield dompetd
        assert dompetd.stop() == 0
    dompetctl("verify", "--database", risky_database)


def rule(name, kind="amount_above", **more):
    return {"id": name, "name": name.replace("-", " "), "kind": kind, "score": 50, "action": "review"} | more


def over(amount, action, **more):
    return rule(f"over-{amount.split('.')[0]}", currency="IDR", amount=amount, action=action,
                kinds=["transfer", "withdrawal", "payment"], **more)


USUAL = [over("50.00", "flag", score=20), over("100.00", "review", score=30), over("500.00", "block", score=50)]


class Desk:
    """Whoever may do everything, where rules and reviews are concerned. Who moves the customers' money in these tests does
    not decide on it: that is the officer's."""

    def __init__(self, client, officer=None):
        self.client = client
        self.officer = officer or client

    def set(self, *rules, **more):
        version = self.client.get("/v1/risk/rules").json["version"]
        return self.client.request("PUT", "/v1/risk/rules", {"version": version, "rules": list(rules)} | more)

    def assessment(self, answer):
        return self.client.get("/v1/risk/assessments/" + transaction_of(answer)).json

    def decide(self, answer, verb, note="looked at it"):
        return self.officer.post(f"/v1/risk/assessments/{transaction_of(answer)}/{verb}", {"note": note})


def transaction_of(answer):
    return answer.json.get("transaction_id") or answer.json["id"]


@pytest.fixture(scope="module")
def officers(server):
    return [Person(server, name, ["approver"]) for name in ("eko", "sari")]


@pytest.fixture
def desk(client, officers):
    desk = Desk(client, officers[0].client())
    assert desk.set(*USUAL).status == 200
    yield desk
    assert desk.set().status == 200


@pytest.fixture
def pair(server):
    """Wallets of two customers, the first with money."""
    return Bank(Person(server).client()).open_with("1000.00"), Bank(Person(server, "budi").client()).open()


def status_of(client, answer):
    return client.get("/v1/transactions/" + transaction_of(answer)).json["status"]


def test_without_rules_nothing_is_judged(client, bank, pair):
    answer = bank.transfer(*pair, "900.00")
    assert answer.status == 201
    assert client.get("/v1/risk/assessments/" + answer.json["id"]).code == "assessment_not_found"


def test_a_flagged_transfer_goes_on_and_is_listed_with_its_reason(desk, bank, pair):
    answer = bank.transfer(*pair, "60.00")
    assert answer.status == 201
    seen = desk.assessment(answer)
    assert (seen["action"], seen["score"], seen["state"]) == ("allow", 20, None)
    assert seen["reasons"] == [{"rule": "over-50", "text": "over 50"}]
    assert "over" not in str(answer.json)  # the customer hears nothing of it


def test_officers_read_whose_money_was_judged_as_fraud_logs_too(client, desk, bank, pair):
    answer = bank.transfer(*pair, "60.00")
    owner = bank.wallet(pair[0])["user_id"]
    assert owner and desk.assessment(answer)["user_id"] == owner
    logs = Graph(client).ask("{ getFraudLogs { logId userId amount status reason } }")["getFraudLogs"]
    assert logs[0] == {"logId": transaction_of(answer), "userId": owner, "amount": 60, "status": "SUSPICIOUS", "reason": "over 50"}


def test_a_blocked_transfer_is_refused_without_a_word_why(desk, bank, pair):
    key = bank.key()
    answer = bank.transfer(*pair, "500.01", key=key)
    assert (answer.status, answer.code) == (403, "risk_blocked")
    assert "over" not in str(answer.json)
    assert bank.transfer(*pair, "500.01", key=key).is_replay
    assert bank.wallet(pair[0])["balance"] == {"available": "1000.00", "held": "0.00", "total": "1000.00"}
    assert desk.assessment(answer)["reasons"][0]["rule"] == "over-500"


def test_a_transfer_under_review_is_answered_at_once_and_held(desk, bank, pair):
    began = time.monotonic()
    answer = bank.transfer(*pair, "200.00")
    assert time.monotonic() - began < 2
    assert (answer.status, answer.json["status"]) == (202, "pending")
    assert bank.wallet(pair[0])["balance"] == {"available": "800.00", "held": "200.00", "total": "1000.00"}
    saga = desk.client.get("/v1/sagas/" + answer.json["id"]).json
    assert saga["state"] == "under_review" and not saga["stuck"]
    assert saga["reason"].startswith("Waits for an officer since")
    assert answer.json["id"] in [row["id"] for row in desk.client.get("/v1/sagas?state=under_review").json["data"]]
    assert desk.client.get("/v1/sagas/counts").json["states"]["under_review"] >= 1
    assert desk.decide(answer, "reject").status == 200


def test_an_approved_transfer_arrives(desk, bank, pair):
    answer = bank.transfer(*pair, "200.00")
    assert desk.assessment(answer)["state"] == "pending"
    approved = desk.decide(answer, "approve", "it was him")
    assert (approved.status, approved.json["state"]) == (200, "approved")
    wait_until(lambda: status_of(bank.client, answer) == "completed", "it arrives")
    assert bank.available(pair[1]) == "200.00"
    seen = desk.assessment(answer)
    assert (seen["state"], seen["note"]) == ("approved", "it was him") and seen["decided_by"]
    assert desk.decide(answer, "reject").code == "not_under_review"
    steps = [step["step"] for step in desk.client.get(f"/v1/sagas/{answer.json['id']}/timeline").json["data"]
             if step.get("step")]
    assert "review_approved" in steps
    audit = desk.client.get("/v1/audit?what=saga.approve").json["data"]
    assert audit[0]["why"] == "it was him"


def test_a_rejected_transfer_comes_back_and_its_sender_hears_that_it_was(desk, bank, pair):
    key = bank.key()
    answer = bank.transfer(*pair, "200.00", key=key)
    assert desk.decide(answer, "reject", "a thief").status == 200
    wait_until(lambda: status_of(bank.client, answer) == "cancelled", "it comes back")
    assert bank.available(pair[0]) == "1000.00"
    again = bank.transfer(*pair, "200.00", key=key)
    assert (again.status, again.code, again.is_replay) == (403, "risk_rejected", True)
    assert desk.client.get("/v1/transactions/" + answer.json["id"]).json["decline"]["code"] == "risk_rejected"
    assert desk.assessment(answer)["state"] == "rejected"


def test_an_operator_does_not_reject_a_review_by_calling_it_off(desk, bank, pair):
    answer = bank.transfer(*pair, "200.00")
    refused = desk.client.post(f"/v1/sagas/{answer.json['id']}/cancel", {"reason": "tired of waiting"})
    assert (refused.status, refused.code) == (409, "order_refused") and "/reject" in refused.json["detail"]
    assert desk.client.get("/v1/sagas/" + answer.json["id"]).json["state"] == "under_review"
    assert desk.decide(answer, "approve").status == 200
    wait_until(lambda: status_of(bank.client, answer) == "completed", "it arrives")


def test_a_review_outlives_kill_9(desk, bank, pair, server, officers):
    answer = bank.transfer(*pair, "200.00")
    server.kill()
    server.start()
    desk.client.close()
    client = server.client()
    assert client.get(f"/v1/wallets/{pair[0]}").json["balance"]["held"] == "200.00"
    assert client.get("/v1/sagas/" + answer.json["id"]).json["state"] == "under_review"
    again = Desk(client, officers[0].client())
    wait_until(lambda: again.decide(answer, "approve").status == 200, "the owner has it again")
    wait_until(lambda: status_of(client, answer) == "completed", "it arrives")
    client.close()


def test_a_withdrawal_under_review_is_paid_out_only_after_the_approval(desk, bank, pair):
    body = {"wallet_id": pair[0], "amount": "150.00", "currency": "IDR",
            "destination": {"bank_code": "bri", "account_number": "1234567890"}}
    answer = bank.client.post("/v1/withdrawals", body, key=bank.key())
    assert answer.status == 202
    time.sleep(0.3)  # long enough for a provider that had been asked
    assert status_of(bank.client, answer) == "pending"
    assert desk.decide(answer, "approve").status == 200
    wait_until(lambda: status_of(bank.client, answer) == "completed", "it is paid out")


def test_an_officer_does_not_decide_on_his_own(server, desk, bank):
    officer = Person(server, "dewi", ["customer", "approver"])
    own = Bank(officer.client())
    source, other = own.open_with("300.00"), bank.open()
    answer = own.transfer(source, other, "200.00")
    assert answer.status == 202
    refused = Desk(officer.client()).decide(answer, "approve")
    assert (refused.status, refused.code) == (403, "own_transaction")
    assert Desk(Person(server, "eko", ["approver"]).client()).decide(answer, "approve").status == 200
    wait_until(lambda: status_of(own.client, answer) == "completed", "somebody else let it go on")


def test_who_moved_somebody_elses_money_does_not_decide_on_it(desk, client, bank, pair):
    answer = bank.transfer(*pair, "200.00")
    assert desk.assessment(answer)["asked_by"]
    for verb in ("approve", "reject"):
        refused = Desk(client).decide(answer, verb)
        assert (refused.status, refused.code) == (403, "own_transaction")
    assert desk.decide(answer, "approve").status == 200
    wait_until(lambda: status_of(bank.client, answer) == "completed", "somebody else let it go on")


def test_of_two_officers_who_decide_at_once_one_does_and_is_on_record(desk, bank, pair, officers):
    both = [Desk(desk.client, officer.client()) for officer in officers]
    kept = 1000
    with ThreadPoolExecutor(2) as threads:
        for turn in range(6):
            answer = bank.transfer(*pair, "101.00")
            verbs = ["approve", "reject"] if turn % 2 else ["reject", "approve"]
            said = list(threads.map(lambda one: one[0].decide(answer, one[1], one[1] + " it"), zip(both, verbs)))
            done, late = sorted(said, key=lambda one: one.status)
            assert (done.status, late.status) == (200, 409)
            # Whether it has only begun to go on, has just left its coordinator's memory, or is seen to be over.
            assert late.code in ("not_under_review", "order_refused", "saga_is_final")
            won = 0 if said[0].status == 200 else 1
            state = verbs[won]
            wait_until(lambda: status_of(bank.client, answer) == ("completed" if state == "approve" else "cancelled"), "it is over")
            seen = desk.assessment(answer)
            assert (seen["decided_by"], seen["note"]) == (officers[won].username, state + " it")
            assert seen["state"] == ("approved" if state == "approve" else "rejected")
            kept -= 101 if state == "approve" else 0
    assert bank.wallet(pair[0])["balance"]["total"] == f"{kept}.00"


def ago(seconds):
    return f"{datetime.now(timezone.utc) - timedelta(seconds=seconds):%FT%TZ}"


def test_a_conversion_is_approved_while_its_rate_is_good_and_comes_back_when_it_is_not(desk, client, bank, server):
    traveller = Bank(Person(server, "putri").client())
    dollars, rupiah = traveller.open_with("1000.00", currency="USD"), bank.open()

    def send(rate_age_s):
        rate = {"base": "USD", "quote": "IDR", "bid": "100", "ask": "101", "at": ago(rate_age_s)}
        assert client.request("PUT", "/v1/fx/rates", {"rates": [rate]}).status == 200
        quote = traveller.client.post("/v1/fx/quotes", {"from": "USD", "to": "IDR", "amount": "2.00"}).json["id"]
        body = {"source_wallet_id": dollars, "destination_wallet_id": rupiah, "amount": "2.00", "currency": "USD",
                "quote_id": quote}
        return traveller.client.post("/v1/transfers", body, key=bank.key())

    late = send(600 - 2)
    assert late.status == 202, late
    wait_until(lambda: status_of(traveller.client, late) == "cancelled", "the rate is too old")
    assert traveller.client.get("/v1/transactions/" + late.json["id"]).json["decline"]["code"] == "rate_expired"
    assert desk.decide(late, "approve").status == 409
    seen = desk.assessment(late)
    assert (seen["state"], seen["decided_by"]) == ("rejected", None)
    assert traveller.available(dollars) == "1000.00" and bank.available(rupiah) == "0.00"
    in_time = send(1)
    assert in_time.status == 202 and desk.decide(in_time, "approve").status == 200
    wait_until(lambda: bank.available(rupiah) == "200.00", "it arrives")


def test_the_list_is_filtered_and_goes_on_and_is_a_table_too(desk, bank, pair):
    held = [bank.transfer(*pair, "110.00") for _ in range(2)]
    blocked = bank.transfer(*pair, "700.00")
    wallet = f"wallet_id={pair[0]}"
    listed = lambda query: [row["id"] for row in desk.client.all(f"/v1/risk/assessments?{wallet}&{query}", limit=1)]
    ids = [transaction_of(answer) for answer in held]
    assert listed("action=review") == ids[::-1]
    assert listed("action=block") == [transaction_of(blocked)]
    assert listed("min_score=100") == [transaction_of(blocked)]
    assert desk.decide(held[0], "reject").status == 200
    assert listed("state=pending") == [ids[1]]
    assert listed("state=rejected") == [ids[0]]
    assert listed("state=approved") == []
    table = desk.client.get(f"/v1/risk/assessments?{wallet}", headers={"Accept": "text/csv"})
    assert table.status == 200 and table.body.decode().count("\r\n") == 4
    assert desk.decide(held[1], "reject").status == 200


def test_rules_are_replaced_as_a_whole_by_who_knew_the_last_version(desk, client):
    before = client.get("/v1/risk/rules").json
    body = {"version": before["version"], "rules": [rule("same", "same_party", score=10, action="flag")]}
    answer = client.request("PUT", "/v1/risk/rules", body)
    assert answer.status == 200 and answer.json["version"] == before["version"] + 1
    assert [one["id"] for one in answer.json["rules"]] == ["same"] and answer.json["changed_by"]
    assert client.request("PUT", "/v1/risk/rules", body).code == "version_mismatch"
    assert client.get("/v1/audit?what=risk.rules.replace").json["data"][0]["target"] == "risk:rules"


def test_every_version_of_the_rules_stays_and_says_who_made_it(desk, client, risky_database):
    before = client.get("/v1/risk/rules").json
    assert desk.set(rule("same", "same_party", score=10, action="flag")).status == 200
    versions = list(client.all("/v1/risk/rules/versions", limit=1))
    assert [row["version"] for row in versions] == list(range(before["version"] + 1, 0, -1))
    assert versions[1] == before and [one["id"] for one in versions[0]["rules"]] == ["same"]
    assert len(versions[-1]["rules"]) == 6 and versions[-1]["changed_by"] is None  # what a new ledger has
    for table in ("risk_rule", "risk_rule_set"):
        for change in (f"UPDATE {table} SET version = version + 1000", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with pytest.raises(Exception):
                psql(risky_database, change)
    assert list(client.all("/v1/risk/rules/versions", limit=50)) == versions


def test_what_is_read_can_be_written_again(desk, client):
    rules = client.get("/v1/risk/rules").json
    answer = client.request("PUT", "/v1/risk/rules", {name: rules[name] for name in
                                                      ("version", "review_from", "block_from", "rules")})
    assert answer.status == 200 and answer.json["rules"] == rules["rules"]


@pytest.mark.parametrize("wrong, field", [
    (rule("Big Letters", "same_party"), "rules[0].id"),
    (rule("no-amount"), "rules[0].currency"),
    (rule("no-kind", "colour"), "rules[0].kind"),
    (rule("count", "velocity_count", count=0, window_s=60), "rules[0].count"),
    (rule("window", "velocity_count", count=1), "rules[0].window_s"),
    (rule("topups", "velocity_count", count=1, window_s=60, kinds=["topup"]), "rules[0].kinds"),
    (rule("nobody", "blocked", parties=[]), "rules[0].parties"),
    (rule("score", "same_party", score=101), "rules[0].score"),
    (rule("strange", "same_party", action="explode"), "rules[0].action"),
    (rule("has-count", "same_party", count=5), "rules[0].count"),
])
def test_a_rule_that_means_nothing_is_refused(desk, wrong, field):
    answer = desk.set(wrong)
    assert answer.status == 400
    assert field in [error["field"] for error in answer.json["errors"]], answer


def test_two_rules_do_not_share_an_id(desk):
    assert desk.set(rule("one", "same_party"), rule("one", "same_party")).status == 400


def test_velocity_counts_on_after_kill_9(desk, bank, pair, server):
    assert desk.set(rule("often", "velocity_count", count=3, window_s=3600, action="block")).status == 200
    for _ in range(3):
        assert bank.transfer(*pair, "1.00").status == 201
    assert bank.transfer(*pair, "1.00").code == "risk_blocked"
    server.kill()
    server.start()
    bank.client.close()
    assert bank.transfer(*pair, "1.00").code == "risk_blocked"
    assert bank.transfer(*pair, "2.00").code == "risk_blocked"


def test_blocked_parties_and_own_parties_move_nothing(desk, server, bank, pair):
    assert desk.set(rule("listed", "blocked", parties=[pair[1]], action="block"),
                    rule("own", "same_party", action="block")).status == 200
    assert bank.transfer(*pair, "1.00").code == "risk_blocked"
    own = Bank(Person(server, "fajar").client())
    first, second = own.open_with("10.00"), own.open()
    assert own.transfer(first, second, "1.00").code == "risk_blocked"
    assert own.transfer(first, bank.open(), "1.00").status == 201


def test_a_question_moves_nothing_and_stays_on_record(desk, bank, pair, risky_database):
    ask = {"wallet_id": pair[0], "destination_wallet_id": pair[1], "amount": "600.00", "currency": "IDR"}
    answer = desk.client.post("/v1/risk/score", ask)
    assert (answer.status, answer.json["score"], answer.json["action"]) == (200, 100, "block")
    assert bank.available(pair[0]) == "1000.00"
    stored = f"SELECT score, action FROM risk_check WHERE id = '{answer.json['id']}'"
    assert psql(risky_database, stored) == [["100", "2"]]
    for change in (f"UPDATE risk_check SET score = 0 WHERE id = '{answer.json['id']}'", "DELETE FROM risk_check",
                   "TRUNCATE risk_check"):
        with pytest.raises(Exception):
            psql(risky_database, change)
    assert psql(risky_database, stored) == [["100", "2"]]


def test_officers_see_what_was_asked_by_whom_and_what_the_rules_said(desk, server, bank, pair):
    ask = {"wallet_id": pair[0], "amount": "600.00", "currency": "IDR"}
    asked = [desk.client.post("/v1/risk/score", ask | more).json["id"] for more in ({}, {"amount": "1.00"}, {"kind": "topup"})]
    listed = lambda query: list(desk.client.all(f"/v1/risk/checks?wallet_id={pair[0]}{query}", limit=1))  # noqa: E731
    assert [row["id"] for row in listed("")] == asked[::-1]
    assert {row["wallet_id"] for row in listed("")} == {pair[0]}
    (blocked,) = listed("&action=block")
    assert (blocked["id"], blocked["amount"], blocked["kind"]) == (asked[0], "600.00", "transfer")
    assert blocked["user_id"] == bank.wallet(pair[0])["user_id"] and blocked["asked_by"]
    assert blocked["reasons"][0]["rule"] == "over-500" and blocked["destination_wallet_id"] is None
    assert Person(server, "ratna").client().get("/v1/risk/checks").status == 403


def test_a_payment_for_later_is_authorized_and_its_capture_waits(desk, server, client, bank):
    customer = Person(server, "gita").client()
    payer = Bank(customer).open_with("1000.00")
    owner = Person(server, "toko").client()
    shop = Bank(owner).open()
    merchant = owner.post("/v1/merchants", {"name": "Warung", "wallet_id": shop}).json["id"]
    assert client.post(f"/v1/merchants/{merchant}/status", {"status": "active"}).status == 200
    body = {"wallet_id": payer, "merchant_id": merchant, "amount": "200.00", "currency": "IDR", "capture": "manual"}
    payment = customer.post("/v1/payments", body, key=bank.key())
    assert (payment.status, payment.json["status"]) == (201, "authorized")
    captured = client.post(f"/v1/payments/{payment.json['id']}/capture", {}, key=bank.key())
    assert captured.status == 202, captured
    waiting = client.get(f"/v1/risk/assessments?state=pending&wallet_id={payer}").json["data"]
    assert [row["kind"] for row in waiting] == ["capture"]
    assert desk.officer.post(f"/v1/risk/assessments/{waiting[0]['id']}/approve", {"note": "fine"}).status == 200
    wait_until(lambda: bank.available(shop) == "200.00", "the merchant is paid")


def test_rules_that_cannot_be_read_move_nothing(desk, bank, pair, server, risky_database):
    with transaction(risky_database.replace("//dompet@", "//postgres@"), "LOCK TABLE risk_rule_set IN ACCESS EXCLUSIVE MODE"):
        wait_until(lambda: bank.transfer(*pair, "1.00").code == "risk_unavailable", "the rules are too old", 15)
        refused = bank.transfer(*pair, "1.00")
        assert (refused.status, refused.json["applied"]) == (503, "no")
        assert bank.client.get(f"/v1/wallets/{pair[0]}").status == 200
    wait_until(lambda: bank.transfer(*pair, "1.00").status == 201, "they are read again", 15)


def test_a_ledger_without_an_enabled_rule_goes_on_for_longer_without_reading_them(client, bank, pair, risky_database):
    as_superuser = risky_database.replace("//dompet@", "//postgres@")
    with transaction(as_superuser, "LOCK TABLE risk_rule_set IN ACCESS EXCLUSIVE MODE"):
        until = time.monotonic() + 2.5  # longer than rules that judge may be
        while time.monotonic() < until:
            assert bank.transfer(*pair, "0.01").status == 201
        wait_until(lambda: bank.transfer(*pair, "0.01").code == "risk_unavailable", "nobody believes it for ever", 15)
    wait_until(lambda: bank.transfer(*pair, "0.01").status == 201, "they are read again", 15)


def test_the_first_rule_that_is_enabled_while_a_node_cannot_read_stops_its_money_or_counts(client, bank, pair, risky_database):
    version = client.get("/v1/risk/rules").json["version"] + 1
    first = (f"INSERT INTO risk_rule_set (version) VALUES ({version})",
             f"INSERT INTO risk_rule (version, place, id, name, kind, enabled, currency, amount, score, action)"
             f" VALUES ({version}, 1, 'first', 'First', 1, true, 360, 0, 100, 2)")
    as_superuser = risky_database.replace("//dompet@", "//postgres@")
    with transaction(as_superuser, "LOCK TABLE risk_rule_set IN ACCESS EXCLUSIVE MODE", *first) as held:
        wait_until(lambda: bank.transfer(*pair, "0.01").code == "risk_unavailable", "within the bound", 15)
        held.commit()
        wait_until(lambda: bank.transfer(*pair, "0.01").code == "risk_blocked", "the first rule counts", 15)
    assert Desk(client).set().status == 200
    assert bank.transfer(*pair, "0.01").status == 201


def test_the_figures_tell_what_rules_did(desk, bank, pair, server):
    bank.transfer(*pair, "60.00")
    text = bank.client.get("/metrics").body.decode()
    assert 'dompet_risk_evaluate_total{decision="allow",reason="over-50"}' in text
    assert "dompet_risk_evaluate_seconds_count" in text
