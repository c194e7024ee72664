/*
 * Says where spymemcached places keys: `array` or `ketama` and servers as arguments, a key a line in, its owner a line
 * out. The locators are the library's; only the nodes that they choose among are stand-ins, which have an address.
 */
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.spy.memcached.AddrUtil;
import net.spy.memcached.ArrayModNodeLocator;
import net.spy.memcached.DefaultHashAlgorithm;
import net.spy.memcached.KetamaNodeLocator;
import net.spy.memcached.MemcachedNode;
import net.spy.memcached.NodeLocator;

class RingSpymemcached {
  public static void main(String[] words) throws Exception {
    Map<MemcachedNode, String> names = new HashMap<>();
    List<MemcachedNode> nodes = new ArrayList<>();
    for (int word = 1; word < words.length; word++) {
      MemcachedNode node = nodeAt(AddrUtil.getAddresses(words[word]).get(0));
      nodes.add(node);
      names.put(node, words[word]);
    }
    NodeLocator locator =
        words[0].equals("ketama")
            ? new KetamaNodeLocator(nodes, DefaultHashAlgorithm.KETAMA_HASH)
            : new ArrayModNodeLocator(nodes, DefaultHashAlgorithm.NATIVE_HASH);
    BufferedReader keys = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream output = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String key = keys.readLine(); key != null; key = keys.readLine()) output.println(names.get(locator.getPrimary(key)));
    output.flush();
  }

  private static MemcachedNode nodeAt(InetSocketAddress address) {
    return (MemcachedNode)
        Proxy.newProxyInstance(
            MemcachedNode.class.getClassLoader(),
            new Class<?>[] {MemcachedNode.class},
            (self, method, arguments) -> {
              switch (method.getName()) {
                case "getSocketAddress":
                  return address;
                case "hashCode":
                  return System.identityHashCode(self);
                case "equals":
                  return self == arguments[0];
                default:
                  return method.getReturnType() == boolean.class ? (Object) true : null;
              }
            });
  }
}
