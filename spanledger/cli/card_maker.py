"""The cards of pages: analytics says what moved, dashboards draws it, and both are kept in `alert_cards`."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime

import orjson

from analytics.alerts.life import Alert
from analytics.alerts.message import OWN_RULE, Card, CardMaker
from analytics.triage.card import card_markdown, card_text
from analytics.triage.room import TriageRoom
from dashboards.triage_picture import began, png_of
from spanledger.engine import Engine
from spanledger.moments import as_parameter
from spanledger.settings import Settings


def card_maker(engine: Engine, settings: Settings, triages: TriageRoom) -> CardMaker:
    """Makes the card of an alert; alerts about spanledger itself have none."""

    def make(alert: Alert) -> Card | None:
        if alert.rule == OWN_RULE:
            return None
        triage = triages.alert(alert)
        picture = png_of(triage, began(engine, triage, alert.text.finding_id))
        text = card_text(triage, settings.public_url)
        token = secrets.token_urlsafe(18)
        row = {
            "alert_id": alert.alert_id, "episode": alert.episode, "made_at": as_parameter(datetime.now(UTC)),
            "token": token, "text": text, "triage": orjson.dumps(triage).decode(),
            "png": base64.b64encode(picture).decode() if picture else "",
        }  # fmt: skip
        engine.insert_raw("alert_cards", orjson.dumps(row), "JSONEachRow", {})
        base = settings.public_url.rstrip("/")
        address = f"{base}/cards/{token}.png" if base and picture else ""
        return Card(text, card_markdown(triage, settings.public_url), picture, address)

    return make
