"""Names of pages that other pages and messages mention."""

from fedcom.catalogues import mark

OWN_LISTS = mark("Saved, hidden, drafts")
"""The name of a member's own lists, in the menu and above them."""
