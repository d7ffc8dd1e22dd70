#!/usr/bin/python3
"""Joins the parts of the OpenAPI document, http/openapi/*.json, into the one that dompetd serves. The build calls it:

    cmake/openapi.py <joined file> <problem_table.cpp> <part>…

A part says only what is its own. Added here, so that no part can forget it:
- to every operation under /v1: the parameters X-Request-Id and traceparent; 400, 429 and 503; 413 and 415 when it has a
  body; 401 and 403 when it needs a permission (`x-permission`; without one it is open to all);
- to every response the header X-Request-Id;
- to the schema Problem the codes there are: the rows of http/problem_table.cpp.
What an operation says itself stays. A name that two parts give, or a reference that leads nowhere, stops the build."""

import json
import re
import sys
from pathlib import Path

METHODS = ("get", "put", "post", "patch", "delete")


def no_repetition(pairs):
    names = [name for name, _ in pairs]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        sys.exit(f"openapi: there is more than one {', '.join(sorted(repeated))} in an object")
    return dict(pairs)


def read(path):
    try:
        return json.loads(path.read_text(), object_pairs_hook=no_repetition)
    except ValueError as fault:
        sys.exit(f"openapi: {path}: {fault}")


def join(whole, part, place):
    """Objects are joined member by member, lists one after the other; nothing may be there twice."""
    for name, value in part.items():
        if name not in whole:
            whole[name] = value
        elif isinstance(value, dict) and isinstance(whole[name], dict):
            join(whole[name], value, f"{place}/{name}")
        elif isinstance(value, list) and isinstance(whole[name], list):
            whole[name] += value
        else:
            sys.exit(f"openapi: {place}/{name} is in two parts")


def of_components(kind, name):
    return {"$ref": f"#/components/{kind}/{name}"}


def complete_operation(operation, path):
    responses = operation["responses"]
    if path.startswith("/v1/"):
        standard = {"400": "Malformed", "429": "TooManyRequests", "503": "Unavailable"}
        if "x-permission" in operation:
            standard |= {"401": "Unauthenticated", "403": "Forbidden"}
        if "requestBody" in operation:
            standard |= {"413": "BodyTooLarge", "415": "UnsupportedMediaType"}
        for status, name in standard.items():
            responses.setdefault(status, of_components("responses", name))
        operation["parameters"] = operation.get("parameters", []) + [
            of_components("parameters", name) for name in ("X-Request-Id", "traceparent")]
    if "x-permission" not in operation:
        operation.setdefault("security", [])
    operation["responses"] = dict(sorted(responses.items()))


def complete(document, codes):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                complete_operation(item[method], path)
    own = [response for item in document["paths"].values() for method in METHODS if method in item
           for response in item[method]["responses"].values() if "$ref" not in response]
    for response in own + list(document["components"]["responses"].values()):
        response["headers"] = {"X-Request-Id": of_components("headers", "X-Request-Id")} | response.get("headers", {})
    document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] = codes


def check_references(document, node):
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            place = document
            for step in reference.removeprefix("#/").split("/"):
                place = place.get(step) if isinstance(place, dict) else None
            if place is None:
                sys.exit(f"openapi: {reference} leads nowhere")
        for value in node.values():
            check_references(document, value)
    elif isinstance(node, list):
        for value in node:
            check_references(document, value)


def main(joined, problem_table, *parts):
    codes = re.findall(r'ProblemType\{\s*"(\w+)"', Path(problem_table).read_text())
    if len(codes) < 30:
        sys.exit(f"openapi: the codes in {problem_table} could not be read")
    document = {}
    for part in sorted(map(Path, parts), key=lambda path: (path.stem != "document", path.stem)):
        join(document, read(part), part.stem)
    complete(document, codes)
    check_references(document, document)
    Path(joined).write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


main(*sys.argv[1:])
