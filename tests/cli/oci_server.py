#!/usr/bin/env python3
"""Helpers for tests/cli/oci.bats.

    oci_server.py token CERTIFICATE KEY USER PASSWORD LOG
        a token server (distribution, docs/spec/auth/token.md) on a free port, which it prints: it
        gives what is asked for to USER, and notes what was asked.
    oci_server.py put PORT REPOSITORY TAG LAYERS.json
        push an artifact with whatever layers the file says: [{"type", "file", "annotations"}];
        prints the digest of its manifest.
"""
import base64
import hashlib
import http.client
import http.server
import json
import subprocess
import sys
import time
import urllib.parse


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key_id(key):
    """libtrust's: the SHA-256 of the public key, 30 bytes of it in base32, in groups of four."""
    public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"],
                            capture_output=True, check=True).stdout
    text = base64.b32encode(hashlib.sha256(public).digest()[:30]).decode()
    return ":".join(text[i:i + 4] for i in range(0, 48, 4))


def make_token(key, service, scopes):
    access = []
    for scope in scopes:
        kind, name, actions = scope.split(":", 2)
        access.append({"type": kind, "name": name, "actions": actions.split(",")})
    now = int(time.time())
    claims = {"iss": "tests", "sub": "ci", "aud": service, "exp": now + 300, "nbf": now - 60,
              "iat": now, "jti": str(now), "access": access}
    head = {"typ": "JWT", "alg": "RS256", "kid": key_id(key)}
    text = encode(json.dumps(head).encode()) + "." + encode(json.dumps(claims).encode())
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(),
                               capture_output=True, check=True).stdout
    return text + "." + encode(signature)


def serve_tokens(key, user, password, log):
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
            with open(log, "a") as out:
                out.write(" ".join(query.get("scope", [])) + "\n")
            good = self.headers.get("Authorization") == wanted
            body = json.dumps({"token": make_token(key, query["service"][0],
                                                   query.get("scope", []))} if good else {}).encode()
            self.send_response(200 if good else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def put_blob(port, repository, data):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", f"/v2/{repository}/blobs/uploads/")
    answer = connection.getresponse()
    answer.read()
    where = urllib.parse.urlparse(answer.getheader("Location"))
    connection.request("PUT", f"{where.path}?{where.query}&digest={digest_of(data)}", data)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 201, answer.status


def put(port, repository, tag, layers):
    described = []
    for layer in layers:
        data = open(layer["file"], "rb").read()
        put_blob(port, repository, data)
        described.append({"mediaType": layer["type"], "digest": digest_of(data), "size": len(data),
                          "annotations": layer.get("annotations", {})})
    put_blob(port, repository, b"{}")
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"),
                   "size": 2}, "layers": described}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("PUT", f"/v2/{repository}/manifests/{tag}", manifest,
                       {"Content-Type": "application/vnd.oci.image.manifest.v1+json"})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 201, text
    print(digest_of(manifest))


if sys.argv[1] == "token":
    serve_tokens(*sys.argv[3:7])
else:
    put(int(sys.argv[2]), sys.argv[3], sys.argv[4], json.load(open(sys.argv[5])))
