"""Builds the sdist, from it the wheel, and lets that upgrade a database in an environment that has
nothing else.

Run by `make check`. Proves what no test in the checkout can: that the wheel holds the revisions,
the templates and the entry point, and that the lock file is enough to run it.
"""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    """Run a command in `folder` with nothing of ours in its environment; its output."""
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "LANG"))}
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **kept, **variables}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def build(folder: Path) -> Path:
    """The wheel that is built from the sdist that is built from the checkout."""
    build_it = (sys.executable, "-m", "build", "--no-isolation", "--outdir", folder)
    run(*build_it, "--sdist", ROOT, folder=folder)
    (sdist,) = folder.glob("fedcom-*.tar.gz")
    run("tar", "-xzf", sdist, folder=folder)
    run(*build_it, "--wheel", folder / sdist.name.removesuffix(".tar.gz"), folder=folder)
    (wheel,) = folder.glob("fedcom-*.whl")
    return wheel


def main() -> None:
    """Build, install, upgrade; ends the process with the output of the first step that fails."""
    with tempfile.TemporaryDirectory(prefix="fedcom-wheel-") as name:
        folder = Path(name)
        wheel = build(folder)
        print(f"{wheel.name}: {wheel.stat().st_size // 1024} KiB, built from its sdist")
        venv.create(folder / "empty", with_pip=True)
        pip = (folder / "empty/bin/python", "-m", "pip", "install", "--quiet", "--no-deps")
        locked = ("--disable-pip-version-check", "--require-hashes", "-r")
        run(*pip, *locked, ROOT / "requirements.lock", folder=folder)
        run(*pip, wheel, folder=folder)
        fedcom = folder / "empty/bin/fedcom"
        settings = {
            "FEDCOM_ORIGIN": "https://forum.example",
            "FEDCOM_DATA_DIR": str(folder / "data"),
        }
        for verb in ("upgrade", "check"):
            print(f"fedcom db {verb}:", run(fedcom, "db", verb, folder=folder, **settings).strip())


if __name__ == "__main__":
    main()
