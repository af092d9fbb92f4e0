"""Settings of the scheduled jobs and of the rules that findings must pass: thresholds, each with its reason."""

from __future__ import annotations

from pydantic import BaseModel, Field


class JobSettings(BaseModel):
    """The part of `Settings` that jobs read."""

    findings_min_requests: int = Field(
        200,
        ge=0,
        description="A finding needs so many requests, unless its kind says otherwise: with fewer, a share of 10 % is "
        "known to 4 points only.",
    )
    findings_min_usd_per_day: float = Field(
        50, ge=0, description="... or so many dollars a day of the time that it affects: what an hour of work costs."
    )
    findings_ticket_q: float = Field(
        0.05,
        gt=0,
        le=1,
        description="Of all tickets that a test speaks for, at most this share may be chance (Benjamini-Hochberg).",
    )
    findings_page_q: float = Field(
        0.01, gt=0, le=1, description="The same of pages: somebody gets up for them, so fewer may be chance."
    )
    findings_cooldown_hours: float = Field(
        24, ge=0, description="A finding that was resolved and is seen again within this time is no page: it flaps."
    )
    jobs_schedule: str = Field(
        "on", pattern="^(on|off)$", description="`off`: jobs run only when they are asked for, by command or API."
    )
    jobs_delay_seconds: float = Field(
        180,
        ge=0,
        le=86_400,
        description="A window is run so long after its end: by then its spans have come and are settled.",
    )
    jobs_catch_up_days: int = Field(
        35,
        ge=0,
        le=3650,
        description="Missed windows are run this far back: five weeks, which comparisons of weeks need.",
    )
    jobs_catch_up_windows: int = Field(
        48, ge=0, description="... and at most so many of a job that runs more often than once a day."
    )
    cost_runaway_usd_per_day: float = Field(
        100,
        gt=0,
        description="A customer that runs away and loses this much a day, in USD, pages: $3,000 a month, for which one "
        "may be woken. From half of it on it is a ticket.",
    )
    cost_runaway_unknown_usd_per_day: float = Field(
        500,
        gt=0,
        description="The same above its usual day, for a customer whose revenue is not known: it may well pay for it.",
    )
    cost_loss_usd_per_month: float = Field(
        50,
        ge=0,
        description="A customer that costs so many USD a month more than it pays is a ticket; below, looking at it "
        "costs more than it saves.",
    )
    cache_min_usd_per_day: float = Field(
        50,
        ge=0,
        description="A broken prompt cache is a page from this loss a day on, else a ticket: below it, waiting until "
        "the morning costs less than getting up.",
    )
    retry_page_usd_per_hour: float = Field(
        5,
        ge=0,
        description="A loop or an endless retry that wastes more than this an hour pages. $5 an hour is $120 a day: "
        "more than waking somebody costs.",
    )
    retry_ticket_usd: float = Field(
        1,
        ge=0,
        description="One that wasted less in a window is only reported: looking into it would cost more.",
    )
    retry_waste_share: float = Field(
        0.03,
        gt=0,
        le=1,
        description="Re-prompts, or failed attempts, that take more than this share of the spend get a ticket: what a "
        "team notices on its bill.",
    )
    retry_ratio: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Retries a call from which on they get a ticket. Google's SRE book keeps a client's retries below "
        "10 %: more of them make an overload last.",
    )
    drift_sketches: str = Field(
        "on",
        pattern="^(on|off|always)$",
        description="256-bit sketches of what users newly say, for `user_drift`. `on`: of text as it is stored, masked "
        "and cut; `always`: also with `CONTENT=off`; `off`: none. A sketch can't be read, but hints at single words.",
    )
    drift_reference_days: int = Field(
        56,
        ge=7,
        le=366,
        description="Days before the window that `user_drift` compares with. Eight weeks: longer than a campaign, "
        "shorter than a season.",
    )
    drift_min_calls: int = Field(
        100,
        ge=50,
        description="Sampled calls that a prompt or feature needs on both sides to be compared: with fewer, two "
        "samples of the same differ (PSI above 0.3) by chance.",
    )
    drift_page_quality_drop: float = Field(
        0.03,
        gt=0,
        lt=1,
        description="A drift with which the success rate surely fell by this share or more is a page, else a ticket.",
    )
    carbon_min_rise: float = Field(
        0.3,
        gt=0,
        description="Job `carbon`: a rise of g CO2e per request or resolved task counts from this share on. Mixes of "
        "requests differ by less from day to day; factor sets differ by far more, so less would mean nothing.",
    )
    carbon_ticket_g_per_day: float = Field(
        10,
        ge=0,
        description="... and is a ticket when it emits so many g CO2e a day more, else it is only reported. A small "
        "service stays below it: 10 g are some 25 answers of a large model.",
    )
