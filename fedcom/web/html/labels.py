"""Names of pages that other pages and messages mention."""

from fedcom.catalogues import mark

OWN_LISTS = mark("Saved, hidden, drafts")
"""The name of a member's own lists, in the menu and above them."""

PAGES = {
    "about": mark("About"),
    "privacy": mark("Privacy"),
    "contact": mark("Contact"),
    "legal": mark("Legal information"),
}
"""The pages with a text of the admins (`fedcom.site.pages`), in the order of their links."""
