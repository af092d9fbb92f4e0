"""Settings: read, checked, and wrong ones explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from spanledger.errors import BadSetting
from spanledger.settings import load, secret, source


def test_defaults_are_the_contract() -> None:
    settings = load({})
    assert (settings.data_dir, settings.host) == (Path("data"), "127.0.0.1")
    assert (settings.otlp_grpc_port, settings.otlp_http_port, settings.http_port) == (4317, 4318, 8420)
    assert settings.embedded
    assert settings.settle_after_seconds == 60


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('http_port = 1111\nlog_level = "debug"\ncors_origins = ["http://a", "http://b"]\n')
    settings = load({"SPANLEDGER_CONFIG": str(file), "SPANLEDGER_HTTP_PORT": "2222"})
    assert (settings.http_port, settings.log_level) == (2222, "debug")
    assert settings.cors_origins == ("http://a", "http://b")


def test_where_a_value_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("http_port = 1111\n")
    environ = {"SPANLEDGER_CONFIG": str(file), "SPANLEDGER_LOG_LEVEL": "info"}
    settings = load(environ)
    found = {name: source(settings, name, environ) for name in ("http_port", "log_level", "host")}
    assert found == {"http_port": "settings file", "log_level": "environment", "host": "default"}
    secrets = {name for name in type(settings).model_fields if secret(name)}
    assert secrets == {"clickhouse_url", "api_keys", "content_secret", "alert_channels"}


def test_lists_are_split_at_commas() -> None:
    settings = load({"SPANLEDGER_API_KEYS": "one, two,,", "SPANLEDGER_HOST": "0.0.0.0"})
    assert [key.get_secret_value() for key in settings.api_keys] == ["one", "two"]


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"SPANLEDGER_HTTP_PORT": "http"}, "SPANLEDGER_HTTP_PORT: "),
        ({"SPANLEDGER_HTTP_PORT": "70000"}, "SPANLEDGER_HTTP_PORT: "),
        ({"SPANLEDGER_HTP_PORT": "1"}, "SPANLEDGER_HTP_PORT is not a setting. Did you mean SPANLEDGER_HTTP_PORT?"),
        ({"SPANLEDGER_ZZZ": "1"}, "SPANLEDGER_ZZZ is not a setting. docs/settings.md lists them all."),
        ({"SPANLEDGER_LOG_LEVEL": "loud"}, "SPANLEDGER_LOG_LEVEL: "),
        ({"SPANLEDGER_HOST": "0.0.0.0"}, "SPANLEDGER_HOST is '0.0.0.0', which others can reach"),
        ({"SPANLEDGER_HOST": "spans.example"}, "SPANLEDGER_API_KEYS is empty"),
        ({"SPANLEDGER_SPOOL_MAX_BYTES": str(2**20)}, "SPANLEDGER_SEGMENT_BYTES is larger"),
        ({"SPANLEDGER_CONFIG": "/nowhere.toml"}, "/nowhere.toml can't be read"),
    ],
)
def test_a_wrong_setting_is_named(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadSetting) as error:
        load(environ)
    assert sentence in str(error.value)


@pytest.mark.parametrize("text", ["http_port = ", "port = 1"])
def test_a_wrong_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(BadSetting, match=r"wrong\.toml"):
        load({"SPANLEDGER_CONFIG": str(file)})


def test_secrets_are_not_shown() -> None:
    settings = load({"SPANLEDGER_API_KEYS": "hunter2", "SPANLEDGER_CLICKHOUSE_URL": "http://u:hunter2@h/"})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.model_dump())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_keys(host: str) -> None:
    assert load({"SPANLEDGER_HOST": host}).host == host


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load({}).http_port = 1
