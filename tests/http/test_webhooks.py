"""Webhooks: a real receiver hears what happens to its owner's wallets, signed, in order, and again until it takes it."""

import threading

import pytest

from market import Customer, Shop
from people import add_person
from processes import Dompetd, psql, wait_until
from receiver import Receiver
from test_quotas import fresh_ledger

PATH = "/v1/webhook-endpoints"
MOST = 4


@pytest.fixture(scope="module")
def hooked(tmp_path_factory, database):
    """A server that calls receivers on this machine, and tries again after moments."""
    settings = {"webhooks_allow_private_addresses": "true", "webhooks_allow_plain_http": "true", "webhooks_poll_ms": 20,
                "webhooks_retry_schedule": "50ms 50ms 100ms 100ms", "webhooks_most_endpoints": MOST, "webhooks_senders_per_endpoint": 2,
                "webhooks_timeout_ms": 2_000, "webhooks_longest_quiet_ms": 50, "webhooks_claim_ms": 10_000, "webhooks_secret_overlap_s": 3_600}
    with Dompetd(tmp_path_factory.mktemp("hooked"), fresh_ledger(database, "hooked"), **settings).start() as dompetd:
        yield dompetd


@pytest.fixture
def staff(hooked):
    client = hooked.client()
    yield client
    client.close()


def wait_until_all_is_told(dompetd):
    """Whoever listens from now on hears nothing of what was before."""
    behind = ("SELECT count(*) FROM journal j LEFT JOIN event_mark m ON m.consumer = 'webhooks' AND m.shard = j.shard"
              " WHERE j.shard_seq > coalesce(m.shard_seq, 0)")
    wait_until(lambda: psql(dompetd.database, behind) == [["0"]], "every event is told")


@pytest.fixture
def customer(hooked, staff):
    customer = Customer(hooked, staff)
    wait_until_all_is_told(hooked)
    yield customer
    customer.close()


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


def listen(client, url, event_types=(), **more):
    """An endpoint, with its secret."""
    answer = client.post(PATH, {"url": url, "event_types": list(event_types)} | more)
    assert answer.status == 201, answer
    return answer.json


def read(client, endpoint):
    answer = client.get(f"{PATH}/{endpoint['id']}")
    assert answer.status == 200, answer
    return answer.json


def deliveries(client, endpoint, query=""):
    return list(client.all(f"{PATH}/{endpoint['id']}/deliveries{query}"))


def wait_for_state(client, endpoint, state, count):
    wait_until(lambda: len(deliveries(client, endpoint, f"?state={state}")) >= count,
               lambda: f"{count} deliveries {state}: {deliveries(client, endpoint)}")
    return deliveries(client, endpoint, f"?state={state}")


def paid_to(customer, wallet, count, amount="1.00"):
    """Transfers one after the other."""
    for _ in range(count):
        answer = customer.transfer(wallet, amount)
        assert answer.status == 201, answer


def other_wallet(customer):
    return customer.person.open_wallet()


def test_a_customer_hears_of_his_wallet_signed_as_the_specification_says(customer, receiver):
    endpoint = listen(customer.client, receiver.url(), ["transfer.*"])
    transfer = customer.transfer(other_wallet(customer), "5.00").json
    came = receiver.wait_for(2)
    assert {one.event["type"] for one in came} == {"transfer.completed"}
    assert {one.event["data"]["direction"] for one in came} == {"in", "out"}
    assert {one.event["data"]["transaction"]["id"] for one in came} == {transfer["id"]}
    for one in came:
        assert one.is_signed_with(endpoint["secret"]) and len(one.signatures) == 1
        assert one.headers["content-type"] == "application/json"
        assert one.headers["user-agent"].startswith("Dompet")
        assert one.id == one.event["id"]
    log = wait_for_state(customer.client, endpoint, "delivered", 2)
    assert {line["event_id"] for line in log} == {one.id for one in came}
    whole = customer.client.get(f"/v1/webhook-deliveries/{log[0]['id']}").json
    assert whole["body"].encode() in {one.body for one in came}
    assert [attempt["status"] for attempt in whole["attempt_log"]] == [204]


def test_only_the_types_that_were_asked_for_are_sent(customer, receiver):
    endpoint = listen(customer.client, receiver.url(), ["topup.completed"])
    paid_to(customer, other_wallet(customer), 1)
    assert customer.top_up("7.00").status == 201
    assert [one.event["type"] for one in receiver.wait_for(1)] == ["topup.completed"]
    assert [line["event_type"] for line in deliveries(customer.client, endpoint)] == ["topup.completed"]


def test_what_happened_before_the_endpoint_was_made_is_not_sent_and_everything_after_it_is(customer, receiver):
    wallet = other_wallet(customer)
    paid_to(customer, wallet, 3)
    before = max(line["seq"] for line in customer.client.all(f"/v1/wallets/{customer.wallet}/entries"))
    listen(customer.client, receiver.url(), ["transfer.*"])
    paid_to(customer, wallet, 3)
    [last] = receiver.wait_for(1, wallet_id=customer.wallet, wallet_seq=before + 3)
    heard = [one.event["wallet_seq"] for one in receiver.deliveries(wallet_id=customer.wallet)]
    # Possibly some of the last moments before.
    assert heard[-1] == last.event["wallet_seq"] and heard == list(range(heard[0], before + 4)) and heard[0] <= before + 1


def test_events_of_a_wallet_keep_their_order_while_the_receiver_fails_now_and_then(customer):
    counts = {}
    lock = threading.Lock()

    def fail_first(delivery):
        """The first attempt of every event is not taken."""
        with lock:
            counts[delivery.id] = counts.get(delivery.id, 0) + 1
            return 500 if counts[delivery.id] == 1 else 200

    with Receiver(fail_first) as receiver:
        endpoint = listen(customer.client, receiver.url(), ["transfer.*"])
        wallets = [other_wallet(customer) for _ in range(3)]
        for wallet in wallets * 3:
            paid_to(customer, wallet, 1)
        wait_for_state(customer.client, endpoint, "delivered", 18)
        for wallet in [customer.wallet, *wallets]:
            taken = []
            seen = set()
            for one in receiver.deliveries(wallet_id=wallet):
                if one.id in seen:
                    taken.append(one.event["wallet_seq"])
                seen.add(one.id)
            assert taken == sorted(taken) and len(taken) == (9 if wallet == customer.wallet else 3), taken
            # None was even tried before the one in front of it was taken.
            tried = [one.event["wallet_seq"] for one in receiver.deliveries(wallet_id=wallet)]
            assert tried == sorted(tried)


def test_a_wallet_whose_event_is_not_taken_does_not_hold_up_another(customer):
    stuck = other_wallet(customer)
    with Receiver(lambda delivery: 500 if delivery.event["wallet_id"] == stuck else 200) as receiver:
        endpoint = listen(customer.client, receiver.url(), ["transfer.*"])
        paid_to(customer, stuck, 2)
        came = receiver.wait_for(2, wallet_id=customer.wallet)
        assert len({one.id for one in came}) == 2
        failed = wait_for_state(customer.client, endpoint, "failed", 2)
        assert {line["wallet_id"] for line in failed} == {stuck}
        assert {line["attempts"] for line in failed} == {5}
        assert failed[0]["last_attempt"]["status"] == 500


def test_a_failed_delivery_is_tried_as_the_schedule_says_and_can_be_replayed(customer):
    answers = {"status": 500}
    with Receiver(lambda _: answers["status"]) as receiver:
        endpoint = listen(customer.client, receiver.url(), ["topup.completed"])
        assert customer.top_up("1.00").status == 201
        failed = wait_for_state(customer.client, endpoint, "failed", 1)[0]
        assert len(receiver.deliveries()) == 5
        assert read(customer.client, endpoint)["failing_since"] is not None
        answers["status"] = 200
        answer = customer.client.post(f"/v1/webhook-deliveries/{failed['id']}/replay", {})
        assert answer.status == 202 and answer.json["attempts"] < 5, answer
        wait_for_state(customer.client, endpoint, "delivered", 1)
        assert len({one.id for one in receiver.deliveries()}) == 1
        whole = customer.client.get(f"/v1/webhook-deliveries/{failed['id']}").json
        assert [attempt["status"] for attempt in whole["attempt_log"]] == [500] * 5 + [200]
        assert read(customer.client, endpoint)["failing_since"] is None


def test_everything_that_failed_is_replayed_at_once(customer):
    answers = {"status": 404}
    with Receiver(lambda _: answers["status"]) as receiver:
        endpoint = listen(customer.client, receiver.url(), ["topup.completed"])
        for _ in range(3):
            assert customer.top_up("1.00").status == 201
        wait_for_state(customer.client, endpoint, "failed", 3)
        answers["status"] = 200
        before = len(receiver.deliveries())
        answer = customer.client.post(f"{PATH}/{endpoint['id']}/replay", {})
        assert (answer.status, answer.json) == (202, {"replayed": 3, "has_more": False, "next_after": answer.json["next_after"]}), answer
        wait_for_state(customer.client, endpoint, "delivered", 3)
        again = [one.event["wallet_seq"] for one in receiver.deliveries()[before:]]
        assert again == sorted(again) and len(again) == 3
        # What was delivered is sent again only when it is asked for, from a moment on.
        assert customer.client.post(f"{PATH}/{endpoint['id']}/replay", {}).json["replayed"] == 0
        answer = customer.client.post(f"{PATH}/{endpoint['id']}/replay", {"delivered_too": True})
        assert (answer.status, answer.json["errors"][0]["field"]) == (400, "from"), answer
        span = {"from": endpoint["created_at"], "to": "2100-01-01T00:00:00Z", "delivered_too": True}
        assert customer.client.post(f"{PATH}/{endpoint['id']}/replay", span).json["replayed"] == 3
        receiver.wait_for(before + 6)


def test_a_receiver_that_asks_for_patience_gets_it(customer):
    """503 with Retry-After: not a moment earlier, though the schedule says so."""
    times = []
    with Receiver(lambda delivery: (times.append(int(delivery.headers["webhook-timestamp"])),
                                    (503, {"Retry-After": "3"}) if len(times) == 1 else 200)[1]) as receiver:
        listen(customer.client, receiver.url(), ["topup.completed"])
        assert customer.top_up("1.00").status == 201
        first, second = receiver.wait_for(2)
        assert first.id == second.id and times[1] - times[0] >= 2  # whole seconds, cut


def test_410_disables_the_endpoint_at_once_and_it_says_why(customer):
    answers = {"status": 410}
    with Receiver(lambda _: answers["status"]) as receiver:
        endpoint = listen(customer.client, receiver.url(), ["topup.completed"])
        assert customer.top_up("1.00").status == 201
        wait_until(lambda: read(customer.client, endpoint)["status"] == "disabled", "the endpoint is disabled")
        now = read(customer.client, endpoint)
        assert "410" in now["disabled_reason"] and now["disabled_at"]
        answer = customer.client.post(f"{PATH}/{endpoint['id']}/test", {})
        assert (answer.status, answer.code) == (409, "webhook_endpoint_disabled"), answer
        answers["status"] = 200
        assert customer.client.post(f"{PATH}/{endpoint['id']}/enable", {}).json["status"] == "active"
        assert customer.top_up("2.00").status == 201
        came = receiver.wait_for(2)
        assert [one.event["data"]["amount"] for one in came] == ["1.00", "2.00"]


def test_what_waits_for_a_disabled_endpoint_is_discarded_and_can_be_replayed(customer):
    with Receiver(lambda _: (503, {"Retry-After": "3000"})) as receiver:
        endpoint = listen(customer.client, receiver.url(), ["topup.completed"])
        for _ in range(3):
            assert customer.top_up("1.00").status == 201
        wait_for_state(customer.client, endpoint, "pending", 3)
        receiver.wait_for(1)
        disabled = customer.client.post(f"{PATH}/{endpoint['id']}/disable", {}).json
        assert (disabled["status"], disabled["disabled_reason"]) == ("disabled", "It was asked for.")
        wait_for_state(customer.client, endpoint, "discarded", 3)
        receiver.answer = lambda _: 200
        assert customer.client.post(f"{PATH}/{endpoint['id']}/enable", {}).status == 200
        assert customer.client.post(f"{PATH}/{endpoint['id']}/replay", {}).json["replayed"] == 3
        wait_for_state(customer.client, endpoint, "delivered", 3)


def test_after_a_rotation_both_secrets_sign(customer, receiver):
    endpoint = listen(customer.client, receiver.url(), ["topup.completed"])
    answer = customer.client.post(f"{PATH}/{endpoint['id']}/rotate-secret", {})
    assert answer.status == 200 and answer.json["previous_secret_ends_at"], answer
    rotated = answer.json["secret"]
    assert rotated != endpoint["secret"]
    assert customer.top_up("1.00").status == 201
    one = receiver.wait_for(1)[0]
    assert len(one.signatures) == 2
    assert one.is_signed_with(rotated) and one.is_signed_with(endpoint["secret"])
    newest = customer.client.post(f"{PATH}/{endpoint['id']}/rotate-secret", {}).json["secret"]
    assert customer.top_up("1.00").status == 201
    other = receiver.wait_for(2)[1]
    assert other.is_signed_with(newest) and other.is_signed_with(rotated)
    assert not other.is_signed_with(endpoint["secret"])


def test_a_secret_is_shown_once_and_never_again(customer, receiver):
    endpoint = listen(customer.client, receiver.url())
    assert endpoint["secret"].startswith("whsec_")
    for answer in (customer.client.get(PATH), customer.client.get(f"{PATH}/{endpoint['id']}"),
                   customer.client.post(f"{PATH}/{endpoint['id']}/disable", {})):
        assert answer.status == 200 and "whsec_" not in answer.body.decode()


def test_a_ping_is_sent_at_once(customer, receiver):
    endpoint = listen(customer.client, receiver.url(), ["topup.completed"])
    ping = customer.client.post(f"{PATH}/{endpoint['id']}/test", {})
    assert (ping.status, ping.json["event_type"], ping.json["wallet_id"]) == (202, "webhook.ping", None), ping
    one = receiver.wait_for(1)[0]
    assert one.id == ping.json["event_id"] and one.is_signed_with(endpoint["secret"])
    assert one.event["type"] == "webhook.ping" and one.event["data"] == {"endpoint_id": endpoint["id"]}


def test_a_redirect_is_a_failure_and_nobody_follows_it(customer):
    with Receiver(lambda delivery: (302, {"Location": "/elsewhere"})) as receiver:
        endpoint = listen(customer.client, receiver.url(), ["topup.completed"])
        assert customer.top_up("1.00").status == 201
        failed = wait_for_state(customer.client, endpoint, "failed", 1)[0]
        assert failed["last_attempt"]["status"] == 302
        assert not receiver.deliveries("/elsewhere")


def test_a_receiver_that_is_not_there_is_tried_and_then_given_up(customer):
    endpoint = listen(customer.client, "http://127.0.0.1:9/hooks", ["topup.completed"])
    assert customer.top_up("1.00").status == 201
    failed = wait_for_state(customer.client, endpoint, "failed", 1)[0]
    assert failed["last_attempt"]["status"] is None and failed["last_attempt"]["error"]


def test_a_receiver_that_sleeps_slows_neither_money_nor_other_receivers(customer, receiver):
    asleep = threading.Event()
    with Receiver(lambda _: asleep.wait(30) and 200) as sleeper:
        stuck = listen(customer.client, sleeper.url(), ["transfer.*"])
        awake = listen(customer.client, receiver.url(), ["transfer.*"])
        paid_to(customer, other_wallet(customer), 30)
        assert len(wait_for_state(customer.client, awake, "delivered", 60)) == 60
        # One call a wallet at most, and no more at once than one endpoint may have.
        assert len(sleeper.deliveries()) - len({one.id for one in sleeper.deliveries()}) <= 5 * 2
        assert len({one.id for one in sleeper.deliveries()}) <= 2
        assert len(deliveries(customer.client, stuck, "?state=delivered")) == 0
        asleep.set()
        wait_for_state(customer.client, stuck, "delivered", 58)


def test_a_merchant_hears_of_its_own_wallet_alone(hooked, staff, customer, receiver):
    scopes = ("payments:write", "webhooks:read", "webhooks:write")
    shop, other = Shop(hooked, staff, scopes), Shop(hooked, staff, scopes)
    endpoint = shop.client.post(PATH, {"url": receiver.url("/shop"), "event_types": ["payment.*"]}, headers=shop.headers)
    assert (endpoint.status, endpoint.json["merchant_id"]) == (201, shop.id), endpoint
    also = other.owner.client.post(PATH, {"url": receiver.url("/other"), "merchant_id": other.id,
                                           "event_types": ["payment.*"]})
    assert also.status == 201, also
    for merchant, amount in ((shop.id, "3.00"), (other.id, "4.00")):
        assert customer.pay(merchant, amount).status == 201
    assert [one.event["wallet_id"] for one in receiver.wait_for(1, "/shop")] == [shop.wallet]
    assert [one.event["wallet_id"] for one in receiver.wait_for(1, "/other")] == [other.wallet]
    # The other merchant does not see it at all, by its key or by its owner.
    path = f"{PATH}/{endpoint.json['id']}"
    line = wait_until(lambda: shop.get(f"{path}/deliveries").json["data"], "the delivery is in the log")[0]
    refused = [other.get(path), other.owner.client.get(path), other.get(f"{path}/deliveries"), other.post(f"{path}/test"),
               other.post(f"{path}/replay"), other.post(f"{path}/rotate-secret"), other.post(f"{path}/disable"),
               other.client.request("PATCH", path, {"description": "mine"}, headers=other.headers),
               other.client.request("DELETE", path, headers=other.headers)]
    assert {(answer.status, answer.code) for answer in refused} == {(404, "webhook_endpoint_not_found")}
    for answer in (other.get(f"/v1/webhook-deliveries/{line['id']}"), other.post(f"/v1/webhook-deliveries/{line['id']}/replay")):
        assert (answer.status, answer.code) == (404, "webhook_delivery_not_found")
    answer = other.owner.client.post(PATH, {"url": receiver.url(), "merchant_id": shop.id})
    assert (answer.status, answer.code) == (404, "merchant_not_found")
    assert path not in other.get(PATH).body.decode()
    assert shop.get(path).status == shop.owner.client.get(path).status == staff.get(path).status == 200


def test_nobody_has_more_endpoints_than_he_may(customer, receiver):
    made = [listen(customer.client, receiver.url()) for _ in range(MOST)]
    answer = customer.client.post(PATH, {"url": receiver.url()})
    assert (answer.status, answer.code) == (409, "too_many_webhook_endpoints"), answer
    assert customer.client.request("DELETE", f"{PATH}/{made[0]['id']}").status == 200
    assert customer.client.get(f"{PATH}/{made[0]['id']}").code == "webhook_endpoint_not_found"
    listen(customer.client, receiver.url())


def test_a_deleted_endpoint_hears_nothing_more(customer, receiver):
    gone = listen(customer.client, receiver.url("/gone"), ["topup.completed"])
    listen(customer.client, receiver.url("/here"), ["topup.completed"])
    assert customer.client.request("DELETE", f"{PATH}/{gone['id']}").status == 200
    assert customer.top_up("1.00").status == 201
    receiver.wait_for(1, "/here")
    assert not receiver.deliveries("/gone")


def test_a_changed_address_is_called_from_then_on(customer, receiver):
    endpoint = listen(customer.client, receiver.url("/old"), ["topup.completed"])
    answer = customer.client.request("PATCH", f"{PATH}/{endpoint['id']}",
                                     {"url": receiver.url("/new"), "event_types": ["transfer.*"]})
    assert (answer.status, answer.json["event_types"]) == (200, ["transfer.*"]), answer
    paid_to(customer, other_wallet(customer), 1)
    receiver.wait_for(2, "/new")
    assert not receiver.deliveries("/old")


def test_endpoints_and_what_is_done_to_them_are_on_record(customer, staff, receiver):
    endpoint = listen(customer.client, receiver.url())
    for deed in ("rotate-secret", "test", "disable", "enable"):
        assert customer.client.post(f"{PATH}/{endpoint['id']}/{deed}", {}).status in (200, 202)
    rows = staff.get(f"/v1/audit?target=webhook_endpoint:{endpoint['id']}").json["data"]
    assert [row["what"] for row in reversed(rows)] == [
        f"webhook_endpoint.{deed}" for deed in ("create", "rotate_secret", "test", "disable", "enable")]
    assert {row["actor"] for row in rows} == {customer.id}


@pytest.mark.parametrize("url", ["http://shop.example/hooks", "https://127.0.0.1/hooks", "https://[::1]/hooks",
                                 "https://10.1.2.3/", "https://169.254.169.254/latest/meta-data", "https://localhost/",
                                 "https://user:secret@shop.example/", "ftp://shop.example/", "shop.example", ""])
def test_an_address_that_must_not_be_called_is_refused_when_it_is_given(ani, url):
    answer = ani.client.post(PATH, {"url": url})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "url"), answer


def test_a_name_that_stands_for_this_machine_is_refused_when_it_is_called(tmp_path, database, receiver):
    """The address is judged when the socket is opened, whatever was thought of the name when it was given."""
    settings = {"webhooks_allow_plain_http": "true", "webhooks_retry_schedule": "20ms", "webhooks_poll_ms": 20}
    with Dompetd(tmp_path / "guarded", fresh_ledger(database, "guarded"), **settings) as dompetd:
        dompetd.start(webhooks_allow_private_addresses="true")
        person = add_person(dompetd, dompetd.client())
        endpoint = listen(person.client, receiver.url(host="localhost"))
        assert dompetd.stop() == 0
        dompetd.start()
        person.client.close()
        assert person.client.post(f"{PATH}/{endpoint['id']}/test", {}).status == 202
        failed = wait_for_state(person.client, endpoint, "failed", 1)[0]
        assert failed["last_attempt"]["error"] == "the address is not one of the open internet"
        assert not receiver.came


@pytest.mark.parametrize("types", [["money.*"], ["payment."], ["*"], [1], "payment.*", ["payment.captured"] * 51])
def test_types_that_there_are_not_are_refused(ani, types):
    answer = ani.client.post(PATH, {"url": "https://shop.example/hooks", "event_types": types})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "event_types"), answer


def test_the_log_is_read_page_by_page(customer, receiver):
    endpoint = listen(customer.client, receiver.url(), ["topup.completed"])
    for _ in range(5):
        assert customer.top_up("1.00").status == 201
    wait_for_state(customer.client, endpoint, "delivered", 5)
    lines = list(customer.client.all(f"{PATH}/{endpoint['id']}/deliveries?event_type=topup.completed", limit=2))
    assert len({line["id"] for line in lines}) == 5
    assert [line["wallet_seq"] for line in lines] == sorted((line["wallet_seq"] for line in lines), reverse=True)
    assert not deliveries(customer.client, endpoint, "?event_type=webhook.ping")


def test_webhooks_are_counted(hooked, customer, receiver):
    before = hooked.metric("dompet_webhook_delivered_total")
    listen(customer.client, receiver.url(), ["topup.completed"])
    assert customer.top_up("1.00").status == 201
    wait_until(lambda: hooked.metric("dompet_webhook_delivered_total") > before, "the delivery is counted")
    for gauge in ("pending", "failed", "oldest_age_seconds"):
        assert hooked.metric(f"dompet_webhook_{gauge}") >= 0


def test_a_customer_who_has_no_endpoint_leaves_no_delivery(hooked, staff, customer, receiver):
    stranger = Customer(hooked, staff)
    listen(customer.client, receiver.url(), ["topup.completed"])
    assert stranger.top_up("9.00").status == 201
    assert customer.top_up("1.00").status == 201
    receiver.wait_for(1)
    assert {one.event["wallet_id"] for one in receiver.came} == {customer.wallet}
    stranger.close()
