#!/usr/bin/python3
"""A small marketplace that lets its customers pay by the number of a virtual account: the other side of Dompet's
marketplaces, for tests and for looking at it. It speaks GraphQL by POST at /graphql, with the operations of such a shop:

    createOrder, getOrders, getOrderByVA, getShippingOptions, updatePaymentStatus

Orders are in memory. Nothing but the standard library.

    marketplace.py --port 7003 --va-prefix DS-8800 --secret whsec_…

It can be bad on purpose, from the start or later by POST /behaviour {"delay_s": 2, "is_dead": true, "lost_answers": 3,
"refusals": 1, "answer": "<html>", "padding": 100000, "says": {"status": "CANCELLED"}}: slow, dead (every answer is 503),
losing the next answers after it has done what was asked, not taking the next statuses, answering with that text whatever
is asked, with so many spaces more, or with something else of every order. GET /heard lists every updatePaymentStatus as it came, with its headers and whether its signature was
good."""

import argparse
import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PRODUCTS = {"1": 125_000, "2": 50_000}
SHIPPING = [{"kota": "Bandung", "metode": "REG", "ongkir": 9_000}, {"kota": "Medan", "metode": "YES", "ongkir": 38_000}]
TOLERANCE_S = 300


class Fault(Exception):
    """What GraphQL answers under `errors`."""


class Shop:
    """The orders, and how the shop behaves at the moment."""

    def __init__(self, va_prefix="DS-8800", secret="", paid_status="PAID", **behaviour):
        self.va_prefix, self.secret, self.paid_status = va_prefix, secret, paid_status
        self.behaviour = {"delay_s": 0, "is_dead": False, "lost_answers": 0, "refusals": 0, "answer": "", "padding": 0,
                          "says": {}} | behaviour
        self.orders, self.heard = {}, []
        self.lock = threading.Lock()

    def take_one(self, what):
        """Whether the next answer shall be like that."""
        with self.lock:
            left = self.behaviour[what]
            self.behaviour[what] = max(0, left - 1)
            return left > 0

    def create_order(self, input):
        price = PRODUCTS.get(str(input.get("productId")))
        quantity = input.get("quantity", 1)
        if price is None or not isinstance(quantity, int) or quantity < 1:
            raise Fault("There is no such product.")
        shipping = next((one["ongkir"] for one in SHIPPING if one["kota"] == input.get("kotaTujuanId")), 0)
        order = {"id": str(uuid.uuid4()), "totalHarga": price * quantity + shipping, "ongkir": shipping,
                 "status": "PENDING", "paymentStatus": "UNPAID", "nomorVA": f"{self.va_prefix}{secrets.randbelow(10**10):010}",
                 "nomorResi": None}
        with self.lock:
            self.orders[order["nomorVA"]] = order
        return order

    def update_payment_status(self, va_number, status):
        if self.take_one("refusals"):
            return False
        with self.lock:
            order = self.orders.get(va_number)
            if order is None:
                raise Fault("There is no order with this number.")
            order["paymentStatus"] = status
            if status == self.paid_status and order["nomorResi"] is None:
                order["status"], order["nomorResi"] = "PROCESS", f"RESI-{secrets.randbelow(10**8):08}"
        return True

    def is_signed(self, headers, body):
        """As Standard Webhooks does it; without a secret nothing is asked for."""
        if not self.secret:
            return True
        at = headers.get("webhook-timestamp", "0")
        if not at.isdigit() or abs(time.time() - int(at)) > TOLERANCE_S:
            return False
        key = self.secret.removeprefix("whsec_")
        key = base64.b64decode(key) if self.secret.startswith("whsec_") else key.encode()
        signed = f"{headers.get('webhook-id', '')}.{at}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return any(hmac.compare_digest(wanted, one) for one in headers.get("webhook-signature", "").split())

    # --- GraphQL, as much as is needed: one operation a request, its arguments in variables or written out ---

    def execute(self, request):
        query = request.get("query", "")
        variables = request.get("variables") or {}
        name = re.search(r"\{\s*(\w+)", query)
        arguments = variables | written_arguments(query)
        match name and name[1]:
            case "createOrder": return name[1], self.create_order(arguments.get("input", arguments))
            case "getOrders": return name[1], list(self.orders.values())
            case "getOrderByVA":
                order = self.orders.get(arguments.get("vaNumber"))
                return name[1], order and order | self.behaviour["says"]
            case "getShippingOptions": return name[1], SHIPPING
            case "updatePaymentStatus":
                return name[1], self.update_payment_status(arguments.get("vaNumber"), arguments.get("status"))
        raise Fault("There is no such operation.")


def written_arguments(query):
    """`field(vaNumber: "DS-1", quantity: 2)`: what is written out in the operation itself."""
    found = re.search(r"\{\s*\w+\s*\((.*?)\)\s*[{}]", query, re.S)
    if found is None or "$" in found[1]:
        return {}
    text = re.sub(r"^\s*input\s*:\s*\{(.*)\}\s*$", r"\1", found[1], flags=re.S)
    return {name: json.loads(value) for name, value in re.findall(r'(\w+)\s*:\s*("[^"]*"|\d+)', text)}


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shop = None

    def answer(self, status, value):
        self.send(status, json.dumps(value).encode())

    def send(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/heard":
            return self.answer(200, self.shop.heard)
        self.answer(404, {"errors": [{"message": "POST /graphql"}]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            request = json.loads(body)
        except ValueError:
            return self.answer(400, {"errors": [{"message": "The body is no JSON."}]})
        if self.path == "/behaviour":
            with self.shop.lock:
                self.shop.behaviour |= request
            return self.answer(200, self.shop.behaviour)
        self.serve(request, body)

    def serve(self, request, body):
        time.sleep(self.shop.behaviour["delay_s"])
        if self.shop.behaviour["is_dead"]:
            return self.answer(503, {"errors": [{"message": "The shop is closed."}]})
        headers = {name.lower(): value for name, value in self.headers.items()}
        is_notice = "updatePaymentStatus" in request.get("query", "")
        if is_notice:
            is_signed = self.shop.is_signed(headers, body)
            self.shop.heard.append({"headers": headers, "variables": request.get("variables"), "is_signed": is_signed,
                                    "at": time.time()})
            if not is_signed:
                return self.answer(401, {"errors": [{"message": "The signature is wrong."}]})
        try:
            name, value = self.shop.execute(request)
        except Fault as fault:
            return self.answer(200, {"data": None, "errors": [{"message": str(fault)}]})
        if is_notice and self.shop.take_one("lost_answers"):
            self.close_connection = True
            return None
        text = self.shop.behaviour["answer"] or json.dumps({"data": {name: value}})
        self.send(200, text.encode() + b" " * self.shop.behaviour["padding"])

    def log_message(self, *_):
        pass


def serve(shop, port=0):
    """The server, not yet running; its port is `server_address[1]`."""
    return ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (Answering,), {"shop": shop}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--port", type=int, default=7003)
    parser.add_argument("--va-prefix", default="DS-8800")
    parser.add_argument("--secret", default="", help="what notices must be signed with; none are asked for without one")
    parser.add_argument("--paid-status", default="PAID")
    parser.add_argument("--delay-s", type=float, default=0)
    parser.add_argument("--dead", action="store_true")
    parser.add_argument("--lost-answers", type=int, default=0)
    given = parser.parse_args()
    shop = Shop(given.va_prefix, given.secret, given.paid_status, delay_s=given.delay_s, is_dead=given.dead,
                lost_answers=given.lost_answers)
    server = serve(shop, given.port)
    print(f"A marketplace at http://127.0.0.1:{server.server_address[1]}/graphql", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
