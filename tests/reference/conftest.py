"""What the tests of this folder share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.regions import PUBLIC_ADDRESS

sys.path.append(str(Path(__file__).parent.parent / "engine" / "tiers"))  # the slow model of DNS stands there


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hosts") / "hosts"
    path.write_text(f"{PUBLIC_ADDRESS} www.example.com\n")
    return path
