"""Who the benchmark is to the servers under test: an administrator, made at their first start."""

import json
import os
import time
import urllib.request

import processes

EMAIL, PASSWORD = "bench@dompet.example", "the benchmark's own password"
# For dompetd, which makes the account, and for dompetctl, which logs in with it.
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if not name.startswith("DOMPET_")},
               "DOMPET_ADMIN_EMAIL": EMAIL, "DOMPET_ADMIN_PASSWORD": PASSWORD,
               # One client stands for many here: it is what the server can do that is measured, not what one may.
               "DOMPET_HTTP_RATE_PER_CLIENT": "0", "DOMPET_HTTP_RATE_PER_ADDRESS": "0", "DOMPET_HTTP_AUTH_PER_MINUTE": "0"}
KEPT_S = 600  # less than a token lives

_tokens = {}  # base → (token, when it was had)


def bearer(base):
    """The header of a request to this server. Logs in when there is no fresh token."""
    token, had = _tokens.get(base, (None, 0))
    if token is None or time.monotonic() - had > KEPT_S:
        body = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
        request = urllib.request.Request(f"{base}/v1/auth/login", data=body, method="POST",
                                         headers={"Content-Type": "application/json"})
        token = json.loads(processes.fetch(request))["access_token"]
        _tokens[base] = token, time.monotonic()
    return {"Authorization": f"Bearer {token}"}


def get(base, path):
    """The JSON of an answer 2xx."""
    return json.loads(processes.fetch(urllib.request.Request(base + path, headers=bearer(base))))


def post(base, path, body, key=None, timeout_s=10.0):
    headers = {"Content-Type": "application/json", **bearer(base)}
    if key:
        headers["Idempotency-Key"] = key
    request = urllib.request.Request(base + path, data=json.dumps(body).encode(), headers=headers, method="POST")
    return json.loads(processes.fetch(request, timeout_s))
