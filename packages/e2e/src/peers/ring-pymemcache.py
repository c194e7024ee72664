"""Says where pymemcache's HashClient places keys: servers as arguments, a key a line in, its owner a line out."""
import sys

from pymemcache.client.hash import HashClient

servers = [(name.rsplit(":", 1)[0], int(name.rsplit(":", 1)[1])) for name in sys.argv[1:]]
client = HashClient(servers, allow_unicode_keys=True)
for line in sys.stdin.buffer.read().decode("utf-8").splitlines():
    print(client.hasher.get_node(line))
