"""The API of Lemmy 0.19 (`/api/v3`), as far as it is served.

`site` (what this server is and who runs it). It is public and read-only.
"""
