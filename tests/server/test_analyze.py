"""`spanledger analyze`: settling as a process of its own."""

from __future__ import annotations

from tests.server.conftest import Roles
from tests.server.test_roles import request_of


def test_analyze_settles_what_collect_and_serve_have_stored(roles: Roles) -> None:
    roles.environment |= {"SPANLEDGER_SETTLE_AFTER_SECONDS": "0.5", "SPANLEDGER_SETTLE_EVERY_SECONDS": "0.5"}
    analyze = roles.begin("analyze")
    said = analyze.ready()
    assert said == "Settling", roles.logs()
    roles.start()
    assert roles.send(request_of(1, "settled")) == 200
    assert roles.wait_for("SELECT count() FROM traces", [[20]], 60) == [[20]]
    assert roles.stop() == [0, 0, 0]
    assert "Settling will be tried again" not in roles.logs()
