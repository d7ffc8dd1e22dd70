#!/usr/bin/env python3
"""A stand-in for dompetd: it serves the built page and canned answers (canned.py), so that a test can show the page in
every state, those included that a real cluster reaches only when something breaks. What it does not show is that dompetd
answers like this; that is for test_live.py and the HTTP ring.

By itself, to look at the page:  tests/pages/stand_in.py FOLDER [PORT]"""

import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import canned

# As dompetd sends it.
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
EVENT_EVERY_S = 0.2


class Refused(Exception):
    def __init__(self, status, code, detail):
        super().__init__(detail)
        self.status, self.document = status, {"status": status, "code": code, "title": code, "detail": detail}


PASSWORD = "right horse battery"
VIEWER = ["account:use", "sagas:read", "cluster:read", "wallets:read:any", "marketplaces:read"]
OPERATOR = [*VIEWER, "sagas:operate", "cluster:operate", "marketplaces:operate"]
USERS = {  # of whom each logs in as NAME@example.org with PASSWORD
    "viewer": VIEWER, "operator": OPERATOR, "approver": [*OPERATOR, "sagas:approve", "cluster:approve"],
    "administrator": ["*"], "customer": ["account:use", "wallets:read"]}


class World:
    """What the answers depend on; tests change it while the page looks. `sent` is every request with a body, those of
    logging in and out left out, which are counted in `logins`, `refreshes` and `logouts`."""

    def __init__(self):
        self.access = {}  # token → user
        self.refresh = {}
        self.token_life_s = 900
        self.logins, self.refreshes, self.logouts = 0, 0, 0
        self.lock = threading.Lock()
        self.counts = json.loads(json.dumps(canned.COUNTS))
        self.shards = [canned.shard(number) for number in range(canned.SHARDS)]
        self.views = dict(canned.VIEWS)
        self.notes = list(canned.NOTES)
        self.notices = [dict(notice) for notice in canned.NOTICES]
        self.refusals = {}  # path → Refused
        self.stream_works = True
        self.exports = []  # the query of every export
        self.lists = []  # the query of every list that was asked for
        self.sent = []
        self.job = None

    def end_sessions(self):
        """As after a change of the password: no token is good any more."""
        with self.lock:
            self.access.clear()
            self.refresh.clear()

    def issue(self, user):
        number = self.logins + self.refreshes
        tokens = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "token_type": "Bearer",
                  "expires_in": self.token_life_s}
        self.access[tokens["access_token"]] = self.refresh[tokens["refresh_token"]] = user
        return tokens

    def user_of(self, header):
        user = self.access.get((header or "").removeprefix("Bearer "))
        if user is None:
            raise Refused(401, "unauthenticated", "There is no valid token with this request.")
        return user

    def last_sent(self, path):
        with self.lock:
            bodies = [body for sent_path, body in self.sent if sent_path == path]
        return bodies[-1] if bodies else None


def matches(one, query):
    state = query.get("state")
    checks = {
        "state": lambda: one["stuck"] if state == "stuck" else canned.is_open(one) if state == "open" else one["state"] == state,
        "error": lambda: one["last_error"] == query["error"],
        "destination_shard": lambda: one["destination_shard"] == int(query["destination_shard"]),
        "min_age_s": lambda: one["age_ms"] >= 1_000 * float(query["min_age_s"]),
        "max_age_s": lambda: one["age_ms"] <= 1_000 * float(query["max_age_s"]),
        "label": lambda: one["label"] == query["label"]}
    return all(check() for name, check in checks.items() if name in query)


def list_sagas(world, query, _):
    world.lists.append(query)
    found = [one for one in canned.SAGAS.values() if matches(one, query)]
    if query.get("sort") == "-amount":
        found.sort(key=lambda one: -float(one["amount"]))
    begin, limit = int(query.get("cursor", 0)), int(query.get("limit", 50))
    return {"data": found[begin:begin + limit], "next_cursor": str(begin + limit) if begin + limit < len(found) else None}


def one_saga(of):
    def answer(world, query, body, identity):
        if identity not in canned.SAGAS:
            raise Refused(404, "saga_not_found", "There is no such saga.")
        return of(world, canned.SAGAS[identity], body)
    return answer


def act(world, one, body, action):
    if not canned.is_open(one):
        raise Refused(409, "saga_is_final", "The saga is over; nothing can be asked of it.")
    if one is canned.OWNER_DOWN:
        raise Refused(503, "owner_unreachable", "Its owner, node c, cannot be reached; nothing was done.")
    return {"id": one["id"], "action": action, "accepted": True, "state": one["state"],
            "sentence": "The owner asks the destination again now."}


def add_note(world, one, body):
    world.notes.append({"at": canned.iso(), "who": body.get("who", ""), "text": body["text"]})
    return {}


def start_bulk(world, query, body):
    if body["dry_run"]:
        return {"dry_run": True, "count": 38, "sample": [one["id"] for one in canned.NAMED[:3]],
                "amounts": [{"currency": "IDR", "total": "48120000.00"}, {"currency": "USD", "total": "912.40"}]}
    world.job = {"id": "job-1", "state": "running", "total": 38, "done": 0, "refused": 0, "report": []}
    return world.job


def read_bulk(world, query, body, job):
    """Each look finds it further; it is never done in front of a test that still wants to steer it."""
    if world.job["state"] == "running":
        world.job["done"] = min(world.job["done"] + 3, 30)
        world.job["refused"] = 1
        world.job["report"] = [{"id": canned.STUCK["id"], "outcome": "accepted"},
                               {"id": canned.SETTLED["id"], "outcome": "saga_is_final"}]
    return world.job


def steer_bulk(world, query, body, job, wish):
    world.job["state"] = {"pause": "paused", "resume": "running", "abort": "aborted"}[wish]
    return world.job


def move_shard(world, query, body, number):
    world.shards[int(number)] |= {"target": body["to"], "status": "moving"}
    return {}


def list_notices(world, query, body):
    found = [notice for notice in world.notices if notice["state"] == query.get("state", notice["state"])]
    return {"data": found, "next_cursor": None}


def retry_notice(world, query, body, identity):
    [notice] = [one for one in world.notices if one["id"] == identity]
    notice |= {"next_attempt_at": canned.iso(), "attempts": notice["attempts"] + 1}
    return notice


ROUTES = [
    ("GET", "/v1/marketplace-notices", list_notices),
    ("POST", "/v1/marketplace-notices/([^/]+)/retry", retry_notice),
    ("GET", "/v1/sagas", list_sagas),
    ("GET", "/v1/sagas/counts", lambda world, query, body: world.counts),
    ("GET", "/v1/sagas/views", lambda world, query, body: {
        "data": [{"name": name, "filter": filter} for name, filter in world.views.items()]}),
    ("PUT", "/v1/sagas/views/([^/]+)", lambda world, query, body, name: world.views.update({unquote(name): body["filter"]})),
    ("DELETE", "/v1/sagas/views/([^/]+)", lambda world, query, body, name: world.views.pop(unquote(name)) and None),
    ("POST", "/v1/sagas/bulk", start_bulk),
    ("GET", "/v1/sagas/bulk/([^/]+)", read_bulk),
    ("POST", "/v1/sagas/bulk/([^/]+)/(pause|resume|abort)", steer_bulk),
    ("GET", "/v1/sagas/export", lambda world, query, body: world.exports.append(query) or {"exported": query}),
    ("GET", "/v1/sagas/([^/]+)", one_saga(lambda world, one, body: canned.detail(one))),
    ("GET", "/v1/sagas/([^/]+)/timeline", one_saga(lambda world, one, body: canned.timeline(one))),
    ("GET", "/v1/sagas/([^/]+)/proof", one_saga(lambda world, one, body: canned.proof(one))),
    ("GET", "/v1/sagas/([^/]+)/export", one_saga(lambda world, one, body: {"records": []})),
    ("GET", "/v1/sagas/([^/]+)/notes", one_saga(lambda world, one, body: {"data": world.notes})),
    ("POST", "/v1/sagas/([^/]+)/notes", one_saga(add_note)),
    ("POST", "/v1/sagas/([^/]+)/(retry|cancel|pause|resume)",
     lambda world, query, body, identity, action: act(world, canned.SAGAS[identity], body, action)),
    ("GET", "/v1/cluster", lambda world, query, body: canned.cluster(world.shards)),
    ("POST", r"/v1/cluster/shards/(\d+)/move", move_shard),
    ("POST", "/v1/cluster/nodes/([^/]+)/drain", lambda world, query, body, name: {}),
    ("POST", "/v1/cluster/rebalance", lambda world, query, body: {"moves": 5}),
]


def log_in(world, body):
    user = body["email"].removesuffix("@example.org")
    if user not in USERS or body["password"] != PASSWORD:
        raise Refused(401, "invalid_credentials", "The e-mail address or the password is wrong.")
    world.logins += 1
    return world.issue(user)


def refresh(world, body):
    user = world.refresh.pop(body["refresh_token"], None)
    if user is None:
        raise Refused(401, "invalid_refresh_token", "This token is not valid any more.")
    world.refreshes += 1
    return world.issue(user)


def account(world, path, body, header):
    """What of /v1/auth the page uses; nothing for another path."""
    if path == "/v1/auth/login":
        return log_in(world, body)
    if path == "/v1/auth/refresh":
        return refresh(world, body)
    user = world.user_of(header)
    if path == "/v1/auth/me":
        return {"id": "019a8f3c-0000-7000-8000-00000000000a", "username": user, "email": f"{user}@example.org",
                "permissions": USERS[user]}
    if path == "/v1/auth/logout":
        world.logouts += 1
        del world.access[header.removeprefix("Bearer ")]
        return {}
    return None


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "stand-in"

    def log_message(self, *_):
        pass

    def reply(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def reply_json(self, status, document):
        kind = "application/problem+json" if status >= 400 else "application/json"
        self.reply(status, kind, b"" if document is None else json.dumps(document).encode())

    def serve_file(self, name):
        file = self.server.folder / (name or "index.html")
        if file.suffix not in TYPES or not file.is_file():
            return self.reply_json(404, {"code": "not_found", "detail": "There is nothing at this address."})
        self.reply(200, TYPES[file.suffix], file.read_bytes())

    def stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            while self.server.world.stream_works and not self.server.is_closing:
                self.wfile.write(f"event: counts\ndata: {json.dumps(self.server.world.counts)}\n\n".encode())
                self.wfile.flush()
                time.sleep(EVENT_EVERY_S)
        except OSError:
            pass
        self.close_connection = True

    def api(self, path, query):
        world = self.server.world
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        with world.lock:
            if path in world.refusals:
                raise world.refusals[path]
            answer = account(world, path, body, self.headers.get("Authorization"))
            if answer is not None:
                return answer
            if self.command != "GET":
                world.sent.append((path, body))
            for method, pattern, answer in ROUTES:
                found = re.fullmatch(pattern, path)
                if found and method == self.command:
                    return answer(world, query, body, *found.groups())
        raise Refused(404, "not_found", "There is nothing at this address.")

    def serve(self):
        split = urlsplit(self.path)
        if split.path == "/inspector" or split.path.startswith("/inspector/"):
            return self.serve_file(split.path.removeprefix("/inspector").strip("/"))
        try:
            if split.path == "/v1/sagas/events" and self.server.world.stream_works:
                self.server.world.user_of(self.headers.get("Authorization"))
                return self.stream()
            answer = self.api(split.path, dict(parse_qsl(split.query)))
        except Refused as refused:
            return self.reply_json(refused.status, refused.document)
        self.reply_json(200 if self.command == "GET" else 202, answer)

    do_GET = do_POST = do_PUT = do_DELETE = serve


class StandIn(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder, port=0):
        super().__init__(("127.0.0.1", port), Answers)
        self.folder = Path(folder)
        self.world = World()
        self.is_closing = False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.is_closing = True
        self.shutdown()
        self.server_close()


if __name__ == "__main__":
    with StandIn(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0) as stand_in:
        print(f"{stand_in.url}/inspector", flush=True)
        threading.Event().wait()
