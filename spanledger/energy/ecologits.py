"""The formula of EcoLogits 0.11.3 (GenAI Impact, doi 10.21105/joss.07471), written from its published method.

A server has 8 GPUs of 80 GB and answers 64 requests at once; weights have 16 bits. A GPU's energy follows the tokens
out, the rest of the server's the time that the generation takes. Tokens in, cache and real batch do not enter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from spanledger.energy.factors import DATA, Bounds, Factors, read_rows

NAME = "ecologits-0.11.3"
BATCH = 64
GPUS_OF_A_SERVER = 8
GPU_GB = 80
SERVER_KW = 1.2
"""Power of a server without its GPUs."""
LIFE_SECONDS = 3 * 365 * 24 * 3600
SERVER_EMBODIED_G = 5_700_000.0
GPU_EMBODIED_G = 273_000.0
"""g CO2e of making a GPU: 0.9.3 and the online method had 164 kg."""

PUE = {
    "openai": Bounds.exact(1.20),
    "anthropic": Bounds.between(1.09, 1.14),
    "google": Bounds.exact(1.09),
    "cohere": Bounds.exact(1.09),
    "mistral": Bounds.exact(1.16),
}


@dataclass(frozen=True)
class Size:
    """One guess at a model: parameters in billions."""

    total: float
    active: float

    @property
    def gpus(self) -> int:
        """GPUs that hold the weights, with a fifth to spare: a power of two."""
        return int(2 ** math.ceil(math.log2(math.ceil(1.2 * self.total * 16 / 8 / GPU_GB))))

    @property
    def kwh_out(self) -> float:
        """kWh of all these GPUs per token out."""
        wh = 1.1665273170451914e-06 * math.exp(-0.011205921025579175 * BATCH) * self.active + 4.052928146734005e-05
        return self.gpus * wh / 1000

    @property
    def kwh_second(self) -> float:
        """kWh of this request's share of the server per second."""
        return SERVER_KW / 3600 * self.gpus / GPUS_OF_A_SERVER / BATCH

    @property
    def seconds_out(self) -> float:
        """Seconds per token out, where no speed was measured."""
        return 0.0006785088094353663 * self.active + 0.0003119310311688259 * BATCH + 0.019473717579473387

    @property
    def embodied_second(self) -> float:
        """g CO2e per second, of making server and GPUs, spread over three years of full use."""
        made = self.gpus / GPUS_OF_A_SERVER * SERVER_EMBODIED_G + self.gpus * GPU_EMBODIED_G
        return made / (LIFE_SECONDS * BATCH)


def factors(  # noqa: PLR0913  (what a line of the file says)
    model: str,
    low: Size,
    high: Size,
    pue: Bounds,
    *,
    tokens_per_second: float | None = None,
    first_token_seconds: float | None = None,
) -> Factors:
    """A model's row from the two ends of what its size may be. Mid is the mean of the ends, as EcoLogits has it.

    Where no speed was measured the ends differ in seconds too: both are stated per second of their mean, so that a
    generation cut short by the measured duration shortens all three alike.
    """
    speeds = [1 / tokens_per_second if tokens_per_second else end.seconds_out for end in (low, high)]
    seconds_out = sum(speeds) / 2
    share = [speed / seconds_out for speed in speeds]
    return Factors(
        factor_set=NAME,
        model=model,
        source=f"EcoLogits 0.11.3: {low.active:g}–{high.active:g} of {low.total:g}–{high.total:g} billion parameters",
        out=_with_mean(pue, low.kwh_out, high.kwh_out),
        second=_with_mean(pue, low.kwh_second * share[0], high.kwh_second * share[1]),
        seconds_out=seconds_out,
        seconds_request=first_token_seconds or 0.0,
        embodied_second=(low.embodied_second * share[0] + high.embodied_second * share[1]) / 2,
        pue=pue,
    )


def _with_mean(pue: Bounds, low: float, high: float) -> Bounds:
    """Bounds whose mid, times the mid of `pue`, is the mean of the two ends with their overheads."""
    mid = (low * pue.low + high * pue.high) / 2 / pue.mid
    return Bounds(low, min(max(mid, low), high), high)  # rounding must not put it outside


def shipped() -> list[Factors]:
    """The rows of schema/energy/ecologits-0.11.3.csv."""
    return [
        factors(
            row["model"],
            Size(float(row["total_low"]), float(row["active_low"])),
            Size(float(row["total_high"]), float(row["active_high"])),
            PUE[row["family"]],
            tokens_per_second=_number(row["tokens_per_second"]),
            first_token_seconds=_number(row["first_token_seconds"]),
        )
        for row in read_rows(DATA / f"{NAME}.csv")
    ]


def _number(text: str) -> float | None:
    return float(text) if text else None
