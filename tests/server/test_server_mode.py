"""The engine on a ClickHouse server, through clickhouse-connect's real HTTP client. The server is tests/server/front.py."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.insert import insert
from collector.signals import SIGNALS
from spanledger import guard
from spanledger.engine import Engine, open_engine
from spanledger.errors import BadSetting, EngineUnavailable, LimitExceeded, QueryFailed, QueryRefused
from spanledger.migrate import migrate
from spanledger.settings import Settings
from tests.server.conftest import ClickHouse
