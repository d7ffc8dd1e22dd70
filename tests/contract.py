"""The OpenAPI document as a judge: does an answer have a documented status, content type and shape?

The document says `additionalProperties` for requests only; here every object whose members it lists is closed, so that a
member which an answer has and its schema has not is a fault too."""

import copy
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema

from processes import ROOT

METHODS = ("get", "put", "post", "patch", "delete")
# Of the door itself, before any route: they may come for every request, and are always problems.
OF_THE_DOOR = {"404": "not_found", "405": "method_not_allowed", "413": "body_too_large", "415": "unsupported_media_type",
               "431": "header_too_large"}
FORMATS = jsonschema.FormatChecker()
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

FORMATS.checks("date-time")(lambda value: not isinstance(value, str) or bool(TIME.fullmatch(value)))
FORMATS.checks("uuid")(lambda value: not isinstance(value, str) or bool(UUID.fullmatch(value)))


def join_document():
    """The document as the build joins it; for what is asked before there is a server."""
    with tempfile.TemporaryDirectory() as folder:
        joined = Path(folder) / "openapi.json"
        subprocess.run([sys.executable, ROOT / "cmake/openapi.py", joined, ROOT / "http/problem_table.cpp",
                        *(ROOT / "http/openapi").glob("*.json")], check=True)
        return json.loads(joined.read_text())


def resolve(document, node):
    """What a node is, or leads to."""
    while isinstance(node, dict) and "$ref" in node:
        place = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            place = place[step]
        node = place
    return node


def operations(document):
    """(method, path, operation) of every one."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def examples(document, content):
    """The values of the examples of a media type."""
    if "example" in content:
        yield content["example"]
    for example in content.get("examples", {}).values():
        yield resolve(document, example)["value"]


def close(node, is_part_of_all=False):
    """Members that are not listed are forbidden; in a joint schema (allOf) only beside those of all its parts."""
    if isinstance(node, list):
        for value in node:
            close(value)
        return
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        if name == "allOf":
            for part in value:
                close(part, is_part_of_all=True)
        elif name == "properties":
            for schema in value.values():
                close(schema)
        elif name not in ("example", "examples", "enum", "const", "required"):
            close(value)
    if "allOf" in node:
        node.setdefault("unevaluatedProperties", False)
    elif "properties" in node and not is_part_of_all:
        node.setdefault("additionalProperties", False)


class Contract:
    def __init__(self, document):
        self.document = copy.deepcopy(document)
        joint = {part["$ref"].rsplit("/", 1)[-1] for schema in self.document["components"]["schemas"].values()
                 for part in schema.get("allOf", []) if "$ref" in part}
        for name, schema in self.document["components"]["schemas"].items():
            # A schema that others build upon is closed where they do.
            close(schema, is_part_of_all=name in joint)
        for _, _, operation in operations(self.document):
            close(operation)
        close(self.document["components"]["responses"])
        self.resolver = jsonschema.RefResolver("", self.document)
        self.patterns = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path)
                         for path in sorted(self.document["paths"], key=lambda path: path.count("{"))]

    def find(self, method, target):
        """(path as documented, operation), or nothing."""
        path = target.split("?", 1)[0]
        for pattern, template in self.patterns:
            if pattern.fullmatch(path) and method.lower() in self.document["paths"][template]:
                return template, self.document["paths"][template][method.lower()]
        return None

    def faults_of_value(self, schema, value):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver, format_checker=FORMATS)
        return [f"{'/'.join(map(str, error.absolute_path)) or 'it'}: {error.message[:300]}"
                for error in validator.iter_errors(value)]

    def faults(self, method, target, answer):
        """What is not as documented, as sentences; none when all is."""
        if method in ("HEAD", "OPTIONS"):
            return []
        found = self.find(method, target)
        responses = found[1]["responses"] if found else {}
        status = str(answer.status)
        media_type = answer.headers.get("content-type", "").split(";")[0]
        if status not in responses:
            if OF_THE_DOOR.get(status) != answer.code:
                return [f"{status} {answer.code or ''} is not documented"]
            return self.faults_of_value({"$ref": "#/components/schemas/Problem"}, answer.json)
        response = resolve(self.document, responses[status])
        contents = response.get("content", {})
        if not contents:
            return [] if not answer.body else [f"{status} is documented without a body"]
        content = contents.get(media_type, contents.get("*/*"))
        if content is None:
            return [f"{status} is not documented as {media_type!r}"]
        faults = [f"{status} has no header {name}" for name, header in response.get("headers", {}).items()
                  if resolve(self.document, header).get("required") and name.lower() not in answer.headers]
        if (media_type == "application/json" or media_type.endswith("+json")) and "schema" in content:
            faults += self.faults_of_value(content["schema"], answer.json)
        if media_type == "application/problem+json" and answer.json.get("status") != answer.status:
            faults.append("the problem's status is another than the answer's")
        return faults

    def check(self, method, target, answer):
        """Raises when an answer is not as documented."""
        faults = self.faults(method, target, answer)
        if faults:
            found = self.find(method, target)
            named = f"{found[1]['operationId']}, {method} {found[0]}" if found else f"{method} {target}"
            raise AssertionError(f"{named}: not as documented: " + "; ".join(faults) + f"\n{target}: {answer}")
