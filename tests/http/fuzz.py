"""Requests made from the OpenAPI document that are nearly right: a small generator of our own. Everything comes from one
seed; what was answered feeds the next requests with ids that exist."""

import copy
import json
import random
import re
import uuid
from urllib.parse import quote

from contract import examples, operations, resolve

ODD_TEXTS = [
    "", " ", "\t\n", "\0", "a\0b", "x" * 300, "y" * 5_000, "\u202eright to left", "\ufeffbom", "\U0001F4B8" * 130, "e\u0301" * 60,
    "\ud800", "\udfff\ud800", "'; DROP TABLE journal; --", "' OR '1'='1", "%' OR name LIKE '%", "\\", "\\u0000", '"', "`", "${7*7}",
    "<script>alert(1)</script>", "../../../etc/passwd", "%00", "%2e%2e%2f", "null", "true", "NaN", "-0", "1e3", "-1.00", "0.00",
    "0.001", "1.", ".5", "+1", "1,000.00", "١٢٣", "99999999999999999999.99", "92233720368547758.08", "00000000000001.00",
    "2026-02-30T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00.000Z", "2026-11-20T10:15:30.123+25:00",
    "2026-11-20", "1969-12-31T23:59:59.999Z", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "IDR ", "idr", "XXX", "4111111111111111", "4111 1111 1111 1112", "a@b", "a@b.c\r\nBcc: d@e.f", "http://[::1", "javascript:alert(1)",
]
ODD_VALUES = [None, True, False, 0, -1, 1, 2**31, 2**32 + 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64, 10**30, 1.5, -0.0, 1e300,
              [], {}, [[]], [None], {"": ""}, {"a": {"b": [1]}}, ["x"] * 300]
TOKENS = ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer x.y.z", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", "bearer " + "a" * 3_000]
MEDIA_TYPES = ["text/plain", "application/xml", "application/json; charset=utf-16", "multipart/form-data", "", "application/json/x",
               "application/json;;;", "*/*"]
# What would end the server's own work, or has no end.
LEFT_OUT = {"drainNode", "followSagas", "followEvents"}


class Request:
    def __init__(self, operation, method, target, body, headers):
        self.operation, self.method, self.target, self.body, self.headers = operation, method, target, body, headers

    def __repr__(self):
        return f"{self.operation}: {self.method} {self.target[:400]!r} {self.headers} {(self.body or b'')[:1_000]!r}"


class Fuzz:
    def __init__(self, document, seed):
        self.document = document
        self.random = random.Random(seed)
        self.operations = [(method, path, operation) for method, path, operation in operations(document)
                           if operation["operationId"] not in LEFT_OUT]
        self.known = {}
        self.spared = set()  # ids that are never named: who asks would lock himself out

    # --- what there is ---

    def learn(self, path, answer):
        """Keeps ids by the resource they were answered under."""
        if answer.status >= 300 or not answer.headers.get("content-type", "").startswith("application/json"):
            return
        thing = path.split("/")[2] if path.startswith("/v1/") else "other"
        found = []

        def look(node):
            if isinstance(node, dict):
                if isinstance(node.get("id"), str):
                    found.append(node["id"])
                for value in node.values():
                    look(value)
            elif isinstance(node, list):
                for value in node[:5]:
                    look(value)
        look(answer.json)
        pool = self.known.setdefault(thing, [])
        pool += [one for one in found if one not in self.spared]
        del pool[:-40]

    def id_of(self, hint):
        """An id that exists, mostly of the kind that the name or path speaks of."""
        pools = [pool for thing, pool in self.known.items() if pool and (thing.rstrip("s") in hint or self.random.random() < 0.1)]
        if pools and self.random.random() < 0.9:
            return self.random.choice(self.random.choice(pools))
        return str(uuid.uuid4())

    # --- values ---

    def odd(self):
        pool = self.random.choice([ODD_TEXTS, ODD_VALUES])
        return copy.deepcopy(self.random.choice(pool))

    def value(self, schema, name="", depth=0):
        """Something that fits the schema."""
        schema = resolve(self.document, schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        for joint in ("anyOf", "oneOf"):
            if joint in schema:
                return self.value(self.random.choice(schema[joint]), name, depth)
        if "allOf" in schema:
            whole = {}
            for part in schema["allOf"]:
                whole |= self.value(part, name, depth)
            return whole
        kind = schema.get("type", "string")
        kind = self.random.choice(kind) if isinstance(kind, list) else kind
        if kind == "null":
            return None
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind == "integer":
            low, high = schema.get("minimum", -3), schema.get("maximum", 10**6)
            return self.random.choice([low, high, self.random.randint(low, high)])
        if kind == "array":
            return [self.value(schema.get("items", {}), name, depth + 1) for _ in range(self.random.choice([0, 1, 1, 2, 5]))]
        if kind == "object":
            return {member: self.value(inner, member, depth + 1) for member, inner in schema.get("properties", {}).items()
                    if depth < 6 and (member in schema.get("required", []) or self.random.random() < 0.4)}
        return self.text(schema, name)

    def text(self, schema, name):
        if schema.get("format") == "uuid":
            return self.id_of(name)
        if schema.get("format") == "date-time":
            return f"20{self.random.randint(20, 30)}-{self.random.randint(1, 12):02}-15T10:15:30.123Z"
        if schema.get("format") == "email":
            return f"fuzz{self.random.randint(1, 30)}@example.org"
        if "amount" in name or schema.get("pattern", "").startswith(("^[0-9]", "^-?[0-9]")):
            return f"{self.random.randint(0, 5000)}.{self.random.randint(0, 99):02}"
        if schema.get("pattern") == "^[A-Z]{3}$":
            return self.random.choice(["IDR", "IDR", "USD", "JPY", "KWD"])
        return "".join(self.random.choices("abc xyz_-49", k=max(schema.get("minLength", 0), self.random.randint(1, 12))))

    # --- bodies ---

    def body(self, operation):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return None if self.random.random() < 0.9 else b'{"a":1}'
        shown = list(examples(self.document, content))
        value = copy.deepcopy(self.random.choice(shown)) if shown and self.random.random() < 0.4 else self.value(content["schema"])
        value = self.with_known_ids(value)
        for _ in range(self.random.choice([0, 0, 1, 1, 2])):
            value = self.bent(value)
        return self.text_of(value)

    def with_known_ids(self, value, name=""):
        if isinstance(value, dict):
            return {member: self.with_known_ids(inner, member) for member, inner in value.items()}
        if isinstance(value, list):
            return [self.with_known_ids(inner, name) for inner in value]
        if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value):
            return self.id_of(name)
        return value

    def bent(self, value):
        """One thing about it changed, at any depth."""
        if not isinstance(value, (dict, list)) or not value or self.random.random() < 0.1:
            return self.odd()
        if isinstance(value, list):
            place = self.random.randrange(len(value))
            value[place] = self.bent(value[place])
            return value
        member = self.random.choice(list(value))
        match self.random.randrange(6):
            case 0:
                del value[member]
            case 1:
                value[self.random.choice(["colour", "", "id", "balance", "role", "roles", "status", "__proto__", "z" * 300])] = self.odd()
            case 2:
                value[member] = self.bent(value[member])
            case _:
                value[member] = self.odd()
        return value

    def text_of(self, value):
        text = json.dumps(value, ensure_ascii=self.random.random() < 0.5).encode("utf-8", "surrogatepass")
        if self.random.random() < 0.85:
            return text
        match self.random.randrange(8):
            case 0:
                return text[:self.random.randrange(len(text))]
            case 1:
                return b"\xef\xbb\xbf" + text
            case 2:
                return text.replace(b'"', b'"\xff', 1)
            case 3:
                return text[:-1] + b"," + text[1:] if text.startswith(b"{") else text * 2
            case 4:
                return b'{"a":' * self.random.choice([20, 10_000]) + b"1"
            case 5:
                return b"[" * 5_000
            case 6:
                return text.replace(b" ", b"\0", 1)
            case _:
                return b""

    # --- whole requests ---

    def request(self):
        method, path, operation = self.random.choice(self.operations)
        target = path
        for name in re.findall(r"\{(\w+)\}", path):
            target = target.replace("{" + name + "}", self.path_part(path, name, operation))
        return Request(operation["operationId"], method.upper(), target + self.query(operation), self.body(operation),
                       self.headers(operation))

    def parameter(self, operation, place):
        found = (resolve(self.document, parameter) for parameter in operation.get("parameters", []))
        return [parameter for parameter in found if parameter["in"] == place]

    def path_part(self, path, name, operation):
        schema = next(p["schema"] for p in self.parameter(operation, "path") if p["name"] == name)
        if self.random.random() < 0.15:
            value = self.odd()
        elif name.endswith("id"):
            value = self.id_of(path if name == "id" else name)
        else:
            value = self.value(schema, name)
        return quote(str(value).encode("utf-8", "surrogatepass"), safe="") or "-"

    def query(self, operation):
        pairs = []
        for parameter in self.parameter(operation, "query"):
            if self.random.random() < 0.25 or parameter.get("required"):
                value = self.odd() if self.random.random() < 0.3 else self.value(parameter["schema"], parameter["name"])
                pairs.append((parameter["name"], value))
        if self.random.random() < 0.05:
            pairs.append((str(self.odd()), self.odd()))
        if pairs and self.random.random() < 0.05:
            pairs.append(self.random.choice(pairs))
        encoded = ["=".join(quote(str(part).encode("utf-8", "surrogatepass"), safe="") for part in pair) for pair in pairs]
        tail = self.random.choice(["&", "&&=", "%", "&a=%zz", "?", "&limit"]) if self.random.random() < 0.03 else ""
        return "?" + "&".join(encoded) + tail if encoded or tail else ""

    def headers(self, operation):
        headers = {}
        if any(p["name"] == "Idempotency-Key" for p in self.parameter(operation, "header")) and self.random.random() < 0.95:
            headers["Idempotency-Key"] = self.random.choice([str(uuid.UUID(int=self.random.getrandbits(128)))] * 8 +
                                                            ["again", '"quoted"', '"half', "k" * 129, " ", "\u00e9"])
        if self.random.random() < 0.05:
            headers["Content-Type"] = self.random.choice(MEDIA_TYPES)
        if self.random.random() < 0.05:
            headers["Accept"] = self.random.choice(["text/csv", "text/html", "*/*;q=x", "", "application/json, text/csv;q=0.5"])
        if self.random.random() < 0.05:
            headers["Authorization"] = self.random.choice(TOKENS)
        if self.random.random() < 0.05:
            headers["X-Api-Key"] = self.random.choice(["", "x", "dompet_" + "a" * 40, "k" * 5_000])
        if self.random.random() < 0.05:
            name = self.random.choice(["X-Request-Id", "traceparent", "X-Forwarded-For", "Host", "If-None-Match", "Range", "Expect-Not",
                                       "X-HTTP-Method-Override", "Transfer-Coding", "Cookie"])
            headers[name] = self.random.choice(["x", "", "1.2.3.4, 5.6.7.8", "z" * 4_000, "00-zz-11-01", "DELETE", "bytes=0-1", "\u00ff"])
        return headers
