"""What the stand-in answers: one saga of every kind that the page shows differently, and a cluster in the middle of a
move. Times are relative to a fixed moment, so that every run shows the same."""

from datetime import datetime, timedelta, timezone

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=timezone.utc)
ANI = "019a8f3c-0000-7000-8000-00000000a001"
BUDI = "019a8f3c-0000-7000-8000-00000000b002"
SHARDS = 64


def iso(ms_ago=0):
    return (NOW - timedelta(milliseconds=ms_ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def saga_id(number):
    return f"019a8f3c-{number:04x}-7000-8000-0000000{number:05x}"


def saga(number, state, amount, age_ms, **more):
    return {
        "id": saga_id(number), "state": state, "amount": amount, "currency": "IDR", "source_wallet_id": ANI,
        "destination_wallet_id": BUDI, "source_shard": 3, "destination_shard": 17, "compact": False,
        "created_at": iso(age_ms), "updated_at": iso(age_ms // 2), "age_ms": age_ms, "age_in_state_ms": age_ms // 2,
        "attempts": 1, "last_error": "", "paused": False, "label": "", "assignee": "", "note_count": 0,
        "owner": {"node": "a", "incarnation": saga_id(1), "epoch": 12, "reachable": True}, "reason": None,
        "stuck": False} | more


STUCK = saga(9, "reserved", "1250000.00", 48_200, attempts=14, last_error="busy", stuck=True, label="incident-42",
             assignee="sari", note_count=1,
             reason="The destination shard 17 on node b has answered busy for 40.1 s.")
OWNER_DOWN = saga(8, "cancelling", "80000.00", 21_000, attempts=5, last_error="timeout", stuck=True,
                  owner={"node": "c", "incarnation": saga_id(3), "epoch": 9, "reachable": False},
                  reason="Its owner, node c, has been silent for 18.0 s.")
PAUSED = saga(7, "reserved", "5000.00", 190_000, attempts=3, paused=True, reason="sari paused it 3 minutes ago.")
UNDER_WAY = saga(6, "reserved", "99.50", 420, attempts=1)
SETTLED = saga(5, "settled", "75000.00", 3_600_000, compact=True)
RELEASED = saga(4, "released", "120000.00", 7_500_000, attempts=2, last_error="wallet_frozen")
DECLINED = saga(3, "declined", "9000000000000.00", 90_000_000, attempts=0, owner=None)
NAMED = [STUCK, OWNER_DOWN, PAUSED, UNDER_WAY, SETTLED, RELEASED, DECLINED]
# More than a page of them.
MANY = [saga(number, "settled", f"{number}.00", number * 60_000, compact=True) for number in range(100, 190)]
SAGAS = {one["id"]: one for one in NAMED + MANY}

COUNTS = {
    "as_of": iso(), "states": {"reserved": 131, "cancelling": 4, "settled": 1_204_388, "released": 312},
    "open_by_age": [{"up_to_s": 1, "count": 61}, {"up_to_s": 5, "count": 22}, {"up_to_s": 30, "count": 9},
                    {"up_to_s": 300, "count": 41}, {"up_to_s": None, "count": 2}],
    "causes": [{"error": "timeout", "destination_shard": 40, "node": "c", "count": 6, "oldest_age_ms": 21_000},
               {"error": "busy", "destination_shard": 17, "node": "b", "count": 38, "oldest_age_ms": 48_200},
               {"error": "no_owner", "destination_shard": 41, "node": None, "count": 2, "oldest_age_ms": 8_000}],
    "oldest_age_ms": 412_000}


def step(ms_ago, what, title, **more):
    return {"at": iso(ms_ago), "what": what, "title": title} | more


def balances(available, held):
    return {"available": available, "held": held}


def attempt(number, ms_ago, answer="busy", duration_ms=31):
    return step(ms_ago, "attempt", "The owner asked the destination to credit", attempt=number, node="a", epoch=12,
                shard=17, link="b", duration_ms=duration_ms, answer=answer)


HELD = step(48_200, "event", "The source held the amount", wallet_id=ANI, side="source", event="hold_placed",
            wallet_seq=41, balances_before=balances("3000000.00", "0.00"),
            balances_after=balances("1750000.00", "1250000.00"), node="a", epoch=12, batch=90_211, shard=3)
RESERVED = step(48_200, "saga", "The saga is reserved", node="a", epoch=12, batch=90_211, shard=3)
CREDITED = step(40_000, "event", "The destination was credited", wallet_id=BUDI, side="destination", event="credited",
                wallet_seq=7, balances_before=balances("200000.00", "0.00"),
                balances_after=balances("1450000.00", "0.00"), node="b", epoch=4, batch=71_003, shard=17)
DECIDED = step(40_000, "decision", "Shard 17 decided: credited", node="b", epoch=4, batch=71_003, shard=17)
CAPTURED = step(39_900, "event", "The source gave the held amount away", wallet_id=ANI, side="source",
                event="hold_captured", wallet_seq=42, balances_before=balances("1750000.00", "1250000.00"),
                balances_after=balances("1750000.00", "0.00"), node="a", epoch=12, batch=90_260, shard=3)
WAITING = [
    HELD, RESERVED, attempt(1, 48_150), attempt(2, 47_900),
    step(47_900, "gap", "Nothing was recorded: the owner was being moved from node c to node a", gap_ms=6_400),
    attempt(3, 41_500, "timeout", 2_000),
    step(30_000, "action", "Retry was asked for", who="sari", why="shard 17 should be back"),
    attempt(14, 1_200)]
OVER = [HELD, RESERVED, attempt(1, 40_050, "credited"), CREDITED, DECIDED, CAPTURED,
        step(39_900, "saga", "The saga is settled", node="a", epoch=12, batch=90_260, shard=3)]


def is_open(one):
    return one["state"] in ("reserved", "cancelling")


def live(one):
    if one is OWNER_DOWN:
        return {"available": False, "says": "the owner is down; this is what the tables say", "loaded": False,
                "next_attempt_in_ms": None, "waiting_for": None, "attempts": []}
    if not is_open(one):
        return {"available": False, "says": "it is over; this is what the tables say", "loaded": False,
                "next_attempt_in_ms": None, "waiting_for": None, "attempts": []}
    return {"available": True, "says": "from the owner's memory", "loaded": True, "next_attempt_in_ms": 1_800,
            "waiting_for": "shard 17 on node b",
            "attempts": [attempt(12, 6_000), attempt(13, 3_500, "timeout", 2_000), attempt(14, 1_200)]}


def detail(one):
    decisions = {"settled": ("credited", None), "released": ("refused", "wallet_frozen")}
    decision = None
    if one["state"] in decisions:
        outcome, reason = decisions[one["state"]]
        decision = {"outcome": outcome, "reason": reason, "shard": 17, "decided_at": iso(one["age_ms"])}
    evidence = [] if not one["stuck"] else [
        "Shard 17 belongs to node b since epoch 4.", "The last 13 attempts were answered busy.",
        "The lane of database 1 has 4,100 rows waiting, the oldest for 12.0 s."]
    return one | {"transaction": {"id": one["id"], "status": "pending"}, "decision": decision, "live": live(one),
                  "evidence": evidence}


def timeline(one):
    return {"id": one["id"], "data": WAITING if is_open(one) else OVER}


def proof(one):
    refused = one["state"] == "released"
    there = "0.00" if is_open(one) or refused else one["amount"]
    return {
        "id": one["id"], "may_be_released": refused,
        "sentence": "The destination refused for good, so the money goes back." if refused else
                    "There is no refusal of the destination: it may still credit the amount.",
        "evidence": [
            {"fact": "A decision of shard 17 is recorded.", "holds": not is_open(one), "detail": "epoch 4"},
            {"fact": "The decision is a refusal.", "holds": refused, "detail": ""},
            {"fact": "The hold is still there.", "holds": is_open(one), "detail": "in entry 41 of the source"}],
        "conservation": {"ok": True, "source_out": there, "destination_in": there,
                         "held": one["amount"] if is_open(one) else "0.00",
                         "sentence": "What left the source is what reached the destination or is still held."}}


NOTES = [{"at": iso(20_000), "who": "sari", "text": "Shard 17 is slow since the database moved. Watching it."}]
VIEWS = {"Stuck over 30 s": {"state": "stuck", "min_age_s": 30}, "Busy shard 17": {"error": "busy", "destination_shard": 17}}


def node(name, **more):
    return {"node": name, "incarnation": saga_id(ord(name)), "state": "up", "http_address": f"10.0.0.{ord(name) - 96}:8080",
            "internal_address": f"10.0.0.{ord(name) - 96}:9080", "build": "0.9.0", "protocol": [1, 1], "link": "up",
            "silent_for_ms": 180, "shards": 0} | more


def cluster(shards):
    sizes = {name: sum(1 for one in shards if one["node"] == name) for name in "abc"}
    return {
        "as_of": iso(), "shard_count": SHARDS, "me": {"node": "a", "incarnation": saga_id(97)},
        "nodes": [node("a", link="self", silent_for_ms=0, shards=sizes["a"]), node("b", shards=sizes["b"]),
                  node("c", state="expired", link="down", silent_for_ms=18_000, shards=sizes["c"]),
                  node("d", state="draining")],
        "shards": shards,
        "databases": [
            {"id": 0, "reachable": True, "lane": {"suspended": False, "waiting_rows": 3, "oldest_age_ms": 2, "shards": 22}},
            {"id": 1, "reachable": True, "lane": {"suspended": True, "waiting_rows": 4_100, "oldest_age_ms": 12_000, "shards": 21}},
            {"id": 2, "reachable": False, "lane": {"suspended": True, "waiting_rows": 0, "oldest_age_ms": 0, "shards": 21}}]}


def shard(number):
    one = {"shard": number, "node": "ab"[number % 2], "incarnation": saga_id(97 + number % 2), "epoch": 4 + number % 3,
           "target": None, "database": number % 3, "status": "owned"}
    if number in (40, 41):
        one |= {"node": None, "incarnation": None, "target": "a", "status": "ownerless"}
    elif number in (12, 13):
        one |= {"target": "b" if one["node"] == "a" else "a", "status": "moving"}
    elif number % 8 == 7:
        one |= {"node": "c", "incarnation": saga_id(99)}
    return one


def notice(number, state, **more):
    return {"id": saga_id(number), "marketplace": "sawit", "va_number": f"DS-8800{number:06}", "merchant_id": ANI,
            "amount": "125000.00", "currency": "IDR", "state": state, "transaction_id": saga_id(5), "attempts": 1,
            "last_error": None, "created_at": iso(60_000), "paid_at": iso(59_000), "delivered_at": None,
            "next_attempt_at": None} | more


NOTICES = [
    notice(304, "refused", attempts=3, last_error="It did not take the status.", next_attempt_at=iso(-10_000)),
    notice(303, "paying", transaction_id=None, attempts=0, paid_at=None),
    notice(302, "due", attempts=7, last_error="It answered status 502.", next_attempt_at=iso(-30_000)),
    notice(301, "delivered", delivered_at=iso(58_000))]
