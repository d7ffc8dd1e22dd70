"""Somebody's server that webhooks are sent to: keeps what came, answers as it is told, and verifies signatures as the
specification of Standard Webhooks 1.0.0 says, with nothing of ours."""

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from processes import wait_until


def signatures_of(secret, message_id, timestamp, body):
    """What `webhook-signature` must have one of."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class Delivery:
    """One request as it came."""

    def __init__(self, path, headers, body):
        self.path, self.body = path, body
        self.headers = {name.lower(): value for name, value in headers}
        self.id = self.headers["webhook-id"]

    @property
    def event(self):
        return json.loads(self.body)

    @property
    def signatures(self):
        return self.headers["webhook-signature"].split(" ")

    def is_signed_with(self, secret):
        return signatures_of(secret, self.id, self.headers["webhook-timestamp"], self.body) in self.signatures


class Receiver:
    """Listens until it is closed. `answer` is asked for each request: a status, or a status and headers."""

    def __init__(self, answer=lambda delivery: 204):
        self.answer = answer
        self.came = []
        self.lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                delivery = Delivery(self.path, self.headers.items(), body)
                with receiver.lock:
                    receiver.came.append(delivery)
                answer = receiver.answer(delivery)
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass  # whoever sent it is dead, or has waited long enough

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a sender that died in the middle

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def url(self, path="/hooks", host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def deliveries(self, path="/hooks", **of_event):
        """Those of the path whose event has these members, in the order in which they came."""
        with self.lock:
            came = [delivery for delivery in self.came if delivery.path == path]
        return [one for one in came if all(one.event.get(name) == value for name, value in of_event.items())]

    def wait_for(self, count, path="/hooks", **of_event):
        wait_until(lambda: len(self.deliveries(path, **of_event)) >= count,
                   lambda: f"{count} deliveries; there are {len(self.deliveries(path, **of_event))}")
        return self.deliveries(path, **of_event)
