"""What happened, told to those who listen: the list, the stream, and who hears of what."""

import http.client
import json
import socket
import uuid

import pytest

from listeners import Heard, blocks, check_complete
from market import Shop, key
from people import PASSWORD, add_person
from processes import psql, wait_until


def events_of(client, query="", headers=None, limit=200):
    """All events of a question, page by page, and the cursor behind them."""
    events, cursor = [], ""
    while True:
        answer = client.get(f"/v1/events?limit={limit}{query}{cursor and '&cursor=' + cursor}", headers=headers)
        assert answer.status == 200, answer
        events += answer.json["data"]
        cursor = answer.json["next_cursor"]
        if not answer.json["has_more"]:
            return events, cursor


def types_of(events):
    return [event["type"] for event in events]


# --- the list ---


def test_a_customer_reads_what_happened_to_his_wallet_oldest_first(ani, bank):
    shop = bank.open(name="shop")
    assert ani.transfer(shop, "250.00").status == 201
    assert ani.transfer(shop, "99999999.00").status == 402
    events, _ = events_of(ani.client)
    assert types_of(events) == ["wallet.opened", "topup.completed", "transfer.completed", "transfer.declined"]
    assert [event["wallet_seq"] for event in events] == [1, 2, 3, None]
    assert all(event["wallet_id"] == ani.wallet for event in events)
    transfer = events[2]["data"]
    assert (transfer["direction"], transfer["amount"]) == ("out", "250.00")
    assert transfer["balance_after"] == {"available": "999750.00", "held": "0.00"}
    assert transfer["transaction"] == ani.client.get(f"/v1/transactions/{transfer['transaction']['id']}").json


def test_both_sides_of_a_transfer_hear_of_it_each_in_his_order(server, client, ani):
    budi = add_person(server, client)
    wallet = budi.open_wallet()
    assert ani.transfer(wallet, "10.00").status == 201
    events, _ = events_of(budi.client)
    assert types_of(events) == ["wallet.opened", "transfer.completed"]
    assert events[1]["data"]["direction"] == "in"
    mine, _ = events_of(ani.client)
    assert mine[-1]["data"]["direction"] == "out" and mine[-1]["id"] != events[1]["id"]
    assert mine[-1]["id"].rsplit("-", 1)[0] == events[1]["id"].rsplit("-", 1)[0]


def test_pages_of_any_size_give_the_same_events(client, ani, bank):
    for _ in range(5):
        assert ani.transfer(bank.open(), "1.00").status == 201
    whole, _ = events_of(ani.client)
    assert len(whole) == 7
    for limit in (1, 2, 3):
        assert events_of(ani.client, limit=limit)[0] == whole
    for limit in (1, 7, 200):
        everything, _ = events_of(client, limit=limit)
        assert [event for event in everything if event["wallet_id"] == ani.wallet] == whole
        assert events_of(client, f"&wallet_id={ani.wallet}", limit=limit)[0] == whole


def test_a_cursor_goes_on_with_what_happens_later(ani, bank):
    _, cursor = events_of(ani.client)
    answer = ani.client.get(f"/v1/events?cursor={cursor}")
    assert (answer.json["data"], answer.json["has_more"]) == ([], False)
    assert ani.transfer(bank.open(), "1.00").status == 201
    assert types_of(ani.client.get(f"/v1/events?cursor={cursor}").json["data"]) == ["transfer.completed"]


def test_who_begins_now_hears_nothing_of_the_past(ani, client, bank):
    for asker in (ani.client, client):
        answer = asker.get("/v1/events?from=now")
        assert answer.json["data"] == [] and answer.json["has_more"] is False
        assert ani.transfer(bank.open(), "1.00").status == 201
        events, _ = events_of(asker, f"&cursor={answer.json['next_cursor']}")
        assert "transfer.completed" in types_of(events)
        assert not any(event["type"] == "topup.completed" and event["wallet_id"] == ani.wallet for event in events)


def test_a_listener_of_everything_hears_all_that_is_in_the_journal_once_and_in_order(server, client, ani, bank):
    budi = bank.open_with("100.00")
    for _ in range(20):
        assert ani.transfer(budi, "2.00").status == 201
        assert bank.transfer(budi, ani.wallet, "1.00").status == 201
    heard = Heard()
    for event in events_of(client)[0]:
        heard.take(event)
    assert heard.repeated == 0
    check_complete(heard, [server.database])


def test_only_the_wanted_types_come(ani, bank):
    assert ani.transfer(bank.open(), "1.00").status == 201
    assert types_of(events_of(ani.client, "&types=transfer.*")[0]) == ["transfer.completed"]
    assert types_of(events_of(ani.client, "&types=wallet.opened,topup.completed", limit=1)[0]) == ["wallet.opened",
                                                                                                 "topup.completed"]


def test_changes_of_a_wallet_are_told(client, ani):
    assert client.request("PATCH", f"/v1/wallets/{ani.wallet}", {"name": "savings"}).status == 200
    assert client.post(f"/v1/wallets/{ani.wallet}/freeze").status == 200
    assert client.post(f"/v1/wallets/{ani.wallet}/unfreeze").status == 200
    events, _ = events_of(ani.client, "&types=wallet.*")
    assert types_of(events) == ["wallet.opened", "wallet.changed", "wallet.frozen", "wallet.unfrozen"]
    assert [event["data"]["wallet"].get("status") for event in events] == ["active", None, "frozen", "active"]
    assert events[1]["data"]["wallet"]["name"] == "savings"


def test_a_payment_is_told_from_authorization_to_refund(server, client, ani):
    shop = Shop(server, client, scopes=("payments:write", "refunds:write", "events:read"))
    payment = shop.authorize(ani, "100.00")
    assert shop.act(payment, "increment", {"amount": "20.00"}).status == 200
    assert shop.act(payment, "capture", {"amount": "50.00"}).status == 200
    assert shop.act(payment, "void").status == 200
    assert shop.post(f"/v1/transactions/{payment}/refunds", {"amount": "5.00"}).status == 201
    events, _ = events_of(ani.client, "&types=payment.*,refund.*")
    assert types_of(events) == ["payment.authorized", "payment.incremented", "payment.captured", "payment.voided",
                                "refund.completed"]
    assert all(event["data"]["transaction"]["id"] == payment for event in events[:4])
    assert events[2]["data"]["transaction"]["captured_amount"] == "50.00"
    theirs, _ = events_of(shop.client, headers=shop.headers)
    assert types_of(theirs) == ["wallet.opened", "payment.captured", "refund.completed"]
    shop.close()


def test_a_merchant_hears_which_of_its_invoices_was_paid(server, client, ani):
    shop = Shop(server, client, scopes=("invoices:write", "events:read"))
    bills = [shop.post("/v1/invoices", {"amount": "7500.00", "currency": "IDR"}).json for _ in range(2)]
    for bill in reversed(bills):
        body = {"wallet_id": ani.wallet, "va_number": bill["va_number"], "amount": "7500.00", "currency": "IDR"}
        assert ani.client.post("/v1/payments", body, key=key()).status == 201
    for asker, headers in ((shop.client, shop.headers), (ani.client, None)):
        events, _ = events_of(asker, "&types=payment.completed", headers=headers)
        told = [event["data"]["transaction"] for event in events]
        assert [(paid["invoice_id"], paid["va_number"]) for paid in told] == [(bill["id"], bill["va_number"])
                                                                             for bill in reversed(bills)]
    shop.close()


def test_nobody_hears_of_the_wallets_of_others(server, client, ani):
    budi = add_person(server, client)
    wallet = budi.open_wallet()
    assert types_of(events_of(budi.client)[0]) == ["wallet.opened"]
    assert budi.client.get(f"/v1/events?wallet_id={ani.wallet}").status == 404
    assert budi.client.get(f"/v1/events/stream?wallet_id={ani.wallet}").status == 404
    cursor = ani.client.get("/v1/events").json["next_cursor"]
    answer = budi.client.get(f"/v1/events?cursor={cursor}")
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, "cursor_mismatch")
    assert events_of(client, f"&wallet_id={wallet}")[0] == events_of(budi.client)[0]
    assert client.get(f"/v1/events?wallet_id={uuid.uuid4()}").status == 404


@pytest.mark.parametrize("query", ["types=money.lost", "types=", "types=transfer.completed,", "cursor=nonsense", "from=never",
                                   "limit=0", "limit=201", "wallet_id=7", "colour=red"])
def test_a_question_that_makes_no_sense_is_refused(client, query):
    answer = client.get(f"/v1/events?{query}")
    assert answer.status == 400, answer
    assert client.get(f"/v1/events/stream?{query}").status == 400


def test_a_cursor_that_was_tampered_with_is_refused_or_harmless(client, ani):
    cursor = ani.client.get("/v1/events").json["next_cursor"]
    for place in range(len(cursor)):
        broken = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1:]
        assert ani.client.get(f"/v1/events?cursor={broken}").status in (200, 400)
    for length in range(len(cursor)):
        assert ani.client.get(f"/v1/events?cursor={cursor[:length]}").status == 400


# --- the stream ---


class Stream:
    """One connection to the stream."""

    def __init__(self, server, headers, query="", last_id=None):
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        more = {"Last-Event-ID": last_id} if last_id else {}
        self._connection.request("GET", f"/v1/events/stream?{query}", headers=headers | more)
        self.response = self._connection.getresponse()
        assert self.response.status == 200, self.response.read()
        self._blocks = blocks(self.response)
        self.last_id = None

    def next(self, count):
        """The next events, and the id behind the last of them."""
        events = []
        while len(events) < count:
            block = next(self._blocks)
            if "data" in block:
                events.append(json.loads(block["data"]))
            else:
                self.last_id = block["id"]
        return events

    def read_id(self):
        block = next(self._blocks)
        assert block.keys() == {"id"}
        self.last_id = block["id"]
        return self.last_id

    def is_over(self):
        return all("data" not in block for block in self._blocks)

    def close(self):
        self.response.close()
        self._connection.close()


def headers_of(client):
    return client.authorization()


def test_a_customer_is_told_of_what_happens_as_it_happens(server, ani, bank):
    stream = Stream(server, headers_of(ani.client))
    assert stream.response.getheader("Content-Type") == "text/event-stream"
    for amount in ("1.00", "2.00"):
        assert ani.transfer(bank.open(), amount).status == 201
        [event] = stream.next(1)
        assert (event["type"], event["data"]["amount"]) == ("transfer.completed", amount)
    assert [event] == events_of(ani.client)[0][-1:]
    stream.close()


def test_who_comes_back_with_the_last_id_misses_nothing(server, ani, bank):
    shop = bank.open()
    stream = Stream(server, headers_of(ani.client), "from=beginning")
    assert types_of(stream.next(2)) == ["wallet.opened", "topup.completed"]
    last_id = stream.read_id()
    stream.close()
    for number in range(5):
        assert ani.transfer(shop, f"{number + 1}.00").status == 201
    stream = Stream(server, headers_of(ani.client), last_id=last_id)
    assert [event["data"]["amount"] for event in stream.next(5)] == ["1.00", "2.00", "3.00", "4.00", "5.00"]
    stream.close()


def test_a_place_of_the_list_is_one_of_the_stream_and_the_other_way_round(server, ani, bank):
    _, cursor = events_of(ani.client)
    assert ani.transfer(bank.open(), "3.00").status == 201
    stream = Stream(server, headers_of(ani.client), f"cursor={cursor}")
    [event] = stream.next(1)
    assert event["data"]["amount"] == "3.00"
    assert events_of(ani.client, f"&cursor={stream.read_id()}")[0] == []
    stream.close()


def test_a_wallet_that_is_opened_while_its_owner_listens_is_heard(server, client):
    budi = add_person(server, client)
    stream = Stream(server, headers_of(budi.client))
    wallet = budi.open_wallet()
    [event] = stream.next(1)
    assert (event["type"], event["wallet_id"]) == ("wallet.opened", wallet)
    stream.close()


def test_listeners_of_everything_and_of_a_type_hear_the_same_tail(server, client, ani, bank):
    everything = Stream(server, headers_of(client))
    transfers = Stream(server, headers_of(client), "types=transfer.completed")
    mine = Stream(server, headers_of(client), f"wallet_id={ani.wallet}")
    shop = bank.open()
    assert ani.transfer(shop, "7.00").status == 201
    assert types_of(everything.next(3)) == ["wallet.opened", "transfer.completed", "transfer.completed"]
    assert {event["data"]["direction"] for event in transfers.next(2)} == {"in", "out"}
    assert mine.next(1)[0]["data"]["direction"] == "out"
    for stream in (everything, transfers, mine):
        stream.close()


def test_a_stream_ends_when_its_session_does(server, client):
    budi = add_person(server, client)
    own = server.client(login=(budi.email, PASSWORD))
    stream = Stream(server, headers_of(own))
    assert own.post("/v1/auth/logout").status in (200, 204)
    assert stream.is_over()


def tail_reads_since(server, moment):
    """Sessions of the server whose last statement is a page of the tail's, begun after the moment."""
    [[count]] = psql(server.database, "SELECT count(*) FROM pg_stat_activity WHERE application_name NOT LIKE '%events-%'"
                                      " AND query LIKE '%row_number() OVER (ORDER BY r.shard_seq)%'"
                                      f" AND pid <> pg_backend_pid() AND query_start > '{moment}'")
    return int(count)


def moment_of(server):
    [[moment]] = psql(server.database, "SELECT clock_timestamp()")
    return moment


def test_nothing_is_read_while_nobody_listens(server, ani):
    moment = moment_of(server)
    stream = Stream(server, headers_of(ani.client))
    wait_until(lambda: tail_reads_since(server, moment) > 0, "the tail is read")
    stream.close()
    wait_until(lambda: server.metric("dompet_events_listeners") == 0, "nobody listens any more")
    moment = moment_of(server)
    for _ in range(100):  # some of the server's ticks
        assert server.metric("dompet_events_listeners") == 0
    assert tail_reads_since(server, moment) == 0


def test_who_is_cut_off_before_anything_came_misses_nothing(server, ani, bank):
    stream = Stream(server, headers_of(ani.client))
    last_id = stream.read_id()
    stream.close()
    assert ani.transfer(bank.open(), "6.00").status == 201
    stream = Stream(server, headers_of(ani.client), last_id=last_id)
    assert stream.next(1)[0]["data"]["amount"] == "6.00"
    stream.close()


def test_a_merchants_server_listens_until_its_key_is_revoked(server, client, ani):
    shop = Shop(server, client, scopes=("payments:write", "events:read"))
    [key] = shop.owner.client.get(f"/v1/merchants/{shop.id}/api-keys").json["data"]
    stream = Stream(server, shop.headers)
    for _ in range(3):  # an id comes at once, then each 5 s: longer than a key is remembered
        stream.read_id()
    assert shop.charge(ani, "8.00").status == 201
    assert types_of(stream.next(1)) == ["payment.completed"]
    owner = server.client(login=(shop.owner.email, PASSWORD))  # the idle one was closed meanwhile
    assert owner.request("DELETE", f"/v1/merchants/{shop.id}/api-keys/{key['id']}").status in (200, 204)
    assert stream.is_over()
    owner.close()
    shop.close()


def test_a_stream_depends_on_what_let_it_in_and_on_nothing_else_that_was_shown(server, ani, bank):
    stream = Stream(server, headers_of(ani.client) | {"X-Api-Key": "nobodys"})
    for _ in range(2):  # it was looked at again between them
        stream.read_id()
    for idle in (ani.client, bank.client):
        idle.close()  # before the server does
    assert ani.transfer(bank.open(), "9.00").status == 201
    assert stream.next(1)[0]["data"]["amount"] == "9.00"
    stream.close()


def test_a_stream_of_everything_ends_when_its_role_is_left_with_less(server, client):
    role = client.post("/v1/roles", {"name": f"r{uuid.uuid4().hex}", "permissions": ["events:read:any"]}).json
    person = add_person(server, client, role["name"])
    stream = Stream(server, headers_of(person.client))
    stream.read_id()
    answer = client.request("PATCH", f"/v1/roles/{role['id']}", {"permissions": ["events:read"]})
    assert answer.status == 200, answer
    assert stream.is_over()


def test_one_caller_does_not_take_every_listeners_place(server, client, ani):
    streams = [Stream(server, headers_of(ani.client)) for _ in range(32)]
    assert ani.client.get("/v1/events/stream").code == "overloaded"
    other = Stream(server, headers_of(client))
    for stream in [*streams, other]:
        stream.close()
    wait_until(lambda: server.metric("dompet_events_listeners") == 0, "their places are free again")


class Deaf:
    """Listens and does not read. What his own machine keeps for him is little."""

    def __init__(self, server, headers):
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(20)
        self._socket.connect(("127.0.0.1", server.port))
        lines = [f"{name}: {value}\r\n" for name, value in (headers | {"Host": "127.0.0.1"}).items()]
        self._socket.sendall(f"GET /v1/events/stream?from=beginning HTTP/1.1\r\n{''.join(lines)}\r\n".encode())

    def read_rest(self):
        """What was on its way when he was cut off: events, and the last id."""
        events, last_id = [], None
        response = http.client.HTTPResponse(self._socket)
        try:
            response.begin()
            for block in blocks(response):
                if "data" in block:
                    events.append(json.loads(block["data"]))
                last_id = block.get("id", last_id)
        except (OSError, http.client.HTTPException):
            pass  # the line broke, within a block
        self._socket.close()
        return events, last_id


def test_who_does_not_read_is_cut_off_costs_the_others_nothing_and_misses_nothing(server, ani):
    saved = ani.person.open_wallet()
    items = [{"idempotency_key": key(), "source_wallet_id": ani.wallet, "destination_wallet_id": saved, "amount": "1.00",
              "currency": "IDR", "metadata": {"note": "x" * 4000}} for _ in range(2000)]
    for begin in range(0, len(items), 1000):  # more than the kernel takes for somebody who does not read
        rows = ani.client.post("/v1/transfers/bulk", {"items": items[begin:begin + 1000]}).json["data"]
        assert {row["status"] for row in rows} == {201}
    expected = 2 + 1 + 2 * len(items)
    others = server.metric("dompet_events_listeners")
    deaf = Deaf(server, headers_of(ani.client))
    wait_until(lambda: server.metric("dompet_events_listeners") == others + 1, "he listens")
    stream = Stream(server, headers_of(ani.client))
    assert ani.transfer(saved, "4.00").status == 201
    assert [event["data"]["amount"] for event in stream.next(2)] == ["4.00", "4.00"]
    wait_until(lambda: server.metric("dompet_events_listeners") <= others + 1, "he is cut off")
    stream.close()
    events, last_id = deaf.read_rest()
    assert len(events) < expected
    back = Stream(server, headers_of(ani.client), *(["from=beginning"] if last_id is None else ["", last_id]))
    heard = Heard()
    for event in events:
        heard.take(event)
    while len(heard) < expected + 2:
        heard.take(back.next(1)[0])
    assert not heard.faults, heard.faults
    back.close()
