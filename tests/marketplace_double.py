"""The marketplace of tools/marketplace as a process of a test, and who is paid for its orders."""

import http.client
import json
import subprocess
import sys

from processes import ROOT, free_port, wait_until

SECRET = "whsec_" + "bWFya2V0cGxhY2Ugc2VjcmV0IG9mIGEgdGVzdA=="
PREFIX = "DS-8800"
CREATE = ("mutation($input: OrderInput!) { createOrder(input: $input) { id totalHarga nomorVA paymentStatus } }")


class Marketplace:
    """A process that can be killed and started again; its orders end with it."""

    def __init__(self, prefix=PREFIX, secret=SECRET):
        self.prefix, self.secret = prefix, secret
        self.port = free_port()
        self.process = None

    def start(self):
        program = ROOT / "tools/marketplace/marketplace.py"
        self.process = subprocess.Popen([sys.executable, program, "--port", str(self.port), "--va-prefix", self.prefix,
                                         "--secret", self.secret], stdout=subprocess.DEVNULL)
        wait_until(self.is_up, "the marketplace answers")
        return self

    def is_up(self):
        try:
            return self.heard() is not None
        except OSError:
            return False

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def setting(self, merchant, name="sawit"):
        """The settings of a dompetd that pays its orders."""
        url = f"http://127.0.0.1:{self.port}/graphql"
        return {"marketplaces_list": f"{name},{self.prefix},IDR,{merchant},{url}", "marketplaces_secrets": f"{name}={self.secret}",
                "marketplaces_retry_first_ms": 100, "marketplaces_retry_most_ms": 400, "marketplaces_look_ms": 50,
                "marketplaces_timeout_ms": 1_000}

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def order(self, quantity=1):
        """{totalHarga, nomorVA, …} of a new order."""
        variables = {"input": {"productId": "1", "quantity": quantity, "alamatPengiriman": "Jalan Sawit 1"}}
        return self._ask("POST", "/graphql", {"query": CREATE, "variables": variables})["data"]["createOrder"]

    def status_of(self, order):
        query = "query($vaNumber: String!) { getOrderByVA(vaNumber: $vaNumber) { paymentStatus } }"
        answer = self._ask("POST", "/graphql", {"query": query, "variables": {"vaNumber": order["nomorVA"]}})
        return answer["data"]["getOrderByVA"]["paymentStatus"]

    def behave(self, **behaviour):
        self._ask("POST", "/behaviour", behaviour)

    def heard(self):
        """Every notice that came, oldest first."""
        return self._ask("GET", "/heard")
