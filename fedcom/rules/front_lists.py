"""The lists that the front page can begin with: their scopes and their orders."""

FRONT_SCOPES = ("subscribed", "local", "all")
"""For guests, who follow nothing, "subscribed" is "all"."""

FRONT_SORTS = (
    *("active", "hot", "new"),
    *("top-day", "top-week", "top-month", "top-year", "top-all"),
    *("controversial-week", "controversial-month"),
)
"""Orders of the front page, some with a span of time after the hyphen."""
