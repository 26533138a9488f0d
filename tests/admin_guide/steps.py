"""What is done on the two machines: the blocks of the guide in the order of the guide, what has to
be replaced in them here, and what the guide says in prose.

The first machine: SQLite, one process, nginx, from a checkout; then it moves to PostgreSQL. The
second: PostgreSQL, Redis, workers, Caddy, from a wheel, with the first one's backup.
"""

from dataclasses import dataclass

ADMIN, SCALING = "admin.md", "scaling.md"

FEDCOM = (
    "runuser -u fedcom -- env FEDCOM_CONFIG=/etc/fedcom/fedcom.toml /opt/fedcom/venv/bin/fedcom"
)
"""How the guide runs a command."""

CERTIFICATE = "/etc/letsencrypt/live/forum.example"


@dataclass(frozen=True, slots=True)
class Replacement:
    """What cannot be done as written on a machine without a public address, and why."""

    old: str
    new: str
    why: str


@dataclass(frozen=True, slots=True)
class Follow:
    """A block of the guide: commands, or with a `path` the content of this file (at its end if it
    `adds`).

    `until` is a script and what it prints once a command that does not end by itself works.
    """

    document: str
    heading: str
    number: int
    path: str = ""
    adds: bool = False
    replace: tuple[Replacement, ...] = ()
    until: tuple[str, str] | None = None
    stdin: str = ""


@dataclass(frozen=True, slots=True)
class Do:
    """A command that the guide describes in prose."""

    what: str
    script: str
    prints: str = ""
    stdin: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Until the script prints this."""

    script: str
    prints: str


Step = Follow | Do | Wait

READY = (
    "python3 -c \"import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/readyz').read())\"",
    "ready",
)
_VISIT = """python3 - <<'END'
import json, ssl, urllib.request
trusted = ssl.create_default_context(cafile="/etc/fedcom/authorities.pem")
for url, accept in (
    ("http://forum.example/", "text/html"),
    ("https://forum.example/c/village", "text/html"),
    ("https://forum.example/actor", "application/activity+json"),
    ("https://forum.example/.well-known/webfinger?resource=acct:village@forum.example", "*/*"),
):
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, context=trusted) as answer:
        body = answer.read()
        print(answer.status, answer.url, answer.headers["Content-Type"])
        if url.endswith("/actor"):
            print(json.loads(body)["publicKey"]["publicKeyPem"].split()[5][:40])
END"""
VISIT = Do(
    "look at the server from outside, as browsers and peers do",
    _VISIT,
    "200 https://forum.example/c/village",
)
DOCTOR = Do("fedcom doctor, behind the proxy", f"{FEDCOM} doctor", "ok")

_OWN_AUTHORITY = Replacement(
    "Environment=FEDCOM_CONFIG=/etc/fedcom/fedcom.toml\n",
    "Environment=FEDCOM_CONFIG=/etc/fedcom/fedcom.toml\n"
    "Environment=SSL_CERT_FILE=/etc/fedcom/authorities.pem\n",
    "our own certificate authority, as below First start",
)
_UNIT = Follow(ADMIN, "systemd", 1, "/etc/systemd/system/fedcom.service", replace=(_OWN_AUTHORITY,))
_SETTINGS = Follow(ADMIN, "First start", 1, "/etc/fedcom/fedcom.toml")
_PREPARE = (Follow(ADMIN, "Install", 1), Follow(ADMIN, "Install", 2))
_POSTGRESQL = (
    Follow(
        SCALING,
        "PostgreSQL",
        1,
        replace=(
            Replacement(
                "cd /    # a folder",
                "systemctl start postgresql; cd /    # a folder",
                "the package starts it only where systemd runs",
            ),
        ),
    ),
)

FIRST: tuple[Step, ...] = (
    *_PREPARE,
    Follow(ADMIN, "Install", 3, replace=(Replacement("<repository>", "/source", "this checkout"),)),
    _SETTINGS,
    Follow(ADMIN, "First start", 2, until=READY),
    Follow(
        ADMIN,
        "The command line",
        2,
        stdin="",
        replace=(
            Replacement('"$PASSWORD"', "a-long-enough-password", "a password"),
            Replacement("| fedcom", f"| {FEDCOM}", "the whole path, as in the block above it"),
        ),
    ),
    Do("a first community", f"{FEDCOM} community create village --by ann --title 'Village life'"),
    Follow(ADMIN, "The command line", 1),
    Follow(ADMIN, "nginx", 1, "/etc/nginx/sites-available/fedcom"),
    Follow(
        ADMIN,
        "nginx",
        2,
        replace=(
            Replacement(
                "certbot certonly --webroot --webroot-path /var/www/html"
                " --domain forum.example \\\n"
                '  --deploy-hook "systemctl reload nginx"',
                "true",
                "no certificate authority reaches this machine; it has one of its own",
            ),
        ),
    ),
    _UNIT,
    Follow(ADMIN, "systemd", 2),
    Wait(*READY),
    VISIT,
    DOCTOR,
    Follow(ADMIN, "Backup and restore", 1),
    Do("verify the backup", f"{FEDCOM} backup --verify /backup/forum.tar"),
    Follow(ADMIN, "Backup and restore", 2, "/etc/systemd/system/fedcom-backup.service"),
    Follow(ADMIN, "Backup and restore", 3, "/etc/systemd/system/fedcom-backup.timer"),
    Follow(ADMIN, "Backup and restore", 4),
    Do("what the timer does", "systemctl start fedcom-backup && ls -l /backup"),
    *_POSTGRESQL,
    Follow(SCALING, "Moving to PostgreSQL", 1),
    Follow(SCALING, "PostgreSQL", 2, "/etc/fedcom/fedcom.toml", adds=True),
    Do("start the server", "systemctl start fedcom"),
    Wait(*READY),
    VISIT,
    DOCTOR,
)

SECOND: tuple[Step, ...] = (
    *_PREPARE,
    Follow(ADMIN, "Install", 4),
    _SETTINGS,
    *_POSTGRESQL,
    Follow(SCALING, "PostgreSQL", 2, "/etc/fedcom/fedcom.toml", adds=True),
    Follow(ADMIN, "Caddy", 1),
    Follow(
        ADMIN,
        "Caddy",
        2,
        "/etc/caddy/Caddyfile",
        replace=(
            Replacement(
                "forum.example {\n",
                "forum.example {\n"
                f"    tls {CERTIFICATE}/fullchain.pem {CERTIFICATE}/privkey.pem\n",
                "no certificate authority reaches this machine; it has one of its own",
            ),
        ),
    ),
    Follow(ADMIN, "Caddy", 3),
    _UNIT,
    Do("put the backup of the other machine there", "chown -R fedcom: /backup"),
    Follow(ADMIN, "Backup and restore", 5),
    VISIT,
    Follow(SCALING, "Redis and workers", 1),
    Do("what the package does where systemd runs", "systemctl start redis-server"),
    Follow(SCALING, "Redis and workers", 2, "/etc/fedcom/fedcom.toml", adds=True),
    Follow(SCALING, "Redis and workers", 4),
    Wait(*READY),
    Wait(f"{FEDCOM} doctor", "ok       workers"),
    DOCTOR,
    Do("back it up", f"{FEDCOM} backup --overwrite /backup/forum.tar"),
    Do("stop everything", "systemctl stop fedcom fedcom-worker@1 fedcom-worker@2"),
    Do("restore it over what is there", f"{FEDCOM} restore --replace /backup/forum.tar"),
    Do("start again", "systemctl start fedcom fedcom-worker@1 fedcom-worker@2"),
    Wait(*READY),
    VISIT,
)

LEFT_OUT = {
    (ADMIN, "Monitoring", 1): "a search in the log for the id of one request",
    (SCALING, "Redis and workers", 3): "the one line by which the unit of a worker differs",
}
"""Blocks of the followed chapters that are no steps, and why."""
