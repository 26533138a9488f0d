"""The API of Lemmy 0.19 (`/api/v3`), as far as it is served.

`site`: the name of this server and its admins. It is public and read-only.
"""
