"""GraphQL as tests speak it."""

import uuid

GRAPHQL = {"Accept": "application/graphql-response+json"}


class Graph:
    """Documents in a client's name."""

    def __init__(self, client):
        self.client = client

    def send(self, text, variables=None, key=None, headers=None, **more):
        body = {"query": text} | ({"variables": variables} if variables is not None else {}) | more
        return self.client.post("/graphql", body, key=key, headers=GRAPHQL | (headers or {}))

    def ask(self, text, variables=None, key=None, **more):
        """The data of a document in which nothing fails."""
        answer = self.send(text, variables, key, **more)
        assert answer.status == 200 and "errors" not in answer.json, answer
        return answer.json["data"]

    def act(self, text, variables=None):
        """The same with a key of its own."""
        return self.ask(text, variables, key=str(uuid.uuid4()))

    def refusal(self, text, variables=None, key=None, **more):
        """The only fault of a document that fails at one place."""
        answer = self.send(text, variables, key, **more)
        assert len(answer.json["errors"]) == 1, answer
        return answer.json["errors"][0]

    def code(self, text, variables=None, key=None, **more):
        return self.refusal(text, variables, key, **more)["extensions"]["code"]

    def has(self, kind, field):
        """Whether the schema's field has its routes on this server."""
        data = self.ask("query ($name: String!) { __type(name: $name) { fields { name } } }", {"name": kind})
        return any(one["name"] == field for one in data["__type"]["fields"])
