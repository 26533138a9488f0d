"""The settings: one TOML file and `FEDCOM_*` variables, checked at the start with a message for
each mistake.

Only the settings that an admin must give before the server can run are here; everything that can
wait until it runs is in the database. Every field has its own documentation: `docs/settings.md` is
written from this file (`make fix`), and a test compares the two.
"""

import difflib
import hashlib
import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo

from activitypub.errors import Malformed
from activitypub.iri import check_iri, host_of, origin_of
from fedcom.db import make_folder, normalise_url

PREFIX = "FEDCOM_"
CONFIG_VARIABLE = "FEDCOM_CONFIG"
DEFAULT_CONFIG = Path("fedcom.toml")
NOT_OURS = "FEDCOM_TEST_"
"""Variables with these prefixes belong to the test run and are ignored."""

_MAILTO = re.compile(r"mailto:[!-;=?A-~]+@[!-;=?A-~]+")  # RFC 6068: visible ASCII but < > and @
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")  # RFC 5646, as far as anybody uses it


class SettingsError(Exception):
    """The settings cannot be used; `problems` has a sentence for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def _to_items(value: Any) -> Any:
    """A list of texts; a variable has them between commas or spaces."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _to_networks(value: Any) -> Any:
    """Converts addresses and networks to networks."""
    try:
        return tuple(ipaddress.ip_network(item, strict=False) for item in _to_items(value))
    except (TypeError, ValueError) as error:
        raise ValueError(f"must be addresses or networks: {error}") from error


def _check_address(value: str) -> str:
    host, port = split_address(value)
    if not host:
        raise ValueError("must be address:port, such as 127.0.0.1:8000 or [::1]:8000")
    if port > 65535:
        raise ValueError(f"{port} is not a valid port")
    return value


def split_address(value: str) -> tuple[str, int]:
    """Splits `127.0.0.1:8000` or `[::1]:8000` into host and port; an empty host if it is
    neither.
    """
    host, _, port = value.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not port.isdecimal() or not port.isascii() or (":" in bare) != host.startswith("["):
        return "", 0
    return bare, int(port)


def _check_redis(value: str) -> str:
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return value


def _check_contact(value: str) -> str:
    if not _MAILTO.fullmatch(value) and not _is_https(value):
        raise ValueError("must be addresses such as mailto:security@forum.example or https://…")
    return value


def _check_policy(value: str) -> str:
    if not _is_https(value):
        raise ValueError("must be the address of a page, such as https://forum.example/policy")
    return value


def _check_language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError("must be language tags, such as en or pt-BR")
    return value


def _is_https(value: str) -> bool:
    # With ports and without the rules for peers: only people open this link.
    try:
        check_iri(value, development=True)
    except Malformed:
        return False
    return value.isascii() and value.startswith("https://")


def _is_local(origin: str) -> bool:
    """Whether the host of `origin` always means this machine: localhost, *.localhost, loopback."""
    name = host_of(origin)
    name = name[1 : name.index("]")] if name.startswith("[") else name.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(name).is_loopback
    return False


class Settings(BaseModel):
    """The server's settings from its start; they never change while it runs."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True
    )

    development: bool = Field(
        default=False,
        description="For trying things out on one machine: allows plain http, ports and loopback"
        " addresses, for this server and its peers. Refused if the origin is a public name.",
    )
    origin: str = Field(
        description="The public address of this server: `https://` and a host name, without a"
        " path. It becomes part of the identity of everything posted here, so it is stored at the"
        " first start and cannot be changed later.",
        examples=["https://forum.example"],
    )
    data_dir: Path = Field(
        default=Path("data"),
        description="The folder for the server's files: the SQLite database (unless `database_url`"
        " names another database), the secret key and pictures. Created if it does not exist.",
    )
    database_url: str = Field(
        default="",
        repr=False,
        description="The database: `sqlite:///relative/path`, `sqlite:////absolute/path` or"
        " `postgresql://user:password@host/name`.",
        json_schema_extra={"default": "`fedcom.sqlite3` in `data_dir`"},
    )
    media_dir: Path = Field(
        default=Path(),
        description="The folder for pictures: uploads by members, link previews, and copies of"
        " remote pictures. Not used with `s3_url`.",
        json_schema_extra={"default": "`media` in `data_dir`"},
    )
    s3_url: SecretStr | None = Field(
        default=None,
        description="S3-compatible storage for pictures instead of `media_dir`:"
        " `https://ACCESS_KEY:SECRET_KEY@host/bucket`, with `?region=…` if it has regions. Special"
        " characters in the secret key are percent-encoded as in any URL (`%2F` for `/`). The"
        " bucket needs no public access: pictures are served by this server. Needs the package"
        " boto3.",
        examples=["https://KEY:SECRET@s3.eu-central-1.example.com/pictures?region=eu-central-1"],
    )
    picture_megabytes: int = Field(
        default=10,
        ge=1,
        le=100,
        description="The maximum size of a picture that a member uploads or that is fetched from"
        " another server, in millions of bytes. The stored version is smaller.",
    )
    remote_pictures_megabytes: int = Field(
        default=1000,
        ge=0,
        description="How much space in `media_dir` copies of remote pictures may take, in millions"
        " of bytes. The oldest copies are deleted first, and none is kept for longer than 30 days.",
    )
    proxy_pictures_for_apps: bool = Field(
        default=False,
        description="Whether the API names pictures of other servers by an address of this one, so"
        " that those servers do not see who reads what in an app, as `ProxyAllImages` in Lemmy. The"
        " pages always do. Copies are kept as `remote_pictures_megabytes` says.",
    )
    member_limits: bool = Field(
        default=True,
        description="Whether members have the limits listed at `/help/limits`. Turn this off only"
        " for imports or tests: the limits prevent floods of posts.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="A secret of at least 32 characters that nobody can guess. The private keys in"
        " the database are encrypted with a key derived from it. If not set, one is generated at"
        " the first start and stored in `secret.key` in `data_dir`, readable only by the owner. A"
        " backup without it is incomplete: servers that know the old private keys would reject"
        " new ones.",
    )
    bind: Annotated[str, AfterValidator(_check_address)] = Field(
        default="127.0.0.1:8000",
        description="The address and port to listen on. Keep it on loopback behind a reverse"
        " proxy.",
    )
    trusted_proxies: Annotated[
        tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_to_networks)
    ] = Field(
        default=(IPv4Network("127.0.0.1/32"), IPv6Network("::1/128")),
        description="Addresses or networks of the reverse proxies whose `X-Forwarded-For` is"
        " trusted. In the environment variable, separate them with commas.",
        json_schema_extra={"default": "`127.0.0.1, ::1`"},
    )
    max_connections: int = Field(
        default=1000,
        ge=20,
        le=100_000,
        description="The maximum number of open client connections. A single address may use a"
        " tenth of them, unless it is one of `trusted_proxies`. The limit is lower if the system"
        " allows fewer than twice as many open files.",
    )
    redis_url: Annotated[str, AfterValidator(_check_redis)] | None = Field(
        default=None,
        repr=False,
        description="If set, `fedcom worker` processes (as many as you like) make the deliveries,"
        " woken through this Redis. If not set, the server makes them itself. Deliveries are"
        " stored in the database either way, so nothing is lost if Redis is.",
        examples=["redis://127.0.0.1:6379/0"],
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="The mail server for e-mail to members: `smtp://user:password@host:587` (uses"
        " STARTTLS if offered; a password is never sent without it, except to this machine) or"
        " `smtps://user:password@host:465`. Special characters in the password are percent-encoded"
        " as in any URL (`%40` for `@`). If not set, no e-mail is sent, and members who forget"
        " their password have to ask an admin.",
        examples=["smtp://127.0.0.1:25"],
    )
    mail_from: str | None = Field(
        default=None,
        description="The sender of e-mail to members: an address, or `Name <address>`.",
        json_schema_extra={"default": "`noreply@` and the name of this server"},
    )
    admin_name: str | None = Field(
        default=None,
        min_length=1,
        description="Together with `admin_password`: the account of the first admin, created at"
        " the first start instead of on the set-up page. Ignored once there is an admin.",
    )
    admin_password: SecretStr | None = Field(
        default=None,
        description="The first admin's password. Set it in an environment variable rather than in"
        " the file, and remove it after the first start.",
    )
    security_contact: Annotated[
        tuple[Annotated[str, AfterValidator(_check_contact)], ...], BeforeValidator(_to_items)
    ] = Field(
        default=(),
        description="Where to report a security problem of this server: one or more `mailto:` or"
        " `https://` addresses, the preferred one first. They are published in"
        " `/.well-known/security.txt` (RFC 9116), where researchers look. If not set, there is no"
        " such file. In the environment variable, separate them with commas.",
        examples=['["mailto:security@forum.example"]'],
    )
    security_policy: Annotated[str, AfterValidator(_check_policy)] | None = Field(
        default=None,
        description="The page that says what reporters may do and what they can expect. Published"
        " in `security.txt`; needs `security_contact`.",
        examples=["https://forum.example/post/1"],
    )
    security_languages: Annotated[
        tuple[Annotated[str, AfterValidator(_check_language)], ...], BeforeValidator(_to_items)
    ] = Field(
        default=(),
        description="The languages in which you can read reports, as language tags. Published in"
        " `security.txt`; needs `security_contact`. In the environment variable, separate them"
        " with commas.",
        examples=['["en", "de"]'],
    )
    metrics_bind: Annotated[str, AfterValidator(_check_address)] | None = Field(
        default=None,
        description="If set, `GET /metrics` is answered at this address and port, with figures for"
        " Prometheus: do not let strangers reach it. Each process needs a port of its own: give"
        " workers another one in the environment.",
        examples=["127.0.0.1:9464"],
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="The lowest level that is logged: `debug`, `info`, `warning` or `error`.",
    )
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto",
        description="`json`: one JSON object per line. `text`: for people. `auto`: text on a"
        " terminal, JSON otherwise.",
    )

    @field_validator("origin")
    @classmethod
    def _check_origin(cls, value: str, known: ValidationInfo) -> str:
        development = bool(known.data.get("development"))
        origin = value.strip().rstrip("/").lower()
        if not origin.isascii():
            raise ValueError("must be ASCII: write the host name in its DNS form (xn--…)")
        _check_origin_form(origin, development=development)
        if development and not _is_local(origin):
            raise ValueError(
                f"{origin} is a public address, but development is on, which is only for"
                " localhost, *.localhost and loopback addresses: turn it off"
            )
        return origin_of(origin)

    @field_validator("data_dir")
    @classmethod
    def _make_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("media_dir")
    @classmethod
    def _place_media(cls, value: Path, known: ValidationInfo) -> Path:
        if value == Path() and "data_dir" in known.data:
            return Path(known.data["data_dir"]) / "media"
        return value.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: str, known: ValidationInfo) -> str:
        if not value and "data_dir" in known.data:
            value = f"sqlite:///{known.data['data_dir']}/fedcom.sqlite3"
        if value:
            normalise_url(value)
        return value

    @field_validator("secret_key")
    @classmethod
    def _check_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @field_validator("s3_url")
    @classmethod
    def _check_s3(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value.get_secret_value())
            is_fine = (
                parts.scheme in {"http", "https"}
                and parts.hostname
                and parts.port != 0
                and parts.username
                and parts.password
                and re.fullmatch(r"/[\w.-]+/?", parts.path)
            )
        except ValueError:
            is_fine = False
        if not is_fine:
            raise ValueError("must look like https://ACCESS_KEY:SECRET_KEY@host/bucket")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value.get_secret_value())
            is_fine = parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.port != 0
        except ValueError:
            is_fine = False
        if not is_fine:
            raise ValueError("must look like smtp://user:password@host:587 or smtps://host")
        return value

    @field_validator("mail_from")
    @classmethod
    def _check_sender(cls, value: str | None) -> str | None:
        if value is not None and ("@" not in parseaddr(value)[1] or not value.isprintable()):
            raise ValueError("must be an e-mail address, such as noreply@forum.example")
        return value

    @field_validator("admin_password")
    @classmethod
    def _check_admin(cls, value: SecretStr | None, known: ValidationInfo) -> SecretStr | None:
        if "admin_name" in known.data and (value is None) != (known.data["admin_name"] is None):
            raise ValueError("admin_name and admin_password go together: give both or neither")
        return value

    @field_validator("security_policy", "security_languages")
    @classmethod
    def _check_security(cls, value: Any, known: ValidationInfo) -> Any:
        if value and known.data.get("security_contact") == ():
            raise ValueError("needs security_contact as well")
        return value

    @property
    def host(self) -> str:
        """The name (in development with its port) by which the world knows this server."""
        return host_of(self.origin)

    @property
    def sends_mail(self) -> bool:
        """Whether e-mail to members is configured."""
        return self.smtp_url is not None

    @property
    def mail_sender(self) -> str:
        """The sender of e-mail."""
        return self.mail_from or f"noreply@{self.host.partition(':')[0]}"

    def read_secret(self, *, make: bool = True) -> bytes:
        """The 32 bytes with which private keys are encrypted; created and stored at the first call.

        Without `make` they must exist. Raises SettingsError if the file cannot be read or created.
        """
        return _to_key(self.secret_text(make=make))

    @property
    def secret_file(self) -> Path:
        """Where the secret key is, unless it is a setting."""
        return self.data_dir / "secret.key"

    def secret_text(self, *, make: bool = False) -> str:
        """The secret key as it is set or stored. With `make`, a missing file is created.

        Raises SettingsError if the file cannot be read or created.
        """
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        path = self.secret_file
        try:
            if make and not path.exists():
                write_secret(path, secrets.token_urlsafe(32))
            return path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                [f"the secret key {path} cannot be read or created: {error}"]
            ) from error


def _check_origin_form(origin: str, *, development: bool) -> None:
    try:
        check_iri(origin, development=development)
        if not {"/", "?", "#"}.isdisjoint(origin.partition("://")[2]):
            raise ValueError("must not have a path, a query or a fragment")
    except Malformed as error:
        rule = (
            "must be http:// or https:// and a host name, such as http://localhost:8000"
            if development
            else "must be https:// and a public host name without a port, such as"
            " https://forum.example (http, ports and localhost need development)"
        )
        raise ValueError(rule) from error


def _to_key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def write_secret(path: Path, secret: str) -> None:
    """Write a file that only its owner can read, unless there is one. Raises OSError."""
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600, exist_ok=False)
    with draft.open("w", encoding="utf-8") as file:
        file.write(f"{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)  # of two processes that start together, the first one's key stays
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def load_settings(config: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings: the TOML file `config` (else the one that `FEDCOM_CONFIG` names, else
    `fedcom.toml` here if it exists), then the `FEDCOM_*` variables of `environ`, which take
    precedence; an empty variable counts as unset.

    Raises SettingsError, which lists all mistakes.
    """
    problems: list[str] = []
    values, given_as = {}, {}
    for source, name, value in [*_from_file(config, environ, problems), *_from_variables(environ)]:
        key = name.removeprefix(PREFIX).lower() if source == "variable" else name
        if key in Settings.model_fields:
            values[key], given_as[key] = value, name
        else:
            problems.append(_unknown(name, source))
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += [_problem(dict(wrong), given_as) for wrong in error.errors()]
    if problems:
        raise SettingsError(problems)
    return settings


_Given = tuple[Literal["file", "variable"], str, Any]


def _from_file(
    config: Path | None, environ: Mapping[str, str], problems: list[str]
) -> list[_Given]:
    path = config or Path(environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)
    if path == DEFAULT_CONFIG and config is None and not path.exists():
        return []
    try:
        return [("file", name, value) for name, value in tomllib.loads(path.read_text()).items()]
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"the file {path} cannot be read: {error}")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"the file {path} is not valid TOML: {error}")
    return []


def _from_variables(environ: Mapping[str, str]) -> list[_Given]:
    return [
        ("variable", name, value)
        for name, value in sorted(environ.items())
        if name.startswith(PREFIX)
        and not name.startswith(NOT_OURS)
        and name != CONFIG_VARIABLE
        and value
    ]


def _unknown(name: str, source: str) -> str:
    known = list(Settings.model_fields)
    prefix = PREFIX if source == "variable" else ""
    near = difflib.get_close_matches(name.removeprefix(prefix).lower(), known, n=1)
    if near:
        spelt = prefix + near[0].upper() if prefix else near[0]
        return f"{name}: unknown setting; did you mean {spelt}?"
    return f"{name}: unknown setting; see docs/settings.md for the list."


def _problem(error: dict[str, Any], given_as: Mapping[str, str]) -> str:
    key = error["loc"][0]
    name = given_as.get(key) or f"{key} ({PREFIX}{key.upper()})"
    if error["type"] == "missing":
        return f"{name}: required. {_first_sentence(Settings.model_fields[key])}"
    return f"{name}: {error['msg'].removeprefix('Value error, ')}"


def _first_sentence(field: FieldInfo) -> str:
    return (field.description or "").partition(". ")[0] + "."


def markdown() -> str:
    """The text of docs/settings.md."""
    parts = [_MARKDOWN_HEAD]
    for name, field in Settings.model_fields.items():
        variable = f"Variable `{PREFIX}{name.upper()}`."
        parts += [f"## `{name}`", f"{variable} {_default_text(field)}", str(field.description)]
        parts += [f"Example: `{example}`" for example in field.examples or ()]
    return "\n\n".join(parts) + "\n"


def _default_text(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict):
        return f"Default: {extra['default']}."
    if field.is_required():
        return "**Required.**"
    if field.default in (None, ()):
        return "Not set by default."
    default = str(field.default).lower() if isinstance(field.default, bool) else field.default
    return f"Default: `{default}`."


_MARKDOWN_HEAD = f"""\
# Settings

<!-- Written by `make fix` from fedcom/settings.py: change it there. -->

Settings are read once, at the start, from a TOML file and from environment variables; a variable
overrides the file. The file is the one given with `--config`, otherwise the one named by
`{CONFIG_VARIABLE}`, otherwise `{DEFAULT_CONFIG}` in the current folder if it exists. An unknown
setting, in the file or in a variable that begins with `{PREFIX}`, is an error, so that typos are
noticed. Empty variables are ignored.

```toml
origin = "https://forum.example"
data_dir = "/var/lib/fedcom"
database_url = "postgresql://fedcom@localhost/fedcom"
```"""
