"""The lists that the front page can begin with: their scopes and their orders."""

FRONT_SCOPES = ("subscribed", "local", "all")
"""For guests, who follow nothing, "subscribed" is "all"."""

FRONT_SORTS = (
    *("active", "hot", "scaled", "new", "old", "most_comments", "new_comments"),
    *("top-hour", "top-six_hours", "top-twelve_hours", "top-day", "top-week", "top-month"),
    *("top-three_months", "top-six_months", "top-nine_months", "top-year", "top-all"),
    *("controversial-week", "controversial-month", "controversial-all"),
)
"""Orders of the front page, some with a span of time after the hyphen."""
