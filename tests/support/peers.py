"""Peers of other kinds for stories: real HTTP servers with real keys and strict inboxes.

They share no code with the server under test: signatures are made and checked here by the text of
the draft (draft-cavage-http-signatures-12) as Mastodon and Lemmy apply it, so that a mistake made
twice in the same place does not go unnoticed.
"""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Json = dict[str, Any]

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ACTIVITY_JSON = "application/activity+json"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
WINDOW = 12 * 3600.0
"""Seconds a Date may be off: Mastodon's window."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One delivery that was taken: at which path, by whose key, the activity and its bytes."""

    path: str
    signer: str
    activity: Json
    body: bytes

    @property
    def shape(self) -> str:
        """`Announce{Create{Page}}`; a bare id inside reads `id`."""
        return shape_of(self.activity)


def shape_of(value: Any) -> str:
    """The types of an activity and of what is inside."""
    if isinstance(value, str):
        return "id"
    inner = value.get("object")
    return f"{value['type']}{{{shape_of(inner)}}}" if inner is not None else str(value["type"])


@dataclass(frozen=True, slots=True)
class Resident:
    """An actor of a peer, with the key it signs with."""

    iri: str
    name: str
    key: rsa.RSAPrivateKey

    @property
    def key_id(self) -> str:
        """As both Mastodon and Lemmy call it."""
        return f"{self.iri}#main-key"


class Peer:
    """A server of another kind. `documents` are served at their paths, `heard` is what came in."""

    def __init__(self, software: str, address: str) -> None:
        self.software = software
        self.documents: dict[str, Json | int] = {}
        self.heard: list[Heard] = []
        self.refused: list[str] = []
        self.asked: list[str] = []
        self.residents: dict[str, Resident] = {}
        self._keys: dict[str, rsa.RSAPublicKey] = {}
        self._numbers = count(1)
        self._server = ThreadingHTTPServer((address, 0), _handler_of(self))
        self._server.daemon_threads = True
        self.host = f"{address}:{self._server.server_port}"
        self.origin = f"http://{self.host}"
        self._client = httpx.Client(trust_env=False, timeout=20.0)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._client.close()

    # Who and what is here

    def actor(self, kind: str, name: str, path: str, **more: Any) -> Resident:
        """A person or a group at `path`, found by WebFinger."""
        someone = Resident(f"{self.origin}{path}", name, _private_key(len(self.residents)))
        self.residents[name] = someone
        pem = someone.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.put(
            {
                "@context": CONTEXT,
                "id": someone.iri,
                "type": kind,
                "preferredUsername": name,
                "name": name.title(),
                "inbox": f"{someone.iri}/inbox",
                "outbox": f"{someone.iri}/outbox",
                "followers": f"{someone.iri}/followers",
                "endpoints": {"sharedInbox": f"{self.origin}/inbox"},
                "publicKey": {
                    "id": someone.key_id,
                    "owner": someone.iri,
                    "publicKeyPem": pem.decode(),
                },
                **more,
            }
        )
        return someone

    def put(self, document: Json) -> Json:
        """Serve the document at its id."""
        self.documents[urlsplit(document["id"]).path] = document
        return document

    def gone(self, iri: str) -> None:
        """Answer 410 there."""
        self.documents[urlsplit(iri).path] = 410

    def new_id(self, kind: str) -> str:
        """An id for something new."""
        return f"{self.origin}/{kind}/{next(self._numbers)}"

    # Speaking

    def fetch(self, by: Resident, url: str) -> Json:
        """A signed GET, as all of them do; raises when there is no ActivityPub document."""
        answer = self.look(by, url)
        answer.raise_for_status()
        assert answer.headers["content-type"].startswith(ACTIVITY_JSON)
        return dict(answer.json())

    def look(self, by: Resident, url: str) -> httpx.Response:
        """As `fetch`, whatever the answer is."""
        headers = _signed(by, "get", url, b"")
        return self._client.get(url, headers={**headers, "Accept": ACTIVITY_JSON})

    def find(self, handle: str) -> str:
        """Mastodon's way from a handle to an actor, with its checks; the actor's id."""
        name, host = handle.lstrip("@!").split("@")
        resource = f"acct:{name}@{host}"
        answer = self._client.get(
            f"http://{host}/.well-known/webfinger", params={"resource": resource}
        )
        answer.raise_for_status()
        assert answer.headers["content-type"].startswith("application/jrd+json")
        found = answer.json()
        assert found["subject"].lower() == resource.lower()
        iri = next(
            link["href"]
            for link in found["links"]
            if link["rel"] == "self" and link.get("type") == ACTIVITY_JSON
        )
        return str(iri)

    def deliver(self, by: Resident, inbox: str, activity: Json) -> httpx.Response:
        """POST an activity, signed by `by`."""
        body = json.dumps({"@context": CONTEXT, **activity}).encode()
        headers = _signed(by, "post", inbox, body)
        return self._client.post(inbox, content=body, headers=headers)

    def say(self, by: Resident, inbox: str, kind: str, obj: Any, **more: Any) -> Json:
        """Deliver an activity of `by` and have it taken; the activity."""
        activity = {
            "id": self.new_id("activities"),
            "type": kind,
            "actor": by.iri,
            "object": obj,
            "to": [PUBLIC],
            "cc": [f"{by.iri}/followers"],
            **more,
        }
        answer = self.deliver(by, inbox, activity)
        assert answer.status_code == 202, answer.text
        return activity

    # Listening

    def wait(
        self, shape: str, matches: Callable[[Heard], bool] = lambda _heard: True, *, after: int = 0
    ) -> Heard:
        """The first delivery of this shape that matches, among those after the first `after`."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for heard in self.heard[after:]:
                if heard.shape == shape and matches(heard):
                    return heard
            time.sleep(0.01)
        shapes = [heard.shape for heard in self.heard[after:]]
        raise AssertionError(f"no {shape} came to {self.software}: {shapes} {self.refused}")

    def shapes(self, after: int = 0) -> list[str]:
        """What was heard, in short."""
        return [heard.shape for heard in self.heard[after:]]

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """The inbox: verify or refuse; the status."""
        try:
            signer = self._verify("post", path, headers, body)
        except (_Bad, InvalidSignature, KeyError, ValueError, httpx.HTTPError) as error:
            self.refused.append(f"{type(error).__name__}: {error}")
            return 401
        activity = json.loads(body)
        if signer != activity["actor"]:
            self.refused.append(f"{signer} signed for {activity['actor']}")
            return 401
        self.heard.append(Heard(path, signer, activity, body))
        return 202

    def _verify(self, method: str, path: str, headers: dict[str, str], body: bytes) -> str:
        """Whose key signed the request."""
        said = dict(part.split("=", 1) for part in headers["signature"].replace('"', "").split(","))
        covered = said["headers"].split(" ")
        missing = {"(request-target)", "host", "date", *({"digest"} if body else ())} - {*covered}
        if missing:
            raise _Bad(f"not signed: {missing}")
        if headers["host"] != self.host:
            raise _Bad(f"the host is {headers['host']}")
        if abs(parsedate_to_datetime(headers["date"]).timestamp() - time.time()) > WINDOW:
            raise _Bad(f"the date is {headers['date']}")
        if body and headers["digest"] != _digest(body):
            raise _Bad("the digest is of another body")
        values = {**headers, "(request-target)": f"{method} {path}"}
        text = "\n".join(f"{name}: {values[name]}" for name in covered)
        key_id = said["keyId"]
        signature = base64.b64decode(said["signature"])
        self._key(key_id).verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return key_id.partition("#")[0]

    def _key(self, key_id: str) -> rsa.RSAPublicKey:
        if key_id not in self._keys:
            resident = next(iter(self.residents.values()))
            key = self.fetch(resident, key_id.partition("#")[0])["publicKey"]
            if key["id"] != key_id:
                raise _Bad(f"{key['id']} is not {key_id}")
            loaded = serialization.load_pem_public_key(key["publicKeyPem"].encode())
            assert isinstance(loaded, rsa.RSAPublicKey)
            self._keys[key_id] = loaded
        return self._keys[key_id]

    # What is asked of every server

    def answer(self, target: str) -> tuple[int, str, Json | None]:
        """A GET: status, content type, document."""
        parts = urlsplit(target)
        if parts.path == "/.well-known/webfinger":
            return self._webfinger(parse_qs(parts.query)["resource"][0])
        if parts.path == "/.well-known/nodeinfo":
            schema = "http://nodeinfo.diaspora.software/ns/schema/2.0"
            link = {"rel": schema, "href": f"{self.origin}/nodeinfo/2.0"}
            return 200, "application/json", {"links": [link]}
        if parts.path == "/nodeinfo/2.0":
            software = {"name": self.software, "version": "4.6.5"}
            return 200, "application/json", {"version": "2.0", "software": software}
        found = self.documents.get(parts.path, 404)
        if isinstance(found, int):
            return found, "text/plain", None
        return 200, ACTIVITY_JSON, found

    def _webfinger(self, resource: str) -> tuple[int, str, Json | None]:
        name = resource.removeprefix("acct:").partition("@")[0]
        someone = self.residents.get(name)
        if someone is None:
            return 404, "text/plain", None
        link = {"rel": "self", "type": ACTIVITY_JSON, "href": someone.iri}
        subject = f"acct:{name}@{self.host}"
        return 200, "application/jrd+json", {"subject": subject, "links": [link]}


class _Bad(Exception):
    """A request whose signature does not do."""


@cache
def _private_key(number: int) -> rsa.RSAPrivateKey:
    """Made once for all peers of a run: the first actor of each has the same, and so on."""
    return rsa.generate_private_key(65537, 2048)


def _digest(body: bytes) -> str:
    return "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()


def _signed(by: Resident, method: str, url: str, body: bytes) -> dict[str, str]:
    """The headers of a request, signed in Mastodon's order: the target comes last."""
    parts = urlsplit(url)
    headers = {"host": parts.netloc, "date": formatdate(usegmt=True)}
    if method == "post":
        headers |= {"digest": _digest(body), "content-type": ACTIVITY_JSON}
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    values = {**headers, "(request-target)": f"{method} {target}"}
    text = "\n".join(f"{name}: {value}" for name, value in values.items())
    signature = by.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    headers["signature"] = (
        f'keyId="{by.key_id}",algorithm="rsa-sha256",headers="{" ".join(values)}",'
        f'signature="{base64.b64encode(signature).decode()}"'
    )
    return headers


def _handler_of(peer: Peer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            peer.asked.append(self.path)
            status, kind, document = peer.answer(self.path)
            self._send(status, kind, b"" if document is None else json.dumps(document).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(peer.take(self.path, headers, body), "text/plain", b"")

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Be quiet."""

    return Handler


def mastodon(address: str) -> Peer:
    """A microblog with the person kim, in the shapes of Mastodon 4.6."""
    peer = Peer("mastodon", address)
    peer.actor("Person", "kim", "/users/kim", url=f"{peer.origin}/@kim")
    return peer


def lemmy(address: str) -> Peer:
    """A forum with the community dogs, the person lea and the moderator max, as Lemmy 0.19."""
    peer = Peer("lemmy", address)
    peer.actor("Person", "lea", "/u/lea")
    peer.actor("Person", "max", "/u/max")
    dogs = peer.actor(
        "Group",
        "dogs",
        "/c/dogs",
        attributedTo=f"{peer.origin}/c/dogs/moderators",
        featured=f"{peer.origin}/c/dogs/featured",
        postingRestrictedToMods=False,
    )
    listed = [peer.residents["max"].iri]
    for name, items in (("moderators", listed), ("featured", []), ("outbox", [])):
        peer.put(
            {
                "@context": CONTEXT,
                "id": f"{dogs.iri}/{name}",
                "type": "OrderedCollection",
                "totalItems": len(items),
                "orderedItems": items,
            }
        )
    return peer


@dataclass(slots=True)
class Shapes:
    """Objects in the shapes of a peer, made from a few words."""

    peer: Peer

    def status(
        self, by: Resident, html: str, *, answers: str | None, names: dict[str, str]
    ) -> Json:
        """A public Mastodon status; `names` are handles and ids of whom it mentions."""
        links = " ".join(
            f'<span class="h-card" translate="no"><a href="{iri}" class="u-url mention">'
            f"@<span>{handle.split('@')[1]}</span></a></span>"
            for handle, iri in names.items()
        )
        iri = self.peer.new_id(f"users/{by.name}/statuses")
        return self.peer.put(
            {
                "@context": CONTEXT,
                "id": iri,
                "type": "Note",
                "summary": None,
                "inReplyTo": answers,
                "published": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "url": f"{self.peer.origin}/@{by.name}/{iri.rsplit('/', 1)[1]}",
                "attributedTo": by.iri,
                "to": [PUBLIC],
                "cc": [f"{by.iri}/followers", *names.values()],
                "sensitive": False,
                "content": f"<p>{links} {html}</p>",
                "contentMap": {"en": f"<p>{links} {html}</p>"},
                "tag": [
                    {"type": "Mention", "href": iri, "name": handle}
                    for handle, iri in names.items()
                ],
                "attachment": [],
            }
        )

    def page(self, by: Resident, group: str, title: str, text: str) -> Json:
        """A Lemmy post."""
        return self.peer.put(
            {
                "@context": CONTEXT,
                "id": self.peer.new_id("post"),
                "type": "Page",
                "attributedTo": by.iri,
                "to": [group, PUBLIC],
                "cc": [],
                "audience": group,
                "name": title,
                "content": f"<p>{text}</p>",
                "mediaType": "text/html",
                "source": {"content": text, "mediaType": "text/markdown"},
                "attachment": [],
                "sensitive": False,
                "commentsEnabled": True,
                "published": time.strftime("%Y-%m-%dT%H:%M:%S.123456Z", time.gmtime()),
            }
        )

    def comment(self, by: Resident, group: str, answers: str, text: str, author: str) -> Json:
        """A Lemmy comment on something by `author`."""
        return self.peer.put(
            {
                "@context": CONTEXT,
                "id": self.peer.new_id("comment"),
                "type": "Note",
                "attributedTo": by.iri,
                "to": [PUBLIC],
                "cc": [group, author],
                "audience": group,
                "inReplyTo": answers,
                "content": f"<p>{text}</p>",
                "mediaType": "text/html",
                "source": {"content": text, "mediaType": "text/markdown"},
                "distinguished": False,
                "published": time.strftime("%Y-%m-%dT%H:%M:%S.123456Z", time.gmtime()),
            }
        )
