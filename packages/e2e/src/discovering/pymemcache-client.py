"""
What client-process.mjs does, with pymemcache's HashClient over the nodes that a few lines of discovery find, because
Debian's release has none of its own. It works between what it is told, in one thread: a HashClient is not for sharing.
"""
import json
import os
import select
import socket
import sys

from pymemcache.client.hash import HashClient

WORK_KEYS = 120
TURN_SECONDS = 0.003
ERRORS_KEPT = 5

host, port = sys.argv[1].rsplit(":", 1)
replies = os.fdopen(3, "w", buffering=1)
report = {"calls": 0, "hits": 0, "failed": 0, "errors": []}


def discovered():
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"config get cluster\r\n")
        reply = b""
        while not reply.endswith(b"\r\nEND\r\n"):
            part = connection.recv(65536)
            if not part:
                raise OSError(f"the endpoint hung up after {reply!r}")
            reply += part
    words = [node.split("|") for node in reply.decode().split("\n")[2].split(" ")]
    return [(ip, int(number)) for _, ip, number in words]


def connected():
    return HashClient(nodes, timeout=60, connect_timeout=60, retry_attempts=0, default_noreply=False)


def failed(text):
    report["failed"] += 1
    if len(report["errors"]) < ERRORS_KEPT:
        report["errors"].append(text)


def called(what, call):
    report["calls"] += 1
    try:
        return call()
    except Exception as error:  # noqa: BLE001 (whatever it is, it is counted)
        failed(f"{what}: {error!r}")
        return None


def set_one(key, value):
    if called("set", lambda: client.set(key, value.encode())) is False:
        failed(f"set {key}: refused")


def get_one(key):
    value = called("get", lambda: client.get(key))
    return None if value is None else value.decode()


def answer(told):
    global nodes, client
    for key in told.get("set", []):
        set_one(key, f"{told['value']} {key}")
    if told.get("discover"):
        client.close()
        nodes = discovered()
        client = connected()
    values = [get_one(key) for key in told.get("get", [])]
    return {"values": values, "nodes": [f"{node[0]}:{node[1]}" for node in nodes], **report}


def work(turn):
    key = f"work:pymemcache:{turn % WORK_KEYS}"
    set_one(key, key)
    value = get_one(key)
    if value == key:
        report["hits"] += 1
    elif value is not None:
        failed(f"got {value} for {key}")


nodes = discovered()
client = connected()
print(json.dumps(answer({})), file=replies)
turn = 0
while True:
    if select.select([sys.stdin], [], [], TURN_SECONDS)[0]:
        line = sys.stdin.readline()
        if not line:
            break
        print(json.dumps(answer(json.loads(line))), file=replies)
    work(turn)
    turn += 1
