"""The page's sources: their types hold, and the logic that needs no browser is right."""

import json
import subprocess

import pytest
from processes import ROOT

WEB = ROOT / "web"


def test_types_hold_and_the_logic_is_right():
    if not (WEB / "node_modules").exists():
        pytest.skip("the inspector's packages were not fetched")
    done = subprocess.run(["npm", "test", "--silent"], cwd=WEB, capture_output=True, text=True, timeout=600,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_file_names_every_package_and_no_host():
    """A package that the registry lacked for another platform when the file was written is missing in it silently; newer
    npm then refuses the whole file."""
    packages = json.loads((WEB / "package-lock.json").read_text())["packages"]
    for name, package in packages.items():
        assert "resolved" not in package, name
        for wanted in package.get("dependencies", {}) | package.get("optionalDependencies", {}):
            assert f"node_modules/{wanted}" in packages or f"{name}/node_modules/{wanted}" in packages, (name, wanted)
