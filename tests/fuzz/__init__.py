"""`make fuzz`: schemathesis sends the API what no app sends, and every answer must be one that our
OpenAPI describes.

`__main__` reads the command line and judges, `scene` is the server with its people and content,
`requests` makes and sends the requests of one caller.
"""
