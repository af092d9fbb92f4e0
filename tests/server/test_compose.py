"""docker-compose.yml, the Dockerfile and ClickHouse's configuration name only what is there. They are not run here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from spanledger.cli.commands import Root
from spanledger.engine import Engine
from spanledger.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
VALUES = {"CLICKHOUSE_PASSWORD": "secret0", "SPANLEDGER_API_KEYS": "key1,key2", "GRAFANA_PASSWORD": "secret1"}


def read_yaml(text: str) -> Any:
    """What our compose file needs of YAML: maps and lists by indentation, scalars, lists in brackets as JSON."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return _block(lines, 0)


def _block(lines: list[str], indent: int) -> Any:
    if lines and lines[0].lstrip().startswith("- "):
        return [_scalar(line.strip()[2:]) for line in lines]
    result: dict[str, Any] = {}
    while lines:
        line, lines = lines[0], lines[1:]
        assert line[:indent].isspace() or not indent, line
        assert line[indent] != " ", f"not indented as its neighbours: {line}"
        key, _, value = line.strip().partition(":")
        inner = next((n for n, other in enumerate(lines) if not other.startswith(" " * (indent + 1))), len(lines))
        assert key not in result, f"twice: {key}"
        result[key] = _scalar(value.strip()) if value else _block(lines[:inner], indent + 2)
        lines = lines[inner:]
    return result


def _scalar(text: str) -> Any:
    return json.loads(text) if text[:1] in '["' or text in ("true", "false") or text.isdigit() else text


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    compose = read_yaml(COMPOSE.read_text())
    assert sorted(compose["services"]) == ["clickhouse", "collect", "grafana", "serve"]
    used = {volume.split(":")[0] for service in compose["services"].values() for volume in service["volumes"]}
    assert sorted(compose["volumes"]) == sorted(name for name in used if "/" not in name)
    return dict(compose["services"])


def substituted(text: str) -> str:
    """A value with its variables, all of which a comment in the file tells to set."""
    return re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda match: VALUES[match[1]], text)


@pytest.mark.parametrize("role", ["collect", "serve"])
def test_a_role_starts_with_settings_that_are_there(services: dict[str, Any], role: str) -> None:
    environment = services[role]["environment"]
    values = {key.removeprefix(PREFIX).lower(): substituted(value) for key, value in environment.items()}
    assert all(key.startswith(PREFIX) for key in environment)
    settings = Settings.model_validate(values).checked()  # refuses 0.0.0.0 without keys
    ports = (
        {str(settings.otlp_grpc_port), str(settings.otlp_http_port)} if role == "collect" else {str(settings.http_port)}
    )
    published = [port.rsplit(":", 2) for port in services[role]["ports"]]
    assert {(address, outside, inside) for address, outside, inside in published} == {
        ("127.0.0.1", p, p) for p in ports
    }
    assert services[role]["command"] == [role]
    assert role in Root.sources
    check = services[role]["healthcheck"]["test"]
    assert (ROOT / check[2].removeprefix("/app/")).is_file()
    assert check[3] in ports


def test_both_roles_share_the_spool_and_only_serve_knows_the_password(services: dict[str, Any]) -> None:
    assert services["collect"]["volumes"] == services["serve"]["volumes"] == ["spool:/data"]
    assert services["collect"]["image"] == services["serve"]["image"]
    assert "SPANLEDGER_CLICKHOUSE_URL" not in services["collect"]["environment"]
    url = substituted(services["serve"]["environment"]["SPANLEDGER_CLICKHOUSE_URL"])
    server = services["clickhouse"]["environment"]
    user, password, database = (substituted(server[f"CLICKHOUSE_{name}"]) for name in ("USER", "PASSWORD", "DB"))
    assert url == f"http://{user}:{password}@clickhouse:8123/{database}"


def test_the_server_is_pinned_not_published_and_new_enough_for_the_tables(services: dict[str, Any]) -> None:
    server = services["clickhouse"]
    image, _, tag = server["image"].partition(":")
    assert image == "clickhouse/clickhouse-server"
    assert tuple(int(part) for part in tag.split(".")) >= (26, 9)
    assert "ports" not in server
    mounted = [volume.split(":")[0] for volume in server["volumes"] if volume.startswith("./")]
    assert all((ROOT / path).is_file() for path in mounted)  # a folder would hide the files of the image
    assert {Path(path).name for path in mounted} == {path.name for path in (ROOT / "docker/clickhouse").rglob("*.xml")}


def test_grafana_reads_as_a_user_of_its_own_and_finds_its_boards(services: dict[str, Any]) -> None:
    grafana = services["grafana"]
    assert grafana["ports"] == ["127.0.0.1:3000:3000"]
    folders = {volume.split(":")[0] for volume in grafana["volumes"] if volume.startswith("./")}
    assert all((ROOT / folder).is_dir() for folder in folders)
    user = ET.parse(ROOT / "docker/clickhouse/users.d/grafana.xml").getroot().find("users/grafana")
    assert user is not None
    password = user.find("password")
    assert password is not None
    assert password.get("from_env") in services["clickhouse"]["environment"]
    assert [query.text for query in user.iterfind("grants/query")] == ["GRANT SELECT ON spanledger.*"]
    places = (ROOT / "dashboards/grafana/provisioning/dashboards/spanledger.yaml").read_text()
    assert "path: /etc/grafana/boards" in places
    assert "./dashboards/grafana/boards:/etc/grafana/boards:ro" in grafana["volumes"]


def test_the_servers_own_logs_are_bounded() -> None:
    config = ET.parse(ROOT / "docker/clickhouse/config.d/spanledger.xml").getroot()
    logs = [element for element in config if element.tag.endswith("_log")]
    assert {"query_log", "trace_log", "text_log", "metric_log", "part_log"} <= {element.tag for element in logs}
    for element in logs:
        assert element.get("remove") == "1" or "DELETE" in element.findtext("ttl", ""), element.tag


def test_settings_of_the_profile_are_settings_of_the_engine(engine: Engine) -> None:
    files = sorted((ROOT / "docker/clickhouse/users.d").glob("*.xml"))
    named = sorted({element.tag for file in files for element in ET.parse(file).getroot().iterfind("profiles/*/*")})
    [[found]] = engine.rows("SELECT count() FROM system.settings WHERE name IN {names:Array(String)}", {"names": named})
    assert found == len(named) > 0


def test_the_dockerfile_copies_what_is_there_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY")]
    assert all((ROOT / path).exists() for path in copied)
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert let_in == set(copied)
    rooms = {path.parent.name for path in ROOT.glob("*/py.typed")} | {"schema"}
    assert rooms <= set(copied)
    assert "USER spanledger" in lines
    assert any("--require-hashes" in line for line in lines)


@pytest.mark.skipif(not shutil.which("docker"), reason="there is no docker command")
def test_docker_compose_reads_it() -> None:
    """Needs only the compose plugin of the docker command, no engine."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("the docker command has no compose plugin")
    command = ["docker", "compose", "--file", str(COMPOSE), "config", "--quiet"]
    done = subprocess.run(
        command, env={"PATH": "/usr/bin:/usr/local/bin", **VALUES}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
