"""`fedcom federation explain` and `verify`: for people without a server, so without any setting."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from activitypub.types import FEATURES
from fedcom.cli.root import fedcom
from tests.support.clock import SettableClock
from tests.support.documents import activity, page, pems, private_key
from tests.support.signed_requests import UnsignedRequest

KIM, CATS = "https://kim.example/u/kim", "https://kim.example/c/cats"
NOW = SettableClock()()


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(fedcom, ["federation", *arguments], input=stdin)


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings, no database."""
    monkeypatch.chdir(tmp_path)


def put(name: str, raw: object) -> str:
    Path(name).write_text(json.dumps(raw))
    return name


def test_documents_are_explained_one_line_each() -> None:
    post = put("post.json", activity("Create", KIM, page(f"{CATS}/1", KIM, CATS, sensitive=True)))
    lacking = next(iter(FEATURES))
    other = put("other.json", activity(lacking, KIM, f"{CATS}/1"))

    both = run("explain", post, other)

    assert both.exit_code == 1
    first, second = both.output.splitlines()
    assert first == (
        'post.json: understood: post, create; "A title"; by https://kim.example/u/kim; '
        "in https://kim.example/c/cats; sensitive; to Public https://kim.example/c/cats; "
        "if https://kim.example/c/cats is a community that someone here follows"
    )
    assert second.startswith(
        f"other.json: refused: unsupported_type ({lacking} is not supported here"
    )
    assert run("explain", post).exit_code == 0


def test_an_announce_is_explained_with_its_actor() -> None:
    announced = activity("Announce", CATS, activity("Like", KIM, f"{CATS}/1"))

    result = run("explain", "-", stdin=json.dumps(announced).encode())

    assert f"by {KIM}; sent by {CATS}; in {CATS}; about {CATS}/1" in result.output


def test_json_has_one_object_a_line_with_the_same_keys() -> None:
    good = put("good.json", page(f"{CATS}/1", KIM, CATS))
    Path("bad.json").write_text("no")

    result = run("explain", "--json", good, "bad.json")

    first, second = (json.loads(line) for line in result.output.splitlines())
    assert result.exit_code == 1
    assert list(first) == list(second)
    assert (first["file"], first["verdict"], first["community"]) == (
        "good.json",
        "understood",
        [CATS],
    )
    assert (second["verdict"], second["reasons"][0]["code"]) == ("refused", "json_invalid")


def test_fixtures_may_leave_out_the_context_and_use_http() -> None:
    bare = activity("Like", "http://kim.example/u/kim", "SCRUBBED_ID")
    del bare["@context"]
    bare["id"] = "SCRUBBED_ID"
    file = put("bare.json", bare)

    assert "context_missing" in run("explain", file).output
    result = run("explain", "--fixture", file)
    assert result.exit_code == 0
    assert "about http://kim.example/scrubbed/2" in result.output


def unsigned_request(scheme: str = "cavage") -> UnsignedRequest:
    body = json.dumps(activity("Like", KIM, f"{CATS}/1")).encode()
    return UnsignedRequest(scheme, body, private_key(KIM).rsa, f"{KIM}#main-key", NOW)


def capture(scheme: str = "cavage", *, end: bytes = b"") -> bytes:
    made = unsigned_request(scheme).signed()
    head = "".join(f"{name}: {value}\r\n" for name, value in made.headers)
    return f"POST {made.path} HTTP/1.1\r\n{head}\r\n".encode() + made.body + end


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
@pytest.mark.parametrize("at", [NOW.isoformat(), NOW.strftime("%a, %d %b %Y %H:%M:%S GMT")])
def test_a_request_is_verified_step_by_step(scheme: str, at: str) -> None:
    Path("key.pem").write_text(pems()[1])

    result = run("verify", "-", "--key", "key.pem", "--at", at, stdin=capture(scheme))

    assert result.exit_code == 0, result.output
    assert "verdict: verified (202)" in result.output
    assert "digest: ok received" in result.output
    assert f"key: ok rsa of {KIM}" in result.output
    assert ("    (request-target): post /inbox\n" in result.output) is (scheme == "cavage")


def test_without_its_key_a_request_stays_undecided() -> None:
    result = run("verify", "-", "--at", NOW.isoformat(), stdin=capture(end=b"\n"))

    assert result.exit_code == 0
    assert result.output.startswith("note: The line feed at the end")
    assert f"key: not given: fetch {KIM}" in result.output
    assert result.output.endswith("verdict: undecided without the key\n")


def test_a_refused_request_ends_with_the_inboxs_response() -> None:
    result = run("verify", "-", stdin=capture())  # long ago

    assert result.exit_code == 1
    assert "time: FAILED signature_time" in result.output
    assert result.output.endswith("verdict: 401 signature_time\n")


def test_the_origin_and_the_body_may_be_given() -> None:
    Path("head.txt").write_bytes(capture().partition(b"\r\n\r\n")[0])
    Path("body.json").write_bytes(unsigned_request().body)
    arguments = ["verify", "head.txt", "--body", "body.json", "--at", f"{NOW:%Y-%m-%dT%H:%M:%S}"]

    assert run(*arguments).exit_code == 0
    elsewhere = run(*arguments, "--origin", "https://other.example")
    assert elsewhere.output.endswith("verdict: 401 signature_host\n")


def test_an_invalid_date_is_a_usage_error() -> None:
    assert run("verify", "-", "--at", "soon", stdin=capture()).exit_code == 2
