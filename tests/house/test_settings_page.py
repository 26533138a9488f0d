"""docs/settings.md is generated from fedcom/settings.py, and explains every setting."""

from pathlib import Path

from fedcom import settings

PAGE = Path(__file__).parents[2] / "docs/settings.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == settings.markdown(), "run make fix"


def test_every_setting_is_explained() -> None:
    for name, field in settings.Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert f"## `{name}`" in settings.markdown()
        assert f"`FEDCOM_{name.upper()}`" in settings.markdown()
