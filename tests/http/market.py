"""Who pays and who is paid: customers with money and a card, merchants with an API key."""

import uuid

from people import add_person


def key():
    return str(uuid.uuid4())


class Customer:
    """A user with one wallet, money in it, and a card."""

    def __init__(self, server, staff, amount="1000000.00"):
        self.person = add_person(server, staff)
        self.client = self.person.client
        self.id = self.person.id
        self.wallet = self.person.open_wallet()
        self.card = self.person.add_card(wallet_id=self.wallet)
        if amount is not None:
            assert self.top_up(amount).status == 201

    def top_up(self, amount, **more):
        body = {"wallet_id": self.wallet, "amount": amount, "currency": "IDR", "method": "bri"} | more
        return self.client.post("/v1/topups", body, key=key())

    def transfer(self, wallet, amount, key=None, **more):
        body = {"source_wallet_id": self.wallet, "amount": amount, "currency": "IDR"} | more
        if wallet is not None:
            body["destination_wallet_id"] = wallet
        return self.client.post("/v1/transfers", body, key=key or str(uuid.uuid4()))

    def withdraw(self, amount, key=None, **more):
        body = {"wallet_id": self.wallet, "amount": amount, "currency": "IDR",
                "destination": {"bank_code": "bri", "account_number": "1234567890"}} | more
        return self.client.post("/v1/withdrawals", body, key=key or str(uuid.uuid4()))

    def pay(self, merchant, amount, key=None, **more):
        body = {"merchant_id": merchant, "wallet_id": self.wallet, "amount": amount, "currency": "IDR"} | more
        return self.client.post("/v1/payments", body, key=key or str(uuid.uuid4()))

    def shown_card(self, **but):
        """The card as it is shown to a merchant."""
        year, month, _ = self.card["expires_on"].split("-")
        return {"number": self.card["number"], "expiry": f"{month}/{year[2:]}", "cvv": self.card["cvv"]} | but

    def balance(self):
        answer = self.client.get(f"/v1/wallets/{self.wallet}")
        assert answer.status == 200, answer
        return answer.json["balance"]

    def close(self):
        self.client.close()


class Shop:
    """An active merchant, its wallet, and its server's connection."""

    def __init__(self, server, staff, scopes=("payments:write", "refunds:write", "transactions:read")):
        self.owner = add_person(server, staff)
        self.wallet = self.owner.open_wallet()
        self.id = self.owner.add_merchant(wallet=self.wallet)["id"]
        answer = staff.post(f"/v1/merchants/{self.id}/status", {"status": "active"})
        assert answer.status == 200, answer
        answer = self.owner.client.post(f"/v1/merchants/{self.id}/api-keys", {"name": "till", "scopes": list(scopes)})
        assert answer.status == 201, answer
        self.headers = {"X-Api-Key": answer.json["key"]}
        self.client = server.client(login=None)

    def post(self, path, body=None, key=None):
        return self.client.post(path, body if body is not None else {}, key=key or str(uuid.uuid4()),
                                headers=self.headers)

    def get(self, path):
        return self.client.get(path, headers=self.headers)

    def charge(self, customer, amount, key=None, card=None, **more):
        """A payment with the customer's card."""
        body = {"card": card or customer.shown_card(), "amount": amount, "currency": "IDR"} | more
        return self.post("/v1/payments", body, key=key)

    def authorize(self, customer, amount):
        answer = self.charge(customer, amount, capture="manual")
        assert (answer.status, answer.json["status"]) == (201, "authorized"), answer
        return answer.json["id"]

    def act(self, payment, what, body=None, key=None):
        """increment, capture or void."""
        return self.post(f"/v1/payments/{payment}/{what}", body, key=key)

    def refund(self, payment, amount=None, key=None):
        return self.post(f"/v1/transactions/{payment}/refunds", {} if amount is None else {"amount": amount}, key=key)

    def balance(self):
        answer = self.owner.client.get(f"/v1/wallets/{self.wallet}")
        assert answer.status == 200, answer
        return answer.json["balance"]

    def close(self):
        self.client.close()
        self.owner.client.close()
