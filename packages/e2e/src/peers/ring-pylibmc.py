"""
Stores keys with pylibmc, so that the servers can tell which of them got which key. Reads one JSON object from the input:
{"servers": ["host:port"], "keys": ["k"], "behaviors": {"ketama_weighted": true}}. Prints how many keys were stored.
"""
import json
import sys

import pylibmc

work = json.load(sys.stdin)
client = pylibmc.Client(work["servers"], behaviors=dict(work["behaviors"], tcp_nodelay=True))
failed = client.set_multi({key: "x" for key in work["keys"]})
print(len(work["keys"]) - len(failed), "stored")
