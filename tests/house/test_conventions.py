"""The rules of the house that no linter knows: who may commit, what a module says first, what stays
out of the tree.
"""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("activitypub", "database", "inbox", "outbox", "fedcom")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
SUPPORT = sorted([*(ROOT / "tests/support").rglob("*.py"), *(ROOT / "alembic").rglob("*.py")])

OPENS_TRANSACTIONS = {"fedcom/db.py", "fedcom/migrate.py"}
"""Where `.begin(` may stand: units of work are `Database.write`, upgrades are their own."""

STARTS_UNITS = {
    "fedcom/units.py",
    "fedcom/refresh.py",
    "fedcom/remote/nodeinfo.py",
    "fedcom/remote/handles.py",
    "fedcom/site/setup.py",
    "fedcom/background/active_users.py",
    "fedcom/background/daily_counts.py",
    "fedcom/background/housekeeping.py",
    "fedcom/background/purges.py",
    "fedcom/background/search_words.py",
    "fedcom/cli/backups.py",
}
"""Where, inside fedcom, a unit of work that writes may be started (the engines start their own)."""

NO_NAMES = {"utils", "helpers", "common", "core", "manager", "service"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [path for entry in listed.split("\0") if entry and (path := ROOT / entry).is_file()]


def lines_with(pattern: str, paths: list[Path]) -> list[str]:
    """`file:line: text` of every line that has `pattern`."""
    wanted = re.compile(pattern)
    return [
        f"{name(path)}:{number}: {line.strip()[:120]}"
        for path in paths
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if wanted.search(line)
    ]


def test_the_modules_are_found() -> None:
    assert {name(path).split("/")[0] for path in MODULES} == set(ROOMS)


@pytest.mark.parametrize("path", [*MODULES, *SUPPORT], ids=name)
def test_every_module_has_a_docstring_that_starts_with_its_purpose(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))

    assert docstring, "no docstring"
    first = docstring.partition("\n\n")[0]
    assert len(first) > 15, "the first sentence says nothing"
    assert first[-1] in ".:?", "the first paragraph is no sentence"


def test_packages_re_export_nothing() -> None:
    with_code = [
        name(path)
        for path in MODULES
        if path.name == "__init__.py" and len(ast.parse(path.read_text()).body) != 1
    ]

    assert with_code == []


def test_no_code_commits_by_itself() -> None:
    assert lines_with(r"\.(commit|rollback)\(", MODULES) == []


def test_transactions_are_opened_only_in_the_places_for_it() -> None:
    elsewhere = [path for path in MODULES if name(path) not in OPENS_TRANSACTIONS]
    fedcom = [
        path
        for path in MODULES
        if name(path).startswith("fedcom/") and name(path) not in STARTS_UNITS
    ]

    assert lines_with(r"\.begin\(", elsewhere) == []
    assert lines_with(r"\b_?(database|db)\.write\(", fedcom) == []


def test_the_engines_do_not_know_what_activities_are_about() -> None:
    engines = [
        path for path in MODULES if name(path).split("/")[0] in {"database", "inbox", "outbox"}
    ]

    assert lines_with(r"(?i)communit|moderat|modlog|\bcomments?\b", engines) == []


def test_only_the_identity_reads_session_cookies_and_bearer_tokens() -> None:
    """Each surface asks it, or one of them will forget an expired session or a form's token."""
    elsewhere = [path for path in MODULES if name(path) != "fedcom/http/identity.py"]

    assert lines_with(r"session_cookie_name", elsewhere) == []
    assert lines_with(r"""headers(\.get\(|\[)["']authorization""", elsewhere) == []
    assert {name(path) for path in MODULES if lines_with(r"\bfind_cookie\(", [path])} == {
        "fedcom/http/cookies.py",
        "fedcom/http/devices.py",
        "fedcom/http/identity.py",
        "fedcom/web/html/flash.py",
        "fedcom/web/html/request_context.py",  # of the announcement that a guest dismissed
    }
    assert lines_with(r"request\.cookies\b(?!`)|cookie_parser", MODULES) == []


@pytest.mark.parametrize(
    "folder", [path.parent for path in MODULES if path.name == "__init__.py"], ids=name
)
def test_a_package_docstring_names_its_modules(folder: Path) -> None:
    inside = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    inside |= {path.parent.name for path in folder.glob("*/__init__.py")}
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""

    assert inside - set(re.findall(r"\w+", docstring)) == set()


def test_there_is_no_orm() -> None:
    # Of the extensions, only the compiler is not for the ORM.
    assert lines_with(r"sqlalchemy\.(orm|ext\.(?!compiler))", MODULES) == []


def test_the_folder_of_the_revisions_never_shadows_alembic() -> None:
    assert not (ROOT / "alembic/__init__.py").exists()


def test_no_two_classes_have_one_name() -> None:
    # The structs of the API have the names that Lemmy's clients give them, which are also ours for
    # what they are made of.
    found: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not name(path).startswith("fedcom/api/v3/"):
                found.setdefault(node.name, []).append(name(path))

    assert {class_name: files for class_name, files in found.items() if len(files) > 1} == {}


def test_module_names_are_not_vague() -> None:
    vague = [
        name(path) for path in MODULES if NO_NAMES & set(Path(name(path)).with_suffix("").parts)
    ]

    assert vague == []


def test_no_banners_and_nothing_put_off() -> None:
    put_off = "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "Not" + "ImplementedError"])
    tests = [path for path in tracked() if name(path).startswith("tests/") and path.suffix == ".py"]

    assert lines_with(r"^\s*#\s*[-=#*]{4,}", [*MODULES, *SUPPORT, *tests]) == []
    assert lines_with(rf"\b({put_off})\b", [*MODULES, *SUPPORT, *tests]) == []


def test_no_test_is_skipped_and_no_line_left_uncounted() -> None:
    markers = ["mark." + "skip", "mark." + "xfail", "pytest." + "skip", "pragma: " + "no cover"]
    python = [path for path in tracked() if path.suffix == ".py"]

    assert lines_with("|".join(map(re.escape, markers)), python) == []


def test_the_tree_names_no_machine_and_no_registry() -> None:
    registries = rf"({'py' + 'pi'}|{'python' + 'hosted'}|{'npm' + 'js'})\.[a-z]{{2,}}"
    homes = r"/(root|Users/\w+|home/(?!fedcom\b)\w+)/"
    here = re.escape(str(ROOT)) + r"\b"

    assert lines_with(rf"{registries}|{homes}|{here}", tracked()) == []


def test_the_lock_files_pin_with_hashes_and_name_no_host() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        pins = [line for line in lock.read_text().splitlines() if not line.startswith("    ")]
        assert all(re.match(r"[a-z0-9._-]+==\S+ ", pin) for pin in pins), lock.name
        assert lock.read_text().count("--hash=sha256:") >= len(pins) > 0, lock.name
        assert "://" not in lock.read_text(), lock.name


def test_npm_packages_are_pinned_with_hashes_and_name_no_host() -> None:
    folder = ROOT / "tests/npm"
    asked = json.loads((folder / "package.json").read_text())["dependencies"]
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    own = packages.pop("")

    assert own["dependencies"] == asked
    assert all(re.fullmatch(r"\d+\.\d+\.\d+(-[a-z]+\.\d+)?", version) for version in asked.values())
    assert {f"node_modules/{package}" for package in asked} <= set(packages)
    for path, package in packages.items():
        assert package["integrity"].startswith("sha512-"), path
        assert "resolved" not in package, path
        assert "hasInstallScript" not in package, path


def test_the_smaller_lock_files_agree_with_the_one_for_developers() -> None:
    def pins(file: str) -> set[str]:
        return set(re.findall(r"(?m)^([a-z0-9._-]+==[^ ;]+)", (ROOT / file).read_text()))

    developers = pins("requirements-dev.lock")
    assert pins("requirements.lock") <= developers
    assert pins("requirements-build.lock") <= developers
    names = {pin.partition("==")[0] for pin in developers}
    beside = {pin for pin in pins("requirements-fuzz.lock") if pin.partition("==")[0] in names}
    assert beside
    assert beside <= developers


def test_sentences_of_errors_are_templates_that_can_be_translated() -> None:
    """Facts go beside the sentence: one that they are put into already is in no catalogue."""
    named = {"BadRequest", "Denied", "Invalid", "NotFound", "Conflict", "TooMany", "Busy"}
    calls = [
        (f"{name(path)}:{node.lineno}", node.args[1])
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in named
        and len(node.args) > 1
    ]

    assert len(calls) > 200
    # A name or an attribute is a text that is passed on.
    passed_on = (ast.Constant, ast.Name, ast.Attribute)
    assert [where for where, text in calls if not isinstance(text, passed_on)] == []


def test_templates_translate_only_texts_of_ours() -> None:
    """What `_()` gives is not escaped, so no text of users or peers may be passed to it."""
    ours = re.compile(r"""_\((?:"|'|labels\[|page_titles\[|own_lists\)|\w+\.(?:label|help)\b)""")
    for path in sorted((ROOT / "fedcom" / "web" / "templates").glob("*.html")):
        calls = re.findall(r"(?<!\w)_\(.{0,30}", path.read_text(encoding="utf-8"))
        assert [call for call in calls if not ours.match(call)] == [], path.name
