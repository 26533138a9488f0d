import pytest

from tests.fedcom.api.conftest import Apps

pytestmark = pytest.mark.anyio


async def test_what_the_connection_refuses_is_described_too(apps: Apps) -> None:
    described = (await apps().http.get("/api/v3/openapi.json")).json()

    refused = described["paths"]["/api/v3/search"]["get"]["responses"]
    assert refused["414"] == {"$ref": "#/components/responses/414"}
    contents = {
        status: sorted(one["content"])
        for status, one in described["components"]["responses"].items()
    }
    assert {status: {"$ref": f"#/components/responses/{status}"} for status in contents} == {
        status: one for status, one in refused.items() if status != "200"
    }
    assert contents == {
        **dict.fromkeys(("400", "401", "404", "500", "502"), ["application/json"]),
        **dict.fromkeys(("408", "414", "429", "431"), ["text/plain"]),
        "503": ["application/json", "text/plain"],
    }
