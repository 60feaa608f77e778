"""A server that is told of events: prints its port, does as ./mode says, writes to ./told.

The signature is checked by the rules of Standard Webhooks 1.0.0, not by code of mlops.
"""
import base64, hashlib, hmac, http.server, json, os, socket, struct, time

SECRET = b"s3cr3t"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        mode = open("mode").read().strip()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name, stamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        mac = hmac.new(SECRET, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
        valid = self.headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
        told = {"id": name, "valid": valid, "fresh": abs(time.time() - int(stamp)) < 60,
                "mode": mode, "body": json.loads(body)}
        with open("told", "a") as file:
            file.write(json.dumps(told) + "\n")
        if mode == "hang":
            time.sleep(3600)
        if mode == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
            return
        self.send_response(200 if mode == "ok" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
