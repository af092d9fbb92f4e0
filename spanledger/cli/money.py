"""Commands of money: prices, repricing, revenue. On the running service when there is one, else on its data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from spanledger import revenue, sql
from spanledger.answers import Answer
from spanledger.cli import local
from spanledger.cli.screen import screen
from spanledger.cli.tables import answer_table
from spanledger.errors import BadRequest
from spanledger.prices import agreed
from spanledger.prices.reprice import days, reprice_day
from spanledger.settings import Settings, load

prices_app = typer.Typer(help="What models cost: the list, your own prices, names of models.", no_args_is_help=True)
revenue_app = typer.Typer(help="What customers pay, for margins.", no_args_is_help=True)
console = screen()

Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]
Rate = Annotated[str | None, typer.Option(help="USD per million tokens.")]

LIST = Path(__file__).with_name("prices_list.sql")


@prices_app.command("list")
def prices_list(model: Annotated[str, typer.Argument(help="Part of `provider/model`.")]) -> None:
    """Prices of the models whose name has this in it, in USD per million tokens."""
    console.print(answer_table(local.query(load(), sql.read(LIST), {"model": model})))


@prices_app.command("unpriced")
def prices_unpriced() -> None:
    """Models that have traffic and no price."""
    settings = load()
    if address := local.address(settings):
        rows = local.call(settings, "GET", f"{address}/api/v1/unpriced-models")["unpriced_models"]
    else:
        with local.opened(settings) as engine:
            rows = agreed.unpriced(engine)
    if not rows:
        console.print("Every model that was called has a price.")
        return
    console.print(_table(rows))
    console.print("Map one to a known model with `spanledger prices map MODEL TO`, or set a price.", style="dim")


@prices_app.command("map")
def prices_map(model: str, to: Annotated[str, typer.Argument(help="`provider/model`, or a known name.")]) -> None:
    """Let the name MODEL stand for the known model TO, from the next span on."""
    settings, mapping = load(), agreed.Mapping(name=model, to=to)
    if address := local.address(settings):
        url = f"{address}/api/v1/model-mappings"
        key = local.call(settings, "POST", url, mapping.model_dump(mode="json"))["model"]
    else:
        with local.opened(settings) as engine:
            key = agreed.map_model(engine, mapping)
    console.print(
        f"{model} is priced as {key} from now on; `spanledger reprice` prices what is stored.", highlight=False
    )


@prices_app.command("set")
def prices_set(  # noqa: PLR0913, PLR0917  (one option a rate)
    model: str,
    provider: str = "",
    tenant: str = "",
    tier: Annotated[str, typer.Option(help="batch, flex, priority or fast; empty: the standard tier.")] = "",
    valid_from: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"])] = datetime(1970, 1, 1),
    valid_to: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"])] = datetime(2149, 6, 6),
    tier_from: Annotated[int, typer.Option(help="Only for calls with at least this many input tokens.")] = 0,
    input_usd: Annotated[str | None, typer.Option("--input", help="USD per million tokens.")] = None,
    cached: Rate = None,
    write: Rate = None,
    write_1h: Rate = None,
    output: Rate = None,
    gpu_hour_usd: Annotated[str | None, typer.Option(help="USD per hour of one GPU, for a model of your own.")] = None,
    gpus: int = 1,
    concurrency: Annotated[float, typer.Option(help="Calls that share the GPUs at a time.")] = 1,
    note: str = "",
) -> None:
    """Add a price that wins over the list: a negotiated rate, or a model of your own by tokens or by GPU-hour."""
    rates = {"input": input_usd, "cached": cached, "write": write, "write_1h": write_1h, "output": output}
    given = {name: _usd(value) for name, value in (rates | {"gpu_hour_usd": gpu_hour_usd}).items() if value}
    override = _override(
        model=model, provider=provider, tenant=tenant, tier=tier, valid_from=valid_from.date(), tier_from=tier_from,
        valid_to=valid_to.date(), gpus=gpus, concurrency=concurrency, note=note, **given,
    )  # fmt: skip
    settings = load()
    if address := local.address(settings):
        url = f"{address}/api/v1/price-overrides"
        key = local.call(settings, "POST", url, override.model_dump(mode="json"))["model"]
    else:
        with local.opened(settings) as engine:
            key = agreed.set_price(engine, override)
    console.print(f"The price of {key} is added; `spanledger reprice` prices what is stored.", highlight=False)


def _usd(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise BadRequest(f"{text!r} is not a price in USD; write it like 1.25.") from error


def _override(**values: Any) -> agreed.Override:
    try:
        return agreed.Override.model_validate(values)
    except ValueError as error:
        raise BadRequest(str(error)) from error


def reprice(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, UTC.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")],
) -> None:
    """Price history again, day by day, by the prices and mappings in force now."""
    calls = changed = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("days", total=None)
        for done, total, day_calls, day_changed in _repriced(load(), first.date(), last.date()):
            bar.update(task, completed=done, total=total)
            calls, changed = calls + day_calls, changed + day_changed
    console.print(f"{calls:,} calls gone through, {changed:,} have another cost now.", highlight=False)


def _repriced(settings: Settings, first: date, last: date) -> Iterator[tuple[int, int, int, int]]:
    """After each day: days done, days in all, its calls, its changes."""
    if address := local.address(settings):
        url = f"{address}/api/v1/reprice"
        wanted = local.call(settings, "GET", f"{url}/days?first={first}&last={last}")["days"]
        for done, day in enumerate(wanted, 1):
            answer = local.call(settings, "POST", url, {"from": day, "to": day})
            yield done, len(wanted), answer["calls"], answer["changed"]
        return
    with local.opened(settings) as engine:
        found = days(engine, first, last)
        for done, at in enumerate(found, 1):
            repriced = reprice_day(engine, at)
            yield done, len(found), repriced.calls, repriced.changed


@revenue_app.command("import")
def revenue_import(file: Path) -> None:
    """Add the rows of a CSV file: tenant, plan, monthly_price_usd, valid_from, valid_to."""
    settings, rows = load(), revenue.read_csv(file)
    if address := local.address(settings):
        body = [row.model_dump(mode="json") for row in rows]
        added = local.call(settings, "POST", f"{address}/api/v1/revenue", body)["added"]
    else:
        with local.opened(settings) as engine:
            added = revenue.add(engine, rows)
    console.print(f"{added:,} rows added.", highlight=False)


@revenue_app.command("list")
def revenue_list() -> None:
    """What customers pay."""
    settings = load()
    if address := local.address(settings):
        rows = local.call(settings, "GET", f"{address}/api/v1/revenue")["revenue"]
    else:
        with local.opened(settings) as engine:
            rows = revenue.read(engine)
    console.print(_table(rows) if rows else "No revenue has been added.")


def _table(rows: list[dict[str, Any]]) -> Table:
    columns = [(name, "UInt64" if isinstance(value, int) else "String") for name, value in rows[0].items()]
    return answer_table(Answer(columns, [list(row.values()) for row in rows], 0, len(rows)))
