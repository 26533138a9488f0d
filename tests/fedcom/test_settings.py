"""Settings: a file and variables, checked in one go, and the sentence each mistake gets."""

import stat
import threading
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from fedcom.settings import Settings, SettingsError, load_settings, split_address

PUBLIC = {"FEDCOM_ORIGIN": "https://forum.example"}
LOCAL = {"FEDCOM_ORIGIN": "http://localhost:8000", "FEDCOM_DEVELOPMENT": "1"}


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(environ: dict[str, str], config: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(config, environ)
    return caught.value.problems


def test_the_origin_is_the_only_required_setting(tmp_path: Path) -> None:
    settings = load_settings(None, PUBLIC)

    assert (settings.origin, settings.host) == ("https://forum.example", "forum.example")
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{tmp_path}/data/fedcom.sqlite3"
    assert (settings.development, settings.bind) == (False, "127.0.0.1:8000")


def test_without_settings_the_missing_ones_are_named() -> None:
    assert problems({}) == [
        "origin (FEDCOM_ORIGIN): required. The public address of this server: `https://` and"
        " a host name, without a path."
    ]


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("https://Forum.Example", "https://forum.example"),
        (" https://forum.example/ ", "https://forum.example"),
        ("https://forum.example:443", "https://forum.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_has_one_spelling(value: str, origin: str) -> None:
    assert load_settings(None, {"FEDCOM_ORIGIN": value}).origin == origin


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("http://a.localhost:8001/", "a.localhost:8001"),
        ("http://127.0.0.2", "127.0.0.2"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://localhost", "localhost"),
    ],
)
def test_development_allows_this_machine(value: str, host: str) -> None:
    assert load_settings(None, LOCAL | {"FEDCOM_ORIGIN": value}).host == host


@pytest.mark.parametrize(
    "value",
    [
        "https://forum.example",
        "http://forum.example:8000",
        "http://192.168.1.1",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://[2001:db8::1]",
    ],
)
def test_development_is_refused_for_a_public_name(value: str) -> None:
    (problem,) = problems(LOCAL | {"FEDCOM_ORIGIN": value})

    assert problem.startswith("FEDCOM_ORIGIN: ")
    assert "turn it off" in problem


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("http://forum.example", "https://"),
        ("forum.example", "https://"),
        ("https://forum.example:8443", "without a port"),
        ("https://localhost", "development"),
        ("https://127.0.0.1", "public host name"),
        ("https://forum.example/fedcom", "path"),
        ("https://forum.example?x", "path"),
        ("https://bücher.example", "xn--"),
        ("https://ann@forum.example", "public host name"),
        ("https://forum..example", "public host name"),
    ],
)
def test_an_origin_peers_could_not_use_is_refused(value: str, message: str) -> None:
    (problem,) = problems({"FEDCOM_ORIGIN": value})

    assert message in problem


def test_variables_win_over_the_file_and_empty_ones_count_as_none(tmp_path: Path) -> None:
    file = tmp_path / "fedcom.toml"
    file.write_text('origin = "https://file.example"\nbind = "[::1]:9000"\nlog_level = "debug"\n')

    settings = load_settings(None, PUBLIC | {"FEDCOM_LOG_LEVEL": ""})

    assert settings.origin == "https://forum.example"
    assert (settings.bind, settings.log_level) == ("[::1]:9000", "debug")


def test_the_file_is_the_one_given_then_the_one_named_then_the_one_here(tmp_path: Path) -> None:
    for name in ("given.toml", "named.toml", "fedcom.toml"):
        (tmp_path / name).write_text(f'origin = "https://{name[:-5]}.example"')
    named = {"FEDCOM_CONFIG": str(tmp_path / "named.toml")}

    assert load_settings(tmp_path / "given.toml", named).host == "given.example"
    assert load_settings(None, named).host == "named.example"
    assert load_settings(None, {}).host == "fedcom.example"


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), ("origin =", "not valid TOML"), ("\udcff", "cannot be read")],
)
def test_a_file_that_cannot_be_used_is_a_problem(
    tmp_path: Path, content: str | None, message: str
) -> None:
    file = tmp_path / "given.toml"
    if content is not None:
        file.write_bytes(content.encode(errors="surrogateescape"))

    assert message in problems(PUBLIC, file)[0]


def test_an_unknown_setting_is_reported_with_the_nearest_known_one(tmp_path: Path) -> None:
    (tmp_path / "fedcom.toml").write_text('orgin = "x"\n[tables]\nx = 1\n')

    assert problems(PUBLIC | {"FEDCOM_DATABSE_URL": "x", "FEDCOM_ZZZ": "x"}) == [
        "orgin: unknown setting; did you mean origin?",
        "tables: unknown setting; see docs/settings.md for the list.",
        "FEDCOM_DATABSE_URL: unknown setting; did you mean FEDCOM_DATABASE_URL?",
        "FEDCOM_ZZZ: unknown setting; see docs/settings.md for the list.",
    ]


def test_environment_variables_of_the_test_run_are_ignored() -> None:
    load_settings(None, PUBLIC | {"FEDCOM_TEST_REDIS_URL": "redis://127.0.0.1", "PATH": "/bin"})


def test_all_errors_are_reported_at_once_without_secrets() -> None:
    found = problems(
        {
            "FEDCOM_ORIGIN": "nonsense",
            "FEDCOM_DATABASE_URL": "mysql://ann:hunter2@h/n",
            "FEDCOM_SECRET_KEY": "hunter2",
            "FEDCOM_BIND": "8000",
            "FEDCOM_TRUSTED_PROXIES": "10.0.0.0/8, proxy",
            "FEDCOM_REDIS_URL": "http://:hunter2@h",
            "FEDCOM_ADMIN_PASSWORD": "hunter2",
            "FEDCOM_LOG_LEVEL": "loud",
            "FEDCOM_DEVELOPMENT": "perhaps",
        }
    )

    assert sorted(problem.partition(":")[0] for problem in found) == [
        "FEDCOM_ADMIN_PASSWORD",
        "FEDCOM_BIND",
        "FEDCOM_DATABASE_URL",
        "FEDCOM_DEVELOPMENT",
        "FEDCOM_LOG_LEVEL",
        "FEDCOM_ORIGIN",
        "FEDCOM_REDIS_URL",
        "FEDCOM_SECRET_KEY",
        "FEDCOM_TRUSTED_PROXIES",
    ]
    assert "hunter2" not in "\n".join(found)


def test_settings_do_not_show_their_secrets_and_never_change() -> None:
    environ = PUBLIC | {
        "FEDCOM_DATABASE_URL": "postgresql://ann:hunter2@h/n",
        "FEDCOM_REDIS_URL": "redis://:hunter2@h",
        "FEDCOM_SECRET_KEY": "hunter2" * 5,
        "FEDCOM_ADMIN_NAME": "ann",
        "FEDCOM_ADMIN_PASSWORD": "hunter2",
    }
    settings = load_settings(None, environ)

    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.origin = "https://other.example"  # that it is refused is the test


def test_proxies_are_addresses_or_networks(tmp_path: Path) -> None:
    (tmp_path / "fedcom.toml").write_text('trusted_proxies = ["10.1.2.3/8", "::1"]')

    from_file = load_settings(None, PUBLIC).trusted_proxies
    from_variable = load_settings(
        None, PUBLIC | {"FEDCOM_TRUSTED_PROXIES": "10.1.2.3/8,::1"}
    ).trusted_proxies

    assert from_file == from_variable == (ip_network("10.0.0.0/8"), ip_network("::1"))


def test_there_may_be_several_security_contacts(tmp_path: Path) -> None:
    (tmp_path / "fedcom.toml").write_text(
        'security_contact = ["mailto:security@forum.example", "https://forum.example:8443/report"]\n'
        'security_languages = ["en", "pt-BR"]'
    )

    from_file = load_settings(None, PUBLIC)
    from_variables = load_settings(
        None,
        PUBLIC
        | {
            "FEDCOM_SECURITY_CONTACT": (
                "mailto:security@forum.example, https://forum.example:8443/report"
            ),
            "FEDCOM_SECURITY_LANGUAGES": "en,pt-BR",
        },
    )

    assert from_file == from_variables
    assert from_file.security_languages == ("en", "pt-BR")


@pytest.mark.parametrize(
    "value",
    [
        "security@forum.example",
        "mailto:security",
        "mailto:a@b@forum.example",
        "mailto:<a@forum.example>",
        "mailto:büro@forum.example",
        "http://forum.example/report",
        "https://",
        "https://ann@forum.example/",
        "https://forum.example/\u00e4",
        "https://forum.example/\x0bPolicy:",
        "javascript:alert(1)",
        "mailto:security@forum.example, here",
    ],
)
def test_a_contact_that_nobody_could_use_is_refused(value: str) -> None:
    (problem,) = problems(PUBLIC | {"FEDCOM_SECURITY_CONTACT": value})

    assert problem.startswith("FEDCOM_SECURITY_CONTACT: must be addresses such as mailto:")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FEDCOM_SECURITY_POLICY", "http://forum.example/policy"),
        ("FEDCOM_SECURITY_POLICY", "https://forum.example/a b"),
        ("FEDCOM_SECURITY_LANGUAGES", "en_GB"),
        ("FEDCOM_SECURITY_LANGUAGES", "en;de"),
    ],
)
def test_the_other_fields_of_security_txt_are_checked(name: str, value: str) -> None:
    contact = {"FEDCOM_SECURITY_CONTACT": "mailto:security@forum.example"}

    (problem,) = problems(PUBLIC | contact | {name: value})
    assert problem.startswith(f"{name}: must be ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FEDCOM_SECURITY_POLICY", "https://forum.example/policy"),
        ("FEDCOM_SECURITY_LANGUAGES", "en"),
    ],
)
def test_security_txt_needs_a_contact(name: str, value: str) -> None:
    assert problems(PUBLIC | {name: value}) == [f"{name}: needs security_contact as well"]


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("[::1]:80", ("::1", 80)),
        ("localhost:0", ("localhost", 0)),
        ("::1:80", ("", 0)),
        ("[::1]", ("", 0)),
        ("8000", ("", 8000)),
        ("127.0.0.1:http", ("", 0)),
        (":8000", ("", 8000)),
    ],
)
def test_an_address_to_listen_on_has_a_host_and_a_port(
    address: str, parts: tuple[str, int]
) -> None:
    assert split_address(address) == parts


@pytest.mark.parametrize("value", ["127.0.0.1", ":8000", "127.0.0.1:70000", "::1:80"])
def test_another_address_is_refused(value: str) -> None:
    assert problems(PUBLIC | {"FEDCOM_BIND": value})


def test_the_secret_is_made_once_and_readable_by_its_owner_only() -> None:
    settings = load_settings(None, PUBLIC)
    first = settings.read_secret()
    file = settings.data_dir / "secret.key"

    assert len(first) == 32
    assert settings.read_secret() == load_settings(None, PUBLIC).read_secret() == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in settings.data_dir.iterdir()] == ["secret.key"]


def test_of_two_processes_that_start_together_both_have_one_secret() -> None:
    settings = load_settings(None, PUBLIC)
    start = threading.Barrier(8)
    seen: list[bytes] = []

    def begin() -> None:
        start.wait(10)
        seen.append(settings.read_secret())

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_a_secret_that_was_given_leaves_the_folder_alone() -> None:
    settings = load_settings(None, PUBLIC | {"FEDCOM_SECRET_KEY": "0123456789abcdef" * 2})

    assert len(settings.read_secret()) == 32
    assert not settings.data_dir.exists()


def test_a_secret_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")

    with pytest.raises(SettingsError, match=r"secret\.key"):
        load_settings(None, PUBLIC).read_secret()


def test_settings_can_be_made_by_hand_for_tests(tmp_path: Path) -> None:
    made = Settings(origin="http://127.0.0.1:8001", development=True, data_dir=tmp_path)

    assert made.host == "127.0.0.1:8001"
