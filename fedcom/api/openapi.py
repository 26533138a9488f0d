"""The description of an API, made of its endpoints: OpenAPI 3.1."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fedcom.api.endpoint import Endpoint
from fedcom.api.errors import Failure

Json = dict[str, Any]

_REFUSALS: Mapping[str, str] = {
    "400": "It was refused; `error` says why, in Lemmy's words.",
    "401": "The name or the password is wrong.",
    "404": "There is no such thing here, or not for the caller.",
    "500": "Something went wrong on this server.",
    "502": "Another server answered something that cannot be used.",
    "503": "The server is busy. Try again after `Retry-After` seconds.",
}

_TOO_MUCH: Mapping[str, str] = {
    "408": "The request took too long to arrive.",
    "414": "The address is too long.",
    "429": "Too many connections or requests at once. Try again after `Retry-After` seconds.",
    "431": "The headers are too large.",
    "503": _REFUSALS["503"],
}
"""What the connection answers before it is a call of the API (`fedcom.http.protocol`): a line of
text.
"""


def describe(
    endpoints: Iterable[Endpoint], *, title: str, version: str, origin: str, prefix: str
) -> Json:
    """The document for these endpoints below `prefix`, served at `origin`."""
    found = tuple(endpoints)
    kinds = [kind for one in found for kind in (one.parameters, one.answer)]
    (*schemas, failure), components = msgspec.json.schema_components(
        (*kinds, Failure), ref_template="#/components/schemas/{name}"
    )
    answers = _answers(failure)
    refused = {status: {"$ref": f"#/components/responses/{status}"} for status in answers}
    paths: dict[str, Json] = {}
    for one, given, answer in zip(found, schemas[::2], schemas[1::2], strict=True):
        done = {"200": {"description": "Done.", "content": _json(answer)}}
        operation = {**_operation(one, given, components), "responses": {**done, **refused}}
        paths.setdefault(prefix + one.path, {})[one.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": origin}],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": answers,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
        # Guests may call everything; some calls then say that they need a login.
        "security": [{"token": []}, {}],
    }


def _answers(failure: Json) -> Json:
    """All answers but 200, by their status."""
    answers: dict[str, Json] = {
        status: {"description": text, "content": _json(failure)}
        for status, text in _REFUSALS.items()
    }
    for status, text in _TOO_MUCH.items():
        one = answers.setdefault(status, {"description": text, "content": {}})
        one["content"]["text/plain"] = {"schema": {"type": "string"}}
    return dict(sorted(answers.items()))


def _operation(endpoint: Endpoint, given: Json, components: Mapping[str, Any]) -> Json:
    summary, _, more = inspect.cleandoc(endpoint.description).partition("\n\n")
    operation: Json = {
        "operationId": endpoint.handler_name,
        "summary": " ".join(summary.split()),
        "tags": [endpoint.path.split("/")[1]],
    }
    if more:
        operation["description"] = " ".join(more.split())
    if endpoint.method == "GET":
        operation["parameters"] = _query(components[endpoint.parameters.__name__])
    else:
        operation["requestBody"] = {"required": True, "content": _json(given)}
    return operation


def _query(schema: Mapping[str, Any]) -> list[Json]:
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(kind)}
        for name, kind in schema.get("properties", {}).items()
    ]


def _without_null(schema: Mapping[str, Any]) -> Json:
    """A parameter of a query is left out instead."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**rest, **(kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}
