"""Users of the tests: each with a login of his own."""

import uuid

PASSWORD = "correct horse battery staple"


class Person:
    """A user and his connection."""

    def __init__(self, server, user):
        self.id = user["id"]
        self.email = user["email"]
        self.user = user
        self.client = server.client(login=(self.email, PASSWORD))

    def open_wallet(self, currency="IDR", name="Belanja"):
        answer = self.client.post("/v1/wallets", {"name": name, "currency": currency})
        assert answer.status == 201, answer
        return answer.json["id"]

    def add_card(self, **more):
        body = {"type": "debit", "provider": "visa"} | more
        if "wallet_id" not in body:
            body = {"name": "Belanja", "currency": "IDR"} | body
        answer = self.client.post("/v1/cards", body)
        assert answer.status == 201, answer
        return answer.json

    def add_merchant(self, name="Warung", wallet=None):
        answer = self.client.post("/v1/merchants", {"name": name, "wallet_id": wallet or self.open_wallet()})
        assert answer.status == 201, answer
        return answer.json

    def add_document(self, merchant, **more):
        body = {"merchant_id": merchant, "document_type": "licence",
                "document_url": "https://example.com/licence.pdf"} | more
        answer = self.client.post("/v1/merchant-documents", body)
        assert answer.status == 201, answer
        return answer.json


def new_user(name=None, **more):
    name = name or f"u{uuid.uuid4().hex[:12]}"
    return {"username": name, "first_name": "Ani", "last_name": "Lestari", "email": f"{name}@example.com",
            "password": PASSWORD} | more


def add_person(server, client, *roles, **more):
    answer = client.post("/v1/users", new_user(roles=list(roles or ["customer"]), **more))
    assert answer.status == 201, answer
    return Person(server, answer.json)
