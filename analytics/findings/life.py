"""The life of a finding, from all that was observed of it and all windows that were looked at. Pure.

It depends on *which* windows were run and what they said, not on the order in which they were run: a backfill, a run
again and a schedule that was down for a day end in the same findings.

    seen in a window            open
    not seen in two later ones  resolved; each at least as long as the shortest in which it was seen, and a period after
                                the one before. Shorter ones can't see it; they count by the time that they cover.
    seen again                  open again, within the cool-down at most as a ticket
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analytics.findings.rules import quieter
from analytics.jobs.contract import Severity, Window

ABSENCES = 2.0
"""So many windows without it resolve a finding."""
PERIODS, NEEDED = 3, 2
"""G4: a page must have been one in so many (second) of the last so many (first) periods."""
HISTORY = timedelta(days=8)
HISTORY_PERIODS = 35
"""So far back before the newest observation windows are looked at: whichever is more."""


@dataclass(frozen=True)
class Observation:
    """What a run said of a finding, as far as its life depends on it."""

    run_id: str
    window: Window
    since: datetime
    until: datetime
    severity: Severity
    """What the other rules let through."""
    persistent: bool


@dataclass(frozen=True)
class Pace:
    """What the life is measured by."""

    every: timedelta
    """Of the job."""
    cooldown: timedelta

    @property
    def history(self) -> timedelta:
        """How far back before the newest observation a life depends on others, but for when it began."""
        return max(HISTORY, HISTORY_PERIODS * self.every, self.cooldown)


@dataclass(frozen=True)
class Life:
    """How a finding stands now."""

    newest: Observation
    severity: Severity
    state: str
    first_seen: datetime
    """When the present episode began."""
    last_seen: datetime
    resolved_at: datetime | None
    voiced: Mapping[str, Severity]
    """The severity that each run's observation had in its turn, by run."""


@dataclass
class _Episode:
    """From being seen to being resolved."""

    newest: Observation
    first_seen: datetime
    last_seen: datetime
    shortest: timedelta
    until: datetime
    """Up to here windows have counted."""
    absences: float = 0.0
    resolved_at: datetime | None = None

    def see(self, observation: Observation) -> None:
        self.newest = observation
        self.first_seen = min(self.first_seen, observation.since)
        self.last_seen = max(self.last_seen, observation.until)
        self.shortest = min(self.shortest, observation.window.length)
        self.until = observation.window.until
        self.absences = 0.0

    def miss(self, window: Window, every: timedelta) -> None:
        """Count a window in which it was not seen."""
        if window.length < self.shortest:
            new = window.until - max(window.since, self.until)
            self.absences += max(new, timedelta()) / self.shortest
        elif window.until - self.until >= min(every, self.shortest):
            self.absences += 1
        else:
            return
        self.until = max(self.until, window.until)
        if self.absences >= ABSENCES - 1e-9:
            self.resolved_at = window.until


@dataclass
class _Story:
    """What is known at one point of the timeline."""

    pace: Pace
    loud: list[Observation] = field(default_factory=list)
    voiced: dict[str, Severity] = field(default_factory=dict)
    episode: _Episode | None = None
    cool_until: datetime | None = None
    episodes: int = 0

    def see(self, observation: Observation) -> None:
        window = observation.window
        if self.episode is None or self.episode.resolved_at:
            if self.episode and self.episode.resolved_at:
                self.cool_until = self.episode.resolved_at + self.pace.cooldown
            self.episodes += 1
            times = observation.since, observation.until, window.length, window.until
            self.episode = _Episode(observation, *times)
        self.episode.see(observation)
        if observation.severity is Severity.PAGE:
            self.loud.append(observation)
        self.voiced[observation.run_id] = self._voice(observation)

    def _voice(self, observation: Observation) -> Severity:
        """G4: a page that has not lasted, or that was just resolved, is a ticket for now."""
        cooling = self.cool_until is not None and observation.window.until < self.cool_until
        if observation.severity is Severity.PAGE and (cooling or not self._lasts(observation)):
            return quieter(observation.severity, Severity.TICKET)
        return observation.severity

    def _lasts(self, observation: Observation) -> bool:
        """Seen in two of three parts of its window, or in two of the last three periods."""
        if observation.persistent:
            return True
        periods: set[int] = set()
        for earlier in reversed(self.loud):
            back = (observation.window.until - earlier.window.until) // self.pace.every
            if back >= PERIODS:
                break
            periods.add(back)
        return len(periods) >= NEEDED


def live(
    observations: Sequence[Observation], runs: Sequence[Window], pace: Pace, oldest: datetime | None = None
) -> Life | None:
    """The life of one finding; None without an observation.

    `runs`: the windows of the job that ran and could be computed, in the order of `in_time`. `oldest`: when it was
    first seen of all, where there is more history than `observations`; it counts unless it was resolved within these.
    """
    if not observations:
        return None
    story = _Story(pace)
    seen = {(each.window.since, each.window.until): each for each in observations}
    ordered = sorted(seen.values(), key=lambda each: in_time(each.window))
    position = bisect_left(runs, in_time(ordered[0].window), key=in_time)
    absent = [window for window in runs[position:] if (window.since, window.until) not in seen]
    events: list[Observation | Window] = [*ordered, *absent]
    for event in sorted(events, key=_moment):
        if isinstance(event, Observation):
            story.see(event)
        elif story.episode and not story.episode.resolved_at and event.until > story.episode.until:
            story.episode.miss(event, pace.every)
    return _told(story, oldest)


def in_time(window: Window) -> tuple[datetime, timedelta]:
    """Windows by their end; of those that end together the longest, which sees most, is the last."""
    return window.until, window.length


def _moment(event: Observation | Window) -> tuple[datetime, timedelta]:
    return in_time(event.window if isinstance(event, Observation) else event)


def _told(story: _Story, oldest: datetime | None) -> Life | None:
    episode = story.episode
    if episode is None:
        return None
    first = episode.first_seen
    return Life(
        newest=episode.newest,
        severity=story.voiced[episode.newest.run_id],
        state="resolved" if episode.resolved_at else "open",
        first_seen=min(first, oldest) if oldest and story.episodes == 1 else first,
        last_seen=episode.last_seen,
        resolved_at=episode.resolved_at,
        voiced=story.voiced,
    )
