"""What spans are part of: traces by filter, sessions, users, tasks, and prompts with their versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.asking import FIRST, MOST, Listed, Range, answer
from api.cursor import pack, unpack
from api.slots import Slots
from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import NotFound

HERE = Path(__file__).parent
TRACES, GROUPS, TRACES_OF, PROMPTS = (
    HERE / name for name in ("traces.sql", "groups.sql", "traces_of.sql", "prompts.sql")
)
KEYS = {"sessions": "session_id", "users": "user_id", "tasks": "task_id"}
"""Column of `traces` that makes each kind of group."""
MOST_TRACES = 100
"""Traces shown of one group."""

Kind = Literal["sessions", "users", "tasks"]
Id = Annotated[str, InPath(min_length=1, max_length=1000)]


class OfTenant(Range):
    """One group; of tenants that use the same id, one."""

    tenant: str = Field("", max_length=1000)


class Grouped(Listed):
    """A page of groups."""

    tenant: str = Field("", max_length=1000)


class Prompted(OfTenant):
    """Prompts, those with most calls first."""

    limit: int = Field(100, ge=1, le=MOST)


class TracePage(BaseModel):
    """Settled traces, newest first, with all columns of `traces`."""

    traces: list[dict[str, Any]]
    next: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")


class GroupPage(BaseModel):
    """Groups of settled traces, the one seen last first."""

    groups: list[dict[str, Any]]
    next: str | None


class Group(BaseModel):
    """One group, by tenant, and its last traces."""

    groups: list[dict[str, Any]]
    traces: list[dict[str, Any]]


class PromptList(BaseModel):
    """Prompts, or versions of one."""

    prompts: list[dict[str, Any]]


def router(engine: Engine, slots: Slots) -> APIRouter:
    """The routes over an engine."""
    routes = APIRouter(prefix="/api/v1", tags=["data"])

    @routes.get("/traces", responses={200: {"model": TracePage}})
    def traces(asked: Annotated[Listed, Query()]) -> Response:
        """Settled traces of a time range, of which some span passes a filter."""
        return answer(list_traces(engine, slots, asked))

    _add_prompts(routes, engine, slots)
    for kind in KEYS:
        _add_groups(routes, engine, slots, kind)
    return routes


def _add_groups(routes: APIRouter, engine: Engine, slots: Slots, kind: str) -> None:
    @routes.get(f"/{kind}", responses={200: {"model": GroupPage}}, operation_id=f"list_{kind}")
    def groups(asked: Annotated[Grouped, Query()]) -> Response:
        return answer(list_groups(engine, slots, KEYS[kind], asked))

    @routes.get(f"/{kind}/{{id:path}}", responses={200: {"model": Group}}, operation_id=f"read_{kind}")
    def group(id: Id, asked: Annotated[OfTenant, Query()]) -> Response:
        return answer(read_group(engine, slots, kind, id, asked))

    groups.__doc__ = (
        f"{kind.capitalize()} of settled traces, the one seen last first: what they took and how they ended."
    )
    group.__doc__ = f"One of the {kind}, with its last {MOST_TRACES} traces."


def _add_prompts(routes: APIRouter, engine: Engine, slots: Slots) -> None:
    @routes.get("/prompts", responses={200: {"model": PromptList}})
    def prompts(asked: Annotated[Prompted, Query()]) -> Response:
        """Prompts with what their calls took, those with most calls first."""
        more = "prompt_name, uniqExact(prompt_version, prompt_hash) AS versions"
        return answer({"prompts": _prompts(engine, slots, asked, "", more, "prompt_name")})

    @routes.get("/prompts/{name:path}", responses={200: {"model": PromptList}})
    def versions(name: Id, asked: Annotated[Prompted, Query()]) -> Response:
        """Versions of a prompt. A prompt without versions is told apart by the hash of its static part."""
        keys = "prompt_name, prompt_version, prompt_hash"
        found = _prompts(engine, slots, asked, name, keys, keys)
        if not found:
            raise NotFound(f"No call of that time has the prompt {name!r}.")
        return answer({"prompts": found})


def list_traces(engine: Engine, slots: Slots, asked: Listed) -> dict[str, Any]:
    """A page of traces."""
    before = unpack(asked.cursor, 2) if asked.cursor else [FIRST, ""]
    statement, values = asked.filtered(sql.read(TRACES))
    values |= {"before": str(before[0]), "before_trace": str(before[1])}
    with slots.taken():
        found = engine.query_guarded(statement, values).records()
    return {"traces": found[: asked.limit], "next": _next(found, asked.limit, "started_at", "trace_id")}


def list_groups(engine: Engine, slots: Slots, key: str, asked: Grouped) -> dict[str, Any]:
    """A page of groups by a column of `traces`."""
    before = unpack(asked.cursor, 3) if asked.cursor else [FIRST, "", ""]
    statement, values = asked.filtered(sql.read(GROUPS).replace("GROUP_KEY", key))
    values |= {"before": str(before[0]), "before_id": str(before[1]), "before_tenant": str(before[2])}
    with slots.taken():
        found = engine.query_guarded(statement, {**values, "id": "", "tenant": asked.tenant}).records()
    return {"groups": found[: asked.limit], "next": _next(found, asked.limit, "last_at", "id", "tenant")}


def read_group(engine: Engine, slots: Slots, kind: str, id: str, asked: OfTenant) -> dict[str, Any]:
    """One group with its last traces; NotFound when there is none in that time."""
    key, values = KEYS[kind], {**asked.parameters(), "id": id, "tenant": asked.tenant}
    unpaged = {"filtered": 0, "paged": 0, "before": FIRST, "before_id": "", "before_tenant": ""}
    statement = sql.read(GROUPS).replace("GROUP_KEY", key).replace("FILTER", "1")
    with slots.taken():
        groups = engine.query_guarded(statement, values | unpaged | {"limit": MOST}).records()
        if not groups:
            raise NotFound(f"No settled trace of that time is of {kind[:-1]} {id!r}; `from` and `to` widen the time.")
        one = sql.read(TRACES_OF).replace("GROUP_KEY", key)
        traces = engine.query_guarded(one, values | {"limit": MOST_TRACES}).records()
    return {"groups": groups, "traces": traces}


def _prompts(  # noqa: PLR0913, PLR0917  (what of the one statement differs)
    engine: Engine, slots: Slots, asked: Prompted, name: str, columns: str, keys: str
) -> list[dict[str, Any]]:
    statement = sql.read(PROMPTS).replace("PROMPT_KEY", columns).replace("GROUP_KEYS", keys)
    values = {**asked.parameters(), "name": name, "tenant": asked.tenant, "limit": asked.limit}
    with slots.taken():
        return engine.query_guarded(statement, values).records()


def _next(found: list[dict[str, Any]], limit: int, *names: str) -> str | None:
    return pack([found[limit - 1][name] for name in names]) if len(found) > limit else None
