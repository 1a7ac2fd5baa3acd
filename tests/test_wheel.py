"""The kit as a wheel, without its checkout: what it brings works, and what only a checkout has is asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


def run(argv, cwd, **environment):
    kept = {k: v for k, v in os.environ.items() if k not in ("CAE_KIT", "CAE_RUNS", "PYTHONPATH")}
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, env=kept | environment)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel, built from what git tracks and put into a folder of its own; a function that runs Python with it."""
    work = tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    source = work / "source"
    for name in filter(None, tracked.decode().split("\0")):
        if name.startswith("cae_lib/") or "/" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--no-index"]
    built = run([*pip, "wheel", *options, "--wheel-dir", str(work), str(source)], work)
    assert built.returncode == 0, built.stderr
    (wheel,) = work.glob("*.whl")
    target = work / "target"
    done = run([*pip, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)], work)
    assert done.returncode == 0, done.stderr
    return lambda *argv, **env: run([sys.executable, *argv], work, PYTHONPATH=str(target), CAE_DATA="stand-in", **env)


CHECK = """
import json, numpy as np
import cae_lib
from cae_lib.checkpoints import OWN, load_run
from cae_lib.codec.streams import MODELS, compress, decompress
image = (np.arange(40 * 33 * 3) % 251).astype("uint8").reshape(40, 33, 3)
shapes = [decompress(compress(image, model=name, quality=2)).shape for name in MODELS]
print(json.dumps([cae_lib.__file__, load_run("model1").epoch, shapes == [image.shape] * len(MODELS), str(OWN)]))
"""


def test_runs_and_codecs_come_with_it(installed):
    done = installed("-c", CHECK)
    assert done.returncode == 0, done.stderr
    file, epoch, same, own = json.loads(done.stdout)
    assert "target" in Path(file).parts and epoch == 30 and same
    assert Path(own).name == "runs" and "target" not in Path(own).parts


def test_the_command_works_and_asks_for_a_checkout_where_it_needs_one(installed):
    assert installed("-m", "cae_lib.cli", "--version").stdout.startswith("cae-kit ")
    lost = installed("-m", "cae_lib.cli", "run")
    assert lost.returncode == 2 and "set CAE_KIT to the folder of a checkout" in lost.stderr
    found = installed("-m", "cae_lib.cli", "run", "nowhere.ipynb", CAE_KIT=str(ROOT))
    assert found.returncode == 2 and "00_start_here.ipynb" in found.stderr
    numbers = installed("-c", "from cae_lib.results.measurements import stored; stored('rd')")
    assert "UsageError" in numbers.stderr and "CAE_KIT" in numbers.stderr


def test_the_workflow_calls_what_is_there():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    steps = {
        name: [step.get("run", step.get("uses")) for step in job["steps"]] for name, job in workflow["jobs"].items()
    }
    assert ".ci/run" in steps["linux"] and os.access(ROOT / ".ci" / "run", os.X_OK)
    plain = steps["others"][-1].removeprefix("python -m pytest ")
    assert plain in (ROOT / "CONTRIBUTING.md").read_text() and plain in (ROOT / "Makefile").read_text()
