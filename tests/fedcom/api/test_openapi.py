import pytest

from tests.fedcom.api.conftest import Apps

pytestmark = pytest.mark.anyio


async def test_what_the_connection_refuses_is_described_too(apps: Apps) -> None:
    described = (await apps().http.get("/api/v3/openapi.json")).json()

    refused = described["paths"]["/api/v3/search"]["get"]["responses"]
    assert refused["414"] == {"$ref": "#/components/responses/414"}
    answers = described["components"]["responses"]
    assert {f"#/components/responses/{status}" for status in answers} == {
        one["$ref"] for status, one in refused.items() if status != "200"
    }
    assert {status for status, one in answers.items() if "application/json" in one["content"]} == {
        *("400", "401", "404", "500", "502", "503")
    }
    assert {status for status, one in answers.items() if "text/plain" in one["content"]} == {
        *("408", "414", "429", "431", "503")
    }
