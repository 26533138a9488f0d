"""Follow the guide on both machines, and print what was done and what came of it."""

import argparse
import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.admin_guide.guide import find_block, to_commands
from tests.admin_guide.machine import BY_HAND, Failed, Machine, make_bare
from tests.admin_guide.steps import CERTIFICATE, FIRST, SECOND, Do, Follow, Step, Wait

CHECKOUT = Path(__file__).parents[2]

LINES = 18
"""Of the output of a command that are printed, the last ones."""

_FROM_OUTSIDE = ("apt-get ", "/opt/fedcom/venv/bin/pip ")


def main() -> int:
    """0 if every command of the guide did what the guide says."""
    parser = argparse.ArgumentParser(prog="python -m tests.admin_guide", description=__doc__)
    parser.add_argument(
        "--bare", type=Path, help="a tar of a bare Debian 12, made if it is not there"
    )
    asked = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        parser.error("this needs root and the package mmdebstrap, on Debian 12")
    folder = Path(tempfile.mkdtemp(prefix="fedcom-guide-"))
    bare = asked.bare or folder / "bare.tar"
    try:
        if not bare.exists():
            print("Making a bare Debian 12 …", flush=True)
            make_bare(bare)
        source = folder / "source.git"
        subprocess.run(["git", "clone", "--quiet", "--bare", CHECKOUT, source], check=True)
        with Machine(folder / "first", bare, source) as first:
            _certify(first)
            _follow("first machine", first, FIRST)
            _take_away(first, folder)
        with Machine(folder / "second", bare, source) as second:
            _certify(second)
            _bring(second, folder)
            _follow("second machine", second, SECOND)
    except (Failed, LookupError) as error:
        print(f"\nFAILED: {error}")
        return 1
    finally:
        shutil.rmtree(folder)
    print("\nThe guide works as written, apart from what is marked as replaced.")
    return 0


def _follow(name: str, machine: Machine, steps: Iterable[Step]) -> None:
    print(f"\n===== {name} =====", flush=True)
    for step in steps:
        began = time.monotonic()
        if isinstance(step, Wait):
            machine.wait_for(step.script, step.prints)
        elif isinstance(step, Do):
            _do(machine, step)
        else:
            _follow_block(machine, step)
        seconds = time.monotonic() - began
        if seconds > 1:
            print(f"    ({seconds:.0f} s)", flush=True)


def _do(machine: Machine, step: Do) -> None:
    print(f"\n## {step.what}", flush=True)
    said = machine.run(step.script)
    _show(said)
    if step.prints not in said:
        raise Failed(f"{step.what}: {step.prints!r} was expected")


def _follow_block(machine: Machine, step: Follow) -> None:
    block = find_block(step.document, step.heading, step.number)
    text = block.text
    print(f"\n## {block}", flush=True)
    for one in step.replace:
        if one.old not in text:
            raise LookupError(f"{block} has no {one.old!r}")
        text = text.replace(one.old, one.new)
        print(f"# replaced ({one.why}):\n#   {one.old.strip()!r}\n#   {one.new.strip()!r}")
    if step.path:
        _write(machine, step, text)
        return
    commands = to_commands(text)
    for command in commands:
        print(f"$ {command}", flush=True)
    script = "\n".join(
        f"outside {command}" if command.startswith(_FROM_OUTSIDE) else command
        for command in commands
    )
    if step.until is None:
        _show(machine.run(script))
        return
    running = machine.begin(script)
    _show(machine.wait_for(*step.until))
    print("^C")
    machine.run(f"kill -INT -- -$(cat {BY_HAND})")
    said, _ = running.communicate(timeout=60)
    _show(said)


def _write(machine: Machine, step: Follow, text: str) -> None:
    print(f"# written to {step.path}")
    before = machine.run(f"cat {step.path}") if step.adds else ""
    machine.write(step.path, before + text)


def _show(said: str) -> None:
    lines = said.splitlines()
    if len(lines) > LINES:
        print(f"    … {len(lines) - LINES} lines")
    for line in lines[-LINES:]:
        print(f"    {line[:160]}", flush=True)


def _certify(machine: Machine) -> None:
    """A certificate where certbot puts it, by an authority of the machine's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "forum.example")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("forum.example")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=60))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    machine.write(f"{CERTIFICATE}/fullchain.pem", pem)
    machine.write(f"{CERTIFICATE}/privkey.pem", private.decode())
    machine.write("/etc/fedcom/authorities.pem", pem)


def _take_away(machine: Machine, folder: Path) -> None:
    """The backup, and a wheel with its lock file, for the other machine."""
    pip = "/opt/fedcom/venv/bin/pip wheel --quiet --no-deps --no-build-isolation"
    machine.run(f"{pip} --wheel-dir /root /opt/fedcom/src")
    (folder / "taken").mkdir()
    for path in (
        *(machine.root / "root").glob("*.whl"),
        machine.root / "backup/forum.tar",
        machine.root / "opt/fedcom/src/requirements.lock",
    ):
        shutil.copy(path, folder / "taken")


def _bring(machine: Machine, folder: Path) -> None:
    (machine.root / "backup").mkdir()
    for path in (folder / "taken").iterdir():
        target = "backup" if path.suffix == ".tar" else "root"
        shutil.copy(path, machine.root / target)


if __name__ == "__main__":
    sys.exit(main())
