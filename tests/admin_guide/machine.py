"""A bare Debian 12 in a folder: with its own processes and its own network, which is only a
loopback interface with a public address. Packages are installed through the network of this
machine; nothing else reaches it, and all processes end with the machine.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType

ADDRESS = "93.184.215.14"
"""For `forum.example`: `fedcom doctor` refuses private addresses. It exists in the machine only."""

SHIMS = Path(__file__).parent / "shims"

BY_HAND = "/run/by-hand.pid"
"""The group of processes that was begun last."""

_OUTSIDE = "/run/outside-network"
_PACKAGE_SETTINGS = {name: text for name, text in os.environ.items() if name.startswith("PIP_")}


class Failed(Exception):
    """A command of the guide failed."""


def make_bare(archive: Path) -> None:
    """Write a bare Debian 12 to this tar, from the package sources of this machine."""
    sources = [*Path("/etc/apt/sources.list.d").glob("*.sources"), Path("/etc/apt/sources.list")]
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=systemd", "bookworm"]
    known = [str(one) for one in sources if one.exists()]
    subprocess.run([*command, str(archive), *known], check=True)


class Machine:
    """Started by `with`; removed afterwards, with everything in it."""

    def __init__(self, folder: Path, bare: Path, source: Path) -> None:
        self.root = folder
        self._bare, self._source = bare, source
        self._holder: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Machine":
        self.root.mkdir()
        subprocess.run(
            ["tar", "--extract", "--file", self._bare, "--directory", self.root], check=True
        )
        self._prepare()
        hold = f"""
            cd {self.root}
            touch .{_OUTSIDE}
            mount --bind /proc/self/ns/net .{_OUTSIDE}
            mount --bind {self._source} ./source
            mount --rbind /dev ./dev
            exec unshare --net --pid --fork --kill-child --mount-proc={self.root}/proc sh -c '
                ip link set lo up
                ip address add {ADDRESS}/32 dev lo
                echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
                # The first process: unlike sleep, a shell notices that orphans have ended.
                exec bash -c "while sleep 1; do true; done"'
        """
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-ec", hold]
        )
        self.wait_for("cat /proc/net/fib_trie", ADDRESS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._holder is not None:
            # With --kill-child, everything in the machine ends with it; it ignores SIGTERM.
            self._holder.kill()
            self._holder.wait()
        shutil.rmtree(self.root)

    def _prepare(self) -> None:
        """What a real machine has, and what stands in for systemd."""
        for name in ("source", "run", "var/log/units"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for path in ("/etc/resolv.conf", "/etc/pip.conf"):
            if Path(path).exists():
                shutil.copy(path, self.root / path[1:])
        certificates = _PACKAGE_SETTINGS.get("PIP_CERT")
        if certificates:
            shutil.copy(certificates, self.root / "etc/package-authorities.pem")
        hosts = f"127.0.0.1 localhost\n{ADDRESS} forum.example\n"
        self.write("/etc/hosts", hosts)
        # Questions are answered, and packages do not start their services outside.
        self.write("/etc/apt/apt.conf.d/99yes", 'APT::Get::Assume-Yes "true";\nquiet "2";\n')
        self.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
        for shim in SHIMS.iterdir():
            self.write(f"/usr/local/sbin/{shim.name}", shim.read_text(), 0o755)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file of the machine."""
        target = self.root / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def run(self, script: str, *, stdin: str = "") -> str:
        """Run a script as root; what it printed. Raises Failed."""
        done = subprocess.run(
            [*self._enter(), "bash", "-euc", script],
            input=stdin,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment(),
        )
        if done.returncode:
            raise Failed(f"{script}\n{done.stdout}\nexit code {done.returncode}")
        return done.stdout

    def begin(self, script: str) -> subprocess.Popen[str]:
        """Start a script that does not end by itself."""
        return subprocess.Popen(
            [*self._enter(), "setsid", "bash", "-euc", f"echo $$ > {BY_HAND}; {script}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment(),
        )

    def wait_for(self, script: str, answer: str) -> str:
        """Run it again and again until it prints this; what it printed. Raises Failed."""
        last = ""
        for _ in range(150):
            try:
                last = self.run(script)
                if answer in last:
                    return last
            except Failed as error:
                last = str(error)
            time.sleep(0.2)
        raise Failed(f"{answer!r} does not appear: {last}")

    def _enter(self) -> list[str]:
        assert self._holder
        pid = self._holder.pid
        child = Path(f"/proc/{pid}/task/{pid}/children").read_text().strip()
        if not child:
            raise Failed("the machine is not running")
        return [
            "nsenter",
            f"--target={child}",
            "--mount",
            "--net",
            "--pid",
            "chroot",
            str(self.root),
            "env",
            "--chdir=/root",
        ]

    def _environment(self) -> dict[str, str]:
        authorities = "/etc/fedcom/authorities.pem"
        own = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        packages = {**_PACKAGE_SETTINGS}
        if "PIP_CERT" in packages:
            packages["PIP_CERT"] = "/etc/package-authorities.pem"
        packages.pop("PIP_FIND_LINKS", None)
        if (self.root / authorities[1:]).exists():
            own["SSL_CERT_FILE"] = authorities
        return own | packages
