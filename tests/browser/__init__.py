"""The pages in a real browser, on two servers that federate.

`servers` (the servers and their people), `pages` (every page, with its viewer), `screens` (sizes,
themes, with and without scripts); then the tests. `make screenshots` (`python -m tests.browser`)
takes a screenshot of every page.
"""
