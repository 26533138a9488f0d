import pytest

from tests.fedcom.api.conftest import Apps

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"settings": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        *(b"\x00", b"null", b"[]", b'{"name": "\xff"}', b'{"a": NaN}', "{}".encode("utf-16")),
    ],
    ids=["deep", "deep objects", "deep field", "NUL", "null", "list", "bytes", "NaN", "UTF-16"],
)
async def test_a_body_that_is_no_readable_json_object_is_refused(apps: Apps, body: bytes) -> None:
    response = await apps("bob").http.post("/api/v3/user/import_settings", content=body)

    assert response.status_code == 400
    assert response.json()["message"].startswith("invalid_json: ")


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/api/v3/nothing", 404, "not_found: Not Found"),
        ("DELETE", "/api/v3/site", 405, "method_not_allowed: Method Not Allowed"),
    ],
)
async def test_what_is_no_call_is_refused_in_lemmys_words(
    apps: Apps, method: str, path: str, status: int, message: str
) -> None:
    response = await apps().http.request(method, path, headers={"Accept": "text/html"})

    assert response.status_code == status
    assert response.json() == {"error": "unknown", "message": message}
    assert response.headers["access-control-allow-origin"] == "*"
    assert ("allow" in response.headers) == (status == 405)


async def test_a_crash_is_answered_as_described(
    apps: Apps, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(work: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(apps.world.instance, "read", crash)
    response = await apps().http.get("/api/v3/site", headers={"Accept": "*/*"})

    assert response.status_code == 500
    assert response.json() == {
        "error": "unknown",
        "message": "internal_error: Something went wrong on this server.",
    }
