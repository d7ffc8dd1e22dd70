"""Who the benchmark is to the servers under test: a customer where money is moved under load, since what staff moves is on
record by a row of its own; otherwise an administrator, made at their first start."""

import json
import os
import time
import urllib.error
import urllib.request

import processes

EMAIL, PASSWORD = "bench@dompet.example", "the benchmark's own password"
CUSTOMER = "customer@dompet.example"
# For dompetd, which makes the account.
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if not name.startswith("DOMPET_")},
               "DOMPET_ADMIN_EMAIL": EMAIL, "DOMPET_ADMIN_PASSWORD": PASSWORD,
               # One client stands for many here: it is what the server can do that is measured, not what one may.
               "DOMPET_HTTP_RATE_PER_CLIENT": "0", "DOMPET_HTTP_RATE_PER_ADDRESS": "0", "DOMPET_HTTP_AUTH_PER_MINUTE": "0"}
KEPT_S = 600  # less than a token lives

_tokens = {}  # base, email → (token, when it was had)
_with_customer = set()


def bearer(base, email=EMAIL):
    """The header of a request to this server. Logs in when there is no fresh token."""
    token, had = _tokens.get((base, email), (None, 0))
    if token is None or time.monotonic() - had > KEPT_S:
        body = json.dumps({"email": email, "password": PASSWORD}).encode()
        request = urllib.request.Request(f"{base}/v1/auth/login", data=body, method="POST",
                                         headers={"Content-Type": "application/json"})
        token = json.loads(processes.fetch(request))["access_token"]
        _tokens[base, email] = token, time.monotonic()
    return {"Authorization": f"Bearer {token}"}


def get(base, path):
    """The JSON of an answer 2xx."""
    return json.loads(processes.fetch(urllib.request.Request(base + path, headers=bearer(base))))


def as_customer(base, environment=None):
    """The environment of a dompetctl that logs in as a customer, who is made when there is none yet."""
    if base not in _with_customer:
        try:
            post(base, "/v1/users", {"username": "bench-customer", "first_name": "Bench", "last_name": "Customer",
                                     "email": CUSTOMER, "password": PASSWORD, "roles": ["customer"]})
        except urllib.error.HTTPError as error:
            if error.code != 409:  # made through another node
                raise
        _with_customer.add(base)
    return {**(environment or ENVIRONMENT), "DOMPET_ADMIN_EMAIL": CUSTOMER}


def put(base, path, body):
    return _send("PUT", base, path, body)


def post(base, path, body, key=None, timeout_s=10.0, email=EMAIL):
    return _send("POST", base, path, body, key, timeout_s, email)


def _send(method, base, path, body, key=None, timeout_s=10.0, email=EMAIL):
    headers = {"Content-Type": "application/json", **bearer(base, email)}
    if key:
        headers["Idempotency-Key"] = key
    request = urllib.request.Request(base + path, data=json.dumps(body).encode(), headers=headers, method=method)
    return json.loads(processes.fetch(request, timeout_s))
