"""A server that takes whatever is posted: prints its port, answers as ./mode says, writes to ./posted."""
import http.server, json, os


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = int(open("mode").read())
        with open("posted", "a") as file:
            file.write(json.dumps({"path": self.path, "status": status,
                                   "authorization": self.headers["Authorization"],
                                   "webhook_id": self.headers["webhook-id"],
                                   "type": self.headers["Content-Type"],
                                   "body": json.loads(body)}) + "\n")
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
