"""The people and things that the document's examples speak of. The document calls them by made-up ids; here each is made
when an example that is to be sent names it, and takes the place of its made-up id."""

import json
import re
import uuid
from datetime import datetime, timezone

from accounts import Person
from processes import psql

ANI = "0193480e-7a5c-7c1e-9f6b-2d1f0c8a4b11"  # a wallet with money
BUDI = "0193480e-8b10-7d52-8a44-91c0de5a7702"  # another wallet of its currency
TRANSFER = "0193480f-1c2d-7e3f-8a4b-5c6d7e8f9a0b"  # from the one to the other
SHOP = "0193480e-9c21-7e63-8b55-a2d1ef6b8813"  # an active merchant
ANIS_CARD = "0193480e-ad32-7f74-8c66-b3e2f07c9924"  # of ANI
CARD_SHOWN = '{"number": "4000001234567899", "expiry": "11/30", "cvv": "123"}'  # what is printed on it
PAYMENT = "01934810-0a1b-7c2d-8e3f-4a5b6c7d8e9f"  # authorized, from ANI to SHOP
PAID = "01934810-1b2c-7d3e-8f4a-5b6c7d8e9fa0"  # the same, paid at once
BULK_JOB = "01934811-5a6b-7c7d-8e8f-9a0b1c2d3e4f"
VIEW = "stuck since lunch"
EMAIL = "ani@example.com"  # of somebody with the password below
USERNAME = '"username": "ani"'
REFRESH = "3q2-7w"
CODE = "n2Vq5k"
USER = "01934801-1a2b-7c3d-8e4f-5a6b7c8d9e0f"  # who is called Ani
ROLE = "01934803-3c4d-7e5f-8a6b-7c8d9e0f1a2b"
ROLE_NAME = '"name": "auditor"'
CARD = "01934802-2b3c-7d4e-8f5a-6b7c8d9e0f1a"  # of a wallet without money
CARD_NUMBER = "4000 0012 3456 7899"
MERCHANT = "01934804-4d5e-7f6a-8b7c-8d9e0f1a2b3c"  # nobody has looked at it yet
LICENCE = "01934805-5e6f-7a7b-8c8d-9e0f1a2b3c4d"
API_KEY = "01934806-6f7a-7b8c-8d9e-0f1a2b3c4d5e"
QUOTE = "01934812-0a1b-7c2d-8e3f-4a5b6c7d8e9f"  # of ten dollars in rupiah
INVOICE = "0193480e-1d2c-7b3a-8c4d-5e6f7a8b9c0d"  # of SHOP, open
VA_NUMBER = "880081234567890126"  # of INVOICE
NOTICE = "01934813-0a1b-7c2d-8e3f-4a5b6c7d8e9f"  # of an order of a marketplace that is to be told
MAIL = "0193480b-1e2f-7a3b-8c4d-5e6f7a8b9c0d"  # given up, and can be tried again
WEBHOOK = "01934812-1a2b-7c3d-8e4f-5a6b7c8d9e0a"  # an endpoint that nobody answers at
DELIVERY = "01934812-2b3c-7d4e-8f5a-6b7c8d9e0f1b"  # a ping to it
NOW = "2026-11-20T10:15:30.123Z"  # a moment at which all of these are there


class Stage:
    """`bank` is that of the customer to whom the things belong, `admin` makes what only an administrator can."""

    def __init__(self, server, bank, admin=None):
        self.server = server
        self.bank = bank
        self.client = bank.client
        self.admin = admin or bank.client
        self.made = {}
        self.own_person = None
        self._card = None
        self._anis_card = None
        self._invoice = None
        self.makers = {
            ANI: lambda: bank.open_with("1000000.00"),
            BUDI: bank.open,
            TRANSFER: lambda: bank.transfer(self.real(ANI), self.real(BUDI), "25000.00").json["id"],
            SHOP: self.make_shop,
            ANIS_CARD: lambda: self.anis_card()["id"],
            CARD_SHOWN: self.show_card,
            PAYMENT: lambda: self.pay("manual"),
            PAID: lambda: self.pay("automatic"),
            INVOICE: lambda: self.invoice()["id"],
            VA_NUMBER: lambda: self.invoice()["va_number"],
            NOTICE: self.make_notice,
            BULK_JOB: self.make_bulk_job,
            VIEW: self.make_view,
            EMAIL: lambda: self.person().email,
            USERNAME: lambda: f'"username": "{self.person().username}"',
            REFRESH: self.make_refresh_token,
            CODE: lambda: self.person().mailed("Confirm"),
            USER: lambda: self.person().id,
            ROLE: lambda: self.must(self.admin.post("/v1/roles", {"name": uuid.uuid4().hex, "permissions": []}))["id"],
            ROLE_NAME: lambda: f'"name": "auditor {uuid.uuid4().hex[:8]}"',
            CARD: lambda: self.card()["id"],
            CARD_NUMBER: lambda: self.card()["number"],
            MERCHANT: self.make_merchant,
            LICENCE: self.make_document,
            API_KEY: self.make_api_key,
            QUOTE: self.make_quote,
            MAIL: self.fail_a_mail,
            WEBHOOK: self.make_webhook,
            DELIVERY: lambda: self.must(self.client.post(f"/v1/webhook-endpoints/{self.real(WEBHOOK)}/test", {}))["id"],
            NOW: lambda: f"{datetime.now(timezone.utc):%FT%T}.999Z",
        }

    def real(self, name):
        if name not in self.made:
            self.made[name] = self.makers[name]()
        return self.made[name]

    def play(self, example):
        """The example with everything it names made and put in its place."""
        text = json.dumps(example)
        for name in self.makers:
            if name in text:
                text = text.replace(name, self.real(name))
        return json.loads(text)

    def things(self):
        """The real ids that are on the stage."""
        return [real for real in self.made.values() if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(real))]

    def must(self, answer):
        assert 200 <= answer.status < 300, answer
        return answer.json

    def person(self):
        """Who is called Ani where accounts are spoken of; made when there is need."""
        if self.own_person is None:
            self.own_person = Person(self.server, password="correct horse battery")
        return self.own_person

    def card(self):
        """Of a wallet without money, so that it may be deleted; made when there is need."""
        if self._card is None:
            body = {"type": "debit", "provider": "visa", "name": "Belanja", "currency": "IDR"}
            self._card = self.must(self.client.post("/v1/cards", body))
        return self._card

    # --- what is not made in one step ---

    def set_rates(self):
        rate = {"base": "USD", "quote": "IDR", "bid": "15200.5", "ask": "15250"}
        self.must(self.admin.request("PUT", "/v1/fx/rates", {"rates": [rate]}))

    def make_quote(self):
        self.set_rates()
        return self.must(self.client.post("/v1/fx/quotes", {"from": "USD", "to": "IDR", "amount": "10.00"}))["id"]

    def make_merchant(self):
        body = {"name": "Warung Ani", "wallet_id": self.card()["wallet_id"]}
        return self.must(self.client.post("/v1/merchants", body))["id"]

    def make_document(self):
        body = {"merchant_id": self.real(MERCHANT), "document_type": "licence", "document_url": "https://example.com/l.pdf"}
        return self.must(self.client.post("/v1/merchant-documents", body))["id"]

    def make_api_key(self):
        path = f"/v1/merchants/{self.real(MERCHANT)}/api-keys"
        return self.must(self.client.post(path, {"name": "web shop", "scopes": ["payments:write"]}))["id"]

    def fail_a_mail(self):
        mail = str(uuid.uuid4())
        psql(self.server.database, "INSERT INTO mail_outbox (id, recipient, subject, body, is_secret, failed_at) "
                                   f"VALUES ('{mail}', 'gone@example.org', 'A mail', 'It failed.', false, now())")
        return mail

    def make_webhook(self):
        return self.must(self.client.post("/v1/webhook-endpoints", {"url": "https://shop.example/hooks"}))["id"]

    def make_refresh_token(self):
        login = {"email": self.person().email, "password": self.person().password}
        return self.must(self.client.post("/v1/auth/login", login))["refresh_token"]

    def reset_code(self):
        self.must(self.client.post("/v1/auth/forgot-password", {"email": self.person().email}))
        return self.person().mailed("Reset")

    def make_shop(self):
        body = {"name": "Warung", "wallet_id": self.bank.open()}
        shop = self.must(self.client.post("/v1/merchants", body))["id"]
        self.must(self.admin.post(f"/v1/merchants/{shop}/status", {"status": "active"}))
        return shop

    def anis_card(self):
        if self._anis_card is None:
            body = {"type": "debit", "provider": "visa", "wallet_id": self.real(ANI)}
            self._anis_card = self.must(self.client.post("/v1/cards", body))
        return self._anis_card

    def show_card(self):
        card = self.anis_card()
        year, month, _ = card["expires_on"].split("-")
        return json.dumps({"number": card["number"], "expiry": f"{month}/{year[2:]}", "cvv": card["cvv"]})

    def pay(self, capture):
        body = {"wallet_id": self.real(ANI), "merchant_id": self.real(SHOP), "amount": "150000.00",
                "currency": "IDR", "capture": capture}
        return self.must(self.client.post("/v1/payments", body, key=self.bank.key()))["id"]

    def invoice(self):
        if self._invoice is None:
            body = {"merchant_id": self.real(SHOP), "amount": "150000.00", "currency": "IDR"}
            self._invoice = self.must(self.client.post("/v1/invoices", body))
        return self._invoice

    def make_notice(self):
        """Straight in the tables: no marketplace is configured here."""
        notice = str(uuid.uuid4())
        psql(self.server.database, "INSERT INTO marketplace_notice (id, marketplace, va_number, merchant_id, key, amount, "
             f"currency, state, next_at) VALUES ('{notice}', 'sawit', '{notice}', '{notice}', '{notice}', 100, 360, 'due', "
             "now() + interval '1 hour')")
        return notice

    def make_bulk_job(self):
        order = {"filter": {"state": "stuck"}, "action": "retry", "dry_run": False, "reason": "a test"}
        return self.must(self.admin.post("/v1/sagas/bulk", order))["id"]

    def make_view(self):
        name = f"view-{uuid.uuid4()}"
        self.must(self.admin.request("PUT", f"/v1/sagas/views/{name}", {"filter": {"state": "stuck"}}))
        return name
