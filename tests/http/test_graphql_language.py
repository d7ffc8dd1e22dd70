"""Our reading of GraphQL against another: graphql-js, the reference implementation, whose package comes with GraphiQL. (The
one for Python that Debian has is of 2018.) The same documents are accepted and refused, and the schema that we tell of is the schema that we
have."""

import json
import random
import shutil
import subprocess

import pytest

from graph import Graph
from processes import ROOT

SDL = (ROOT / "http/graphql/schema.graphql").read_text()
PACKAGE = ROOT / "http/graphiql/node_modules/graphql/package.json"
DOCUMENTS = 1_000

SHAPE = "kind name ofType { kind name ofType { kind name ofType { kind name } } }"
WHOLE = """{ __schema { queryType { name } mutationType { name } subscriptionType { name } types { kind name
    fields { name isDeprecated deprecationReason type { %(shape)s } args { name defaultValue type { %(shape)s } } }
    inputFields { name defaultValue type { %(shape)s } }
    interfaces { name } possibleTypes { name } enumValues { name isDeprecated } } } }""" % {"shape": SHAPE}


def reference(**given):
    """What graphql-js says."""
    if shutil.which("node") is None or not PACKAGE.exists():
        pytest.skip("GraphiQL's packages were not fetched")
    text = json.dumps({"sdl": SDL} | given)
    done = subprocess.run(["node", ROOT / "tests/http/graphql_reference.mjs"], input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture
def graph(client):
    return Graph(client)


def verdict(graph, text):
    """Our word on a document, without carrying it out: an operation is named that it has not. No faults when it is accepted."""
    answer = graph.send(text, operationName="NotThere")
    code = answer.json["errors"][0]["extensions"]["code"]
    assert code in ("graphql_operation", "graphql_invalid", "graphql_syntax"), answer
    return [] if code == "graphql_operation" else [fault["message"] for fault in answer.json["errors"]]


def test_the_schema_that_clients_are_told_is_the_one_that_is_written(graph):
    told = graph.ask(reference()["query"])
    said = reference(introspection=told)
    assert said["problems"] == []
    assert said["told"] == said["written"]


def test_both_answer_introspection_alike(graph):
    ours = graph.ask(WHOLE)["__schema"]
    theirs = reference(text=WHOLE)["answer"]["__schema"]

    def by_name(answer):
        # Types of introspection itself are newer there.
        return {one["name"]: in_order(one) for one in answer.pop("types") if not one["name"].startswith("__")}
    assert by_name(ours) == by_name(theirs)
    assert ours == theirs


def in_order(one):
    return {key: sorted(value, key=lambda item: item["name"]) if isinstance(value, list) else value for key, value in one.items()}


def named(kind):
    while kind.get("ofType"):
        kind = kind["ofType"]
    return kind["name"]


def text_of(kind):
    if kind["kind"] == "NON_NULL":
        return text_of(kind["ofType"]) + "!"
    return f"[{text_of(kind['ofType'])}]" if kind["kind"] == "LIST" else kind["name"]


def is_required(argument):
    return argument["type"]["kind"] == "NON_NULL" and argument["defaultValue"] is None


class Writer:
    """Documents about a schema from a seed: mostly right, now and then wrong at one place."""

    def __init__(self, schema, seed):
        self.types = {one["name"]: one for one in schema["types"]}
        self.roots = {"query": schema["queryType"]["name"], "mutation": schema["mutationType"]["name"]}
        self.random = random.Random(seed)
        self.fragments = {}
        self.variables = {}

    def chance(self, share):
        return self.random.random() < share

    def document(self):
        self.fragments, self.variables = {}, {}
        operation = "mutation" if self.chance(0.3) else "query"
        body = self.selections(self.roots[operation], 0)
        names = [f"${name}: {kind}" for name, kind in self.variables.items()] + (["$unused: Int"] if self.chance(0.03) else [])
        head = operation + " Q" + (f"({', '.join(names)})" if names else "")
        text = head + body + "".join(f" fragment {name} on {kind} {inner}" for name, (kind, inner) in self.fragments.items())
        if self.chance(0.03):
            text += self.random.choice([" query Q { me { id } }", " { me { id } }", " type T { a: Int }", " fragment F on User { id }"])
        return self.bent(text) if self.chance(0.2) else text

    def bent(self, text):
        """A character gone, doubled or another; or the end gone."""
        place = self.random.randrange(len(text))
        match self.random.randrange(4):
            case 0:
                return text[:place] + text[place + 1:]
            case 1:
                return text[:place] + text[place] + text[place:]
            case 2:
                return text[:place] + self.random.choice("{}()[]$@!:=|&\"#, \n\\.0aé…") + text[place + 1:]
            case _:
                return text[:place]

    def selections(self, kind, depth):
        chosen = [self.selection(kind, self.random.choice(self.types[kind]["fields"]), depth)
                  for _ in range(self.random.choice([1, 1, 2, 3]))]
        chosen = [one for one in chosen if one] or ["__typename"]
        if self.chance(0.02):
            chosen.append(self.random.choice(["nothing", "id { x }", "...Missing", "... on Nothing { id }", "... on Decimal { id }", "id @skip"]))
        return "{ " + " ".join(chosen) + " }"

    def selection(self, kind, field, depth):
        inner = self.types[named(field["type"])]
        is_leaf = inner["kind"] in ("SCALAR", "ENUM")
        if not is_leaf and depth > 4:
            return ""
        alias = self.random.choice(["a", "b", "id", "name"]) + ": " if self.chance(0.15) else ""
        text = alias + field["name"] + self.arguments(field["args"])
        if self.chance(0.05):
            text += self.random.choice([" @skip(if: true)", " @include(if: false)", " @skip(if: 1)", " @cost(weight: 1)", " @none",
                                        " @skip(if: true) @skip(if: false)"])
        if is_leaf == self.chance(0.01):
            text += " " + (self.selections(inner["name"], depth + 1) if not is_leaf else "{ id }")
        return self.in_fragment(kind, text) if self.chance(0.1) else text

    def in_fragment(self, kind, text):
        on = kind if self.chance(0.8) else self.random.choice(["Wallet", "Node", "Card", "Query", "User"])
        if self.chance(0.5):
            return f"... on {on} {{ {text} }}"
        name = f"F{len(self.fragments)}" if self.chance(0.95) else "F0"
        self.fragments[name] = (on, f"{{ {text} }}")
        return f"...{name}"

    def arguments(self, wanted):
        given = [f"{one['name']}: {self.value(one['type'])}" for one in wanted
                 if (self.chance(0.97) if is_required(one) else self.chance(0.3))]
        if self.chance(0.02):
            given.append(self.random.choice(["nothing: 1", "id: 1", "first: 1", 'first: "1"']))
        return f"({', '.join(given)})" if given else ""

    def value(self, kind, depth=0):
        if self.chance(0.12):
            return self.variable(kind)
        if self.chance(0.04):
            return self.random.choice(["null", "1", '"x"', "[]", "{}", "YES", "1.5", "true", "99999999999", '"""block"""', "{a: 1, a: 2}"])
        if kind["kind"] == "NON_NULL":
            return self.value(kind["ofType"], depth)
        if kind["kind"] == "LIST":
            return "[" + " ".join(self.value(kind["ofType"], depth) for _ in range(self.random.choice([0, 1, 2]))) + "]"
        definition = self.types[kind["name"]]
        if definition["kind"] == "ENUM":
            return self.random.choice(definition["enumValues"])["name"]
        if definition["kind"] == "INPUT_OBJECT":
            return "{" + ", ".join(f"{one['name']}: {self.value(one['type'], depth + 1)}" for one in definition["inputFields"]
                                   if is_required(one) or (depth < 2 and self.chance(0.4))) + "}"
        return {"Int": "7", "Float": "1.25", "Boolean": "true", "ID": '"x"'}.get(kind["name"], '"text"')

    def variable(self, kind):
        name = f"v{len(self.variables)}" if self.chance(0.9) else "v0"
        if not self.chance(0.05):
            other = self.random.choice(["Int", "String!", "[ID]", "Wallet", "TransferInput", "Nothing", 'Int = "x"', "Int = 1", "ID = null"])
            self.variables[name] = text_of(kind) if self.chance(0.9) else other
        return "$" + name


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_accept_and_refuse_the_same_documents(graph, seed):
    writer = Writer(graph.ask(WHOLE)["__schema"], seed)
    texts = [text for text in (writer.document() for _ in range(DOCUMENTS)) if len(text) < 8_000]
    theirs = reference(documents=texts)["faults"]
    accepted = 0
    for text, their_faults in zip(texts, theirs, strict=True):
        our_faults = verdict(graph, text)
        assert bool(our_faults) == bool(their_faults), f"seed {seed}:\n{text}\nwe say {our_faults}\nthey say {their_faults}"
        accepted += not our_faults
    # It would show little if all were refused, or none.
    assert DOCUMENTS * 0.1 < accepted < DOCUMENTS * 0.9, accepted


def test_garbage_is_always_answered(graph):
    chance = random.Random(4)
    pieces = ["{", "}", "(", ")", "[", "]", "...", "@", "$", "!", ":", "=", "|", "&", '"', '"""', "#", "\n", "\\", "\\u0000", "\x00", "é", "😀",
              "query", "mutation", "fragment", "on", "type", "extend", "null", "true", "wallets", "id", "0", "-", "1e", "1.", "\ufeff", ","]
    for _ in range(1_500):
        text = "".join(chance.choice(pieces) + chance.choice(["", " "]) for _ in range(chance.randint(0, 120)))
        answer = graph.send(text, operationName="NotThere")
        assert answer.status == 400, (text, answer)
    assert graph.ask("{ __typename }") == {"__typename": "Query"}
