"""Real work with pymemcache (text dialect) on the server named by the arguments HOST PORT VERSION. Prints `N checks` at the end."""

import sys
import threading
import time

from pymemcache.client.base import Client, PooledClient
from pymemcache.client.hash import HashClient

ADDRESS = (sys.argv[1], int(sys.argv[2]))
VERSION = sys.argv[3].encode()
checks = 0


def check(what, got, wanted):
    global checks
    if got != wanted:
        sys.exit(f"{what}: got {got!r:.200}, wanted {wanted!r:.200}")
    checks += 1


client = Client(ADDRESS, default_noreply=False, timeout=10)
for key in ["py", "py2", "n", "short", "big"] + [f"many{i}" for i in range(300)]:
    client.delete(key)

check("set", client.set("py", b"one"), True)
check("get", client.get("py"), b"one")
check("get of a missing key", client.get("py2"), None)
check("add of what is there", client.add("py", b"x"), False)
check("add", client.add("py2", b"x"), True)
check("replace", client.replace("py", b"two"), True)
check("append", client.append("py", b">"), True)
check("prepend", client.prepend("py", b"<"), True)
check("the result", client.get("py"), b"<two>")

value, cas = client.gets("py")
check("gets", value, b"<two>")
check("cas that fits", client.cas("py", b"three", cas), True)
check("cas that is late", client.cas("py", b"four", cas), False)
check("cas of a missing key", client.cas("missing", b"x", cas), None)

check("set_many", client.set_many({f"many{i}": str(i).encode() for i in range(300)}), [])
got = client.get_many([f"many{i}" for i in range(301)])
check("get_many", got, {f"many{i}": str(i).encode() for i in range(300)})
check("gets_many", len(client.gets_many(["many1", "many2", "none"])), 2)
check("delete_many", client.delete_many([f"many{i}" for i in range(300)]), True)
check("get_many after it", client.get_many(["many1", "many299"]), {})

check("set of a number", client.set("n", b"18446744073709551614"), True)
check("incr", client.incr("n", 1), 18446744073709551615)
check("incr wraps", client.incr("n", 3), 2)
check("decr stops at 0", client.decr("n", 100), 0)
check("incr of a missing key", client.incr("missing", 1), None)

big = bytes(range(256)) * 4000
check("set of a megabyte", client.set("big", big), True)
check("get of a megabyte", client.get("big"), big)
try:
    client.set("big", b"x" * 2_000_000)
    sys.exit("a value too large was taken")
except Exception as error:  # noqa: BLE001 (pymemcache's class differs between its versions)
    check("a value too large", "too large" in str(error), True)
check("it takes the old value with it", client.get("big"), None)

check("set with an expiry", client.set("short", b"x", expire=1), True)
check("touch", client.touch("py", 100), True)
check("touch of a missing key", client.touch("missing", 100), False)
deadline = time.monotonic() + 10
while client.get("short") is not None:
    if time.monotonic() > deadline:
        sys.exit("an item of one second is still there after ten")
    time.sleep(0.05)
check("expiry", client.get("short"), None)

check("version", client.version(), VERSION)
check("stats", client.stats()[b"version"], VERSION)
check("delete", client.delete("py"), True)
check("delete again", client.delete("py"), False)
client.set("quiet", b"x", noreply=True)
check("noreply", client.get("quiet"), b"x")
check("cache_memlimit", client.cache_memlimit(64), True)
client.quit()

pool = PooledClient(ADDRESS, max_pool_size=8, timeout=10, default_noreply=False)
pool.set("together", b"0")


def count_up():
    for _ in range(200):
        pool.incr("together", 1)


threads = [threading.Thread(target=count_up) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
check("1,600 incr of eight threads", pool.get("together").strip(), b"1600")

ring = HashClient([ADDRESS], timeout=10)
check("HashClient set", ring.set("ring", b"x"), True)
check("HashClient get", ring.get("ring"), b"x")
check("flush_all", client.flush_all(), True)
print(f"{checks} checks")
