"""The browser and the JupyterLab in which the views are moved as a reader moves them.

Chromium comes from the system. Where there is none the tests are skipped, or fail if CAE_DEMAND_BROWSER is set.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)
TOKEN = "a-token-for-the-tests"
PATIENCE = 240  # seconds: a busy machine takes long to start JupyterLab or to run a notebook
SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # all cells are in the page at once
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}


def find_browser() -> str | None:
    """The path of a Chromium or Chrome on this machine."""
    found = [*map(shutil.which, NAMES), *(path for path in ELSEWHERE if Path(path).is_file())]
    return next(filter(None, found), None)


@contextmanager
def running_browser():
    """A browser without a window that reaches nothing outside this machine; skips the test where there is none.

    It must end with its test module: while playwright runs, no other test of this process can run a notebook.
    """
    path = find_browser()
    if path is None:
        missing = pytest.fail if os.environ.get("CAE_DEMAND_BROWSER") else pytest.skip
        missing("No Chromium or Chrome was found: install one, for example with `apt install chromium`.")
    from playwright.sync_api import sync_playwright

    arguments = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        arguments.append("--no-sandbox")  # Chromium's sandbox does not work for root
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()


@contextmanager
def watched_page(browser):
    """A page, and the list of the errors in its console."""
    page, errors = browser.new_page(viewport={"width": 1200, "height": 1000}), []
    page.set_default_timeout(1000 * PATIENCE)
    page.on("console", lambda m: errors.append(f"{m.text} ({m.location['url']})") if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page, errors
    page.close()


@dataclass
class Lab:
    """A JupyterLab that runs: its address, and the folder of its notebooks."""

    address: str
    folder: Path

    def ask(self, path: str, method: str = "GET"):
        """The answer of the server to a request."""
        request = urllib.request.Request(f"{self.address}/api/{path}", method=method)
        request.add_header("Authorization", f"token {TOKEN}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or "null")

    def open(self, page, name: str) -> None:
        """Show a notebook in a page, and wait for its kernel."""
        page.goto(f"{self.address}/lab/tree/{name}.ipynb?reset&token={TOKEN}")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()

    def stop_kernels(self, name: str = "") -> None:
        """End the kernel of a notebook, or all of them, so that the next one has the memory for itself."""
        for session in self.ask("sessions"):
            if name in session["path"]:
                self.ask(f"sessions/{session['id']}", "DELETE")


@contextmanager
def running_lab(folder: Path, home: Path):
    """JupyterLab on a folder of notebooks: its settings, its kernels and what it trusts are in `home`, and only there.

    It ends with the context; if the tests are killed it ends by itself once nobody has used it for ten minutes.
    """
    settings = home / "config" / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(SETTINGS))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = ("JUPYTER_CONFIG", "JUPYTER_DATA", "JUPYTER_RUNTIME", "JUPYTERLAB_SETTINGS", "JUPYTERLAB_WORKSPACES")
    folders = ("config", "data", "runtime", "settings", "workspaces")
    own = {f"{place}_DIR": str(home / name) for place, name in zip(places, folders, strict=True)}
    options = [
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.open_browser=False",
        "--ServerApp.allow_root=True",
        f"--IdentityProvider.token={TOKEN}",
        "--MappingKernelManager.cull_idle_timeout=600",
        "--ServerApp.shutdown_no_activity_timeout=600",
    ]
    lab, log = Lab(f"http://127.0.0.1:{port}", folder), home / "log.txt"
    with log.open("w") as lines:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(
            command, env=os.environ | own | {"IPYTHONDIR": str(home / "ipython")}, stdout=lines, stderr=lines
        )
    try:
        began = time.monotonic()
        while True:
            try:
                lab.ask("status")
                break
            except OSError:
                waited = time.monotonic() - began
                assert server.poll() is None and waited < PATIENCE, f"JupyterLab did not start:\n{log.read_text()}"
                time.sleep(0.2)
        yield lab
    finally:
        server.terminate()  # it ends its kernels first
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
