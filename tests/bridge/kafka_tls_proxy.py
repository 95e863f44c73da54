"""A broker with TLS and SASL: a proxy in front of librdkafka's mock cluster, which has neither.

Arguments: the cluster's port, the files of the certificate, its key and the clients' authority, the
number of handshakes to drop, and "USER:PASSWORD" or "". Prints its port. The cluster names its own
port in its answers, and the proxy puts its own in place of it.
"""

import select
import socket
import ssl
import struct
import sys
import threading

HOST = b"127.0.0.1"
API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
SASL_AUTHENTICATION_FAILED = 58


def take_frames(buffer):
    """Takes the whole frames off the front of the buffer. Returns them without their sizes."""
    frames = []
    while len(buffer) >= 4:
        size = struct.unpack(">i", buffer[:4])[0]
        if len(buffer) < 4 + size:
            break
        frames.append(bytes(buffer[4 : 4 + size]))
        del buffer[: 4 + size]
    return frames


def send_frame(connection, body):
    connection.sendall(struct.pack(">i", len(body)) + body)


def add_sasl(answer, version):
    """Adds the two requests of SASL to an answer that lists the requests."""
    error = struct.unpack(">h", answer[4:6])[0]
    if error != 0:
        return answer
    keys = (SASL_HANDSHAKE, SASL_AUTHENTICATE)
    if version >= 3:
        added = b"".join(struct.pack(">hhhB", key, 0, key == SASL_HANDSHAKE, 0) for key in keys)
        return answer[:6] + bytes([answer[6] + 2]) + added + answer[7:]
    added = b"".join(struct.pack(">hhh", key, 0, key == SASL_HANDSHAKE) for key in keys)
    count = struct.unpack(">i", answer[6:10])[0]
    return answer[:6] + struct.pack(">i", count + 2) + added + answer[10:]


def answer_sasl(key, request, password):
    """Returns the answer, and whether the user is known."""
    correlation = request[4:8]
    if key == SASL_HANDSHAKE:
        return correlation + struct.pack(">hih", 0, 1, 5) + b"PLAIN", False
    if request.endswith(b"\x00" + password.replace(b":", b"\x00")):
        return correlation + struct.pack(">hhi", 0, -1, 0), True
    return correlation + struct.pack(">hhi", SASL_AUTHENTICATION_FAILED, -1, 0), False


def serve(connection, context, port, own_port, password):
    client = upstream = connection
    try:
        client = context.wrap_socket(connection, server_side=True)
        upstream = socket.create_connection(("127.0.0.1", port))
        old, new = (HOST + struct.pack(">i", p) for p in (port, own_port))
        versions = {}  # of requests for the list, by their number
        known = not password
        buffers = {client: bytearray(), upstream: bytearray()}
        while True:
            ready = [client] if client.pending() else select.select(list(buffers), [], [])[0]
            for end in ready:
                received = end.recv(65536)
                if not received:
                    raise ConnectionError("the end")
                buffers[end] += received
            for answer in take_frames(buffers[upstream]):
                if (version := versions.pop(answer[:4], None)) is not None:
                    answer = add_sasl(answer, version)
                send_frame(client, answer.replace(old, new))
            for request in take_frames(buffers[client]):
                key, version = struct.unpack(">hh", request[:4])
                if password and key in (SASL_HANDSHAKE, SASL_AUTHENTICATE):
                    answer, known = answer_sasl(key, request, password)
                    send_frame(client, answer)
                    continue
                if not known and key != API_VERSIONS:
                    raise ConnectionError("the user is not known")
                if password and key == API_VERSIONS:
                    versions[request[4:8]] = version
                send_frame(upstream, request)
    except OSError:
        for end in (client, upstream):
            end.close()


def main():
    port, certificate, key, authority, drops, password = sys.argv[1:]
    port, drops = int(port), int(drops)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))
    own_port = listener.getsockname()[1]
    # In one write, also where Python does not buffer: the test reads it as soon as it is there.
    print(f"{own_port}\n", end="", flush=True)
    while True:
        connection, _ = listener.accept()
        if drops > 0:
            # All of it is read, so that the client sees an end and no reset.
            connection.recv(65536)
            connection.close()
            drops -= 1
            continue
        threading.Thread(
            target=serve,
            args=(connection, context, port, own_port, password.encode()),
            daemon=True,
        ).start()


main()
