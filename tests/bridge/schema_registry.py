"""Confluent's schema registry for tests, as far as its REST interface is used: it keeps all in memory.

Arguments: the file that gets a line of JSON for each request, a file with rules, "USER:PASSWORD" or "", and a folder
with the files `certificate` and `key` for TLS or "". Prints its port. The rules are lines, and a registry whose rules
have changed has forgotten everything:

  TEXT=STATUS:BODY   answers so all requests whose path ends with the text
  TEXT=silent        never answers them
  TEXT=cut           closes the connection in the middle of the answer to them
  TEXT=large         answers them with 17 MiB
"""

import base64
import http.server
import json
import ssl
import sys
import threading
import urllib.parse

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


class Registry:
    def __init__(self):
        self.ids = {}  # schema -> id
        self.subjects = {}  # name -> schemas, whose versions count from 1

    def find(self, subject, schema):
        if subject not in self.subjects:
            return 404, {"error_code": 40401, "message": f"Subject '{subject}' not found."}
        if schema not in self.subjects[subject]:
            return 404, {"error_code": 40403, "message": "Schema not found"}
        version = self.subjects[subject].index(schema) + 1
        return 200, {"subject": subject, "version": version, "id": self.ids[schema], "schema": schema[0]}

    def register(self, subject, schema):
        for name, of, version in schema[1]:
            if not 0 < version <= len(self.subjects.get(of, [])):
                return 422, {"error_code": 42201, "message": f"Invalid schema: no reference found for {name}"}
        # Unlike the number of a version, and above 255.
        identifier = self.ids.setdefault(schema, 258 + len(self.ids))
        schemas = self.subjects.setdefault(subject, [])
        if schema not in schemas:
            schemas.append(schema)
        return 200, {"id": identifier}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            with open(self.server.log, "a", encoding="utf-8") as log:
                log.write(json.dumps({"path": self.path, "body": json.loads(body)}) + "\n")
            with open(self.server.rules_file, encoding="utf-8") as rules:
                self.server.use(rules.read())
            registry = self.server.registry
        for end, rule in (line.split("=", 1) for line in self.server.rules.splitlines()):
            if not self.path.endswith(end):
                continue
            if rule == "silent":
                self.rfile.read()
            if rule == "cut":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            if rule in ("silent", "cut"):
                self.close_connection = True
                return
            if rule == "large":
                rule = "200:" + " " * (17 << 20)
            status, text = rule.split(":", 1)
            self.answer(int(status), text)
            return
        status, answer = self.serve(registry, json.loads(body))
        self.answer(status, json.dumps(answer))

    def serve(self, registry, request):
        user = base64.b64encode(self.server.user.encode()).decode()
        if user and self.headers["Authorization"] != "Basic " + user:
            return 401, {"error_code": 401, "message": "Unauthorized"}
        if self.headers["Content-Type"] != CONTENT_TYPE:
            return 415, {"error_code": 415, "message": "HTTP 415 Unsupported Media Type"}
        if request["schemaType"] != "PROTOBUF":
            return 422, {"error_code": 42201, "message": "Invalid schema type"}
        base64.b64decode(request["schema"], validate=True)
        references = tuple((r["name"], r["subject"], r["version"]) for r in request["references"])
        parts = [urllib.parse.unquote(part) for part in self.path.split("/")]
        with self.server.lock:
            if parts[:2] == ["", "subjects"] and len(parts) == 3:
                return registry.find(parts[2], (request["schema"], references))
            if parts[:2] == ["", "subjects"] and parts[3:] == ["versions"]:
                return registry.register(parts[2], (request["schema"], references))
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, log, rules_file, user):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.log = log
        self.rules_file = rules_file
        self.user = user
        self.rules = None
        self.registry = None

    def use(self, rules):
        if rules != self.rules:
            self.rules = rules
            self.registry = Registry()


def main():
    log, rules_file, user, folder = sys.argv[1:]
    server = Server(log, rules_file, user)
    if folder:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/certificate", folder + "/key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    # In one write, also where Python does not buffer: the test reads it as soon as it is there.
    print(f"{server.server_address[1]}\n", end="", flush=True)
    server.serve_forever()


main()
