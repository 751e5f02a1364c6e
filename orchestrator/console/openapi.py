"""The OpenAPI 3.1 description of the console, made from its routes and their models."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orchestrator.console.answers import Errors
from orchestrator.console.exchange import VERSION, Route
from orchestrator.console.forms import VALUE
from orchestrator.core.names import KEY, RUN_ID, STEP_NAME

PATH = "/openapi.json"

_MEANINGS = {
    200: "Done.",
    201: "A new run was started.",
    400: "The request is wrong; 'errors' says all that is.",
    401: "The caller's token has no verified e-mail address.",
    403: "The caller may not start this graph.",
    404: "There is no such run, step, graph or job.",
    409: "It cannot be done as things are: it is too late, what was seen has changed, or the graph wants other params. "
    "'errors' says why, and 'said' what was done nevertheless.",
    503: "A temporary failure: try again.",
}

_IN_PATH = {
    "run": {"type": "string", "pattern": RUN_ID, "description": "The id of a run."},
    "step": {"type": "string", "pattern": STEP_NAME, "description": "The name of a step."},
    "key": {"type": "string", "pattern": KEY, "description": "The key of a run."},
    "version": {"type": "string", "pattern": VERSION, "description": "The version of a plan."},
}

_ABOUT = (
    "Shows the runs of a deployment of orchestrator, and does what people ask of them. Google's IAM decides who may "
    "call: send an ID token with roles/run.invoker on the function in the header Authorization."
)

_REF = "#/components/schemas/{model}"


def description(routes: Sequence[Route]) -> dict[str, Any]:
    """The description of these routes."""
    models = [model for route in routes for model in (route.answer, route.body) if model is not None]
    refs, components = models_json_schema(
        [*((model, "validation") for model in dict.fromkeys(models)), (Errors, "validation")], ref_template=_REF
    )
    schemas = {model: ref for (model, _), ref in refs.items() if issubclass(model, BaseModel)}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    paths[PATH] = {"get": _of_itself()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "orchestrator console", "version": "1", "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": {**_plain(components.get("$defs", {})), "Value": VALUE},
            "securitySchemes": {"google": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "security": [{"google": []}],
    }


def _operation(route: Route, schemas: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    answers = {
        **{status: (_MEANINGS[status], schemas[route.answer]) for status in route.statuses},
        **{status: (_MEANINGS[status], schemas[Errors]) for status in (400, 401, 404, *route.refusals, 503)},
    }
    body = {} if route.body is None else {"requestBody": {"required": True, "content": _json(schemas[route.body])}}
    return {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_in_path(route.path), *_in_query(route.query)],
        **body,
        "responses": {
            str(status): {"description": meaning, "content": _json(schema)}
            for status, (meaning, schema) in sorted(answers.items())
        },
    }


def _of_itself() -> dict[str, Any]:
    return {
        "operationId": "describe",
        "summary": "This description.",
        "parameters": [],
        "responses": {
            "200": {"description": _MEANINGS[200], "content": _json({"type": "object"})},
            **{
                str(status): {"description": _MEANINGS[status], "content": _json({"$ref": _REF.format(model="Errors")})}
                for status in (400, 401)
            },
        },
    }


def _in_path(path: str) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", path):
        schema = dict(_IN_PATH[name])
        yield {"name": name, "in": "path", "required": True, "description": schema.pop("description"), "schema": schema}


def _in_query(query: type[BaseModel]) -> Iterator[dict[str, Any]]:
    properties = _plain(query.model_json_schema(ref_template=_REF))
    for name, field in query.model_fields.items():
        schema = _present(properties["properties"][name])
        told = schema.pop("description", "")
        if get_origin(field.annotation) is tuple:
            schema = {"type": "array", "items": {"enum": [str(one) for one in _words(properties)]}}
        yield {"name": name, "in": "query", "required": False, "description": told, "schema": schema}


def _words(properties: Mapping[str, Any]) -> Sequence[str]:
    """The words of the only enumeration in a query's schema."""
    (words,) = properties["$defs"].values()
    found: Sequence[str] = words["enum"]
    return found


def _present(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without null: in a query, what is not meant is absent."""
    kept = {name: value for name, value in schema.items() if name not in ("default", "anyOf")}
    if schema.get("default") is not None:
        kept["default"] = schema["default"]
    for choice in schema.get("anyOf", ()):
        if choice != {"type": "null"}:
            kept |= choice
    return kept


def _plain(schema: Any) -> Any:
    """A schema without the titles that pydantic makes of names."""
    if isinstance(schema, dict):
        return {name: _plain(value) for name, value in schema.items() if name != "title" or not isinstance(value, str)}
    return [_plain(value) for value in schema] if isinstance(schema, list) else schema


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def described() -> str:
    """The description of ``console`` as it is in the repository."""
    from orchestrator.console.routes import routes

    return json.dumps(description(routes(acts=True)), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(described())
