# Real work with dalli (binary dialect) on the server named by the arguments HOST PORT VERSION. Prints `N checks` at the end.
require 'dalli'

ADDRESS = "#{ARGV[0]}:#{ARGV[1]}"
VERSION = ARGV[2]
$checks = 0

def check(what, got, wanted)
  abort "#{what}: got #{got.inspect[0, 200]}, wanted #{wanted.inspect[0, 200]}" unless got == wanted
  $checks += 1
end

client = Dalli::Client.new(ADDRESS, socket_timeout: 10)
%w[rb rb2 n raw short big].each { |key| client.delete(key) }

client.set('rb', { 'a' => [1, 2.5, nil] })
check 'a Ruby object', client.get('rb'), { 'a' => [1, 2.5, nil] }
check 'a missing key', client.get('rb2'), nil
check 'add of what is there', client.add('rb', 1), false
check 'add', !client.add('rb2', 1).nil?, true
client.replace('missing', 1)
check 'replace of a missing key', client.get('missing'), nil
client.replace('rb2', 2)
check 'its value', client.get('rb2'), 2

client.set('raw', 'mid', 0, raw: true)
check 'append', client.append('raw', '>'), true
check 'prepend', client.prepend('raw', '<'), true
check 'the result', client.get('raw', raw: true), '<mid>'

check 'cas', !client.cas('rb2') { |value| value + 40 }.nil?, true
check 'after cas', client.get('rb2'), 42
check 'cas of a missing key', client.cas('missing') { |value| value }, nil

check 'incr with a start', client.incr('n', 5, 0, 10), 10
check 'incr', client.incr('n', 5), 15
check 'decr', client.decr('n', 20), 0
check 'incr of a missing key', client.incr('missing', 1), nil

keys = (0...300).map { |i| "many#{i}" }
client.multi { keys.each { |key| client.set(key, key * 2) } }
check 'get_multi', client.get_multi(keys + ['none']), keys.to_h { |key| [key, key * 2] }
client.multi { keys.each { |key| client.delete(key) } }
check 'get_multi after deletes', client.get_multi(keys), {}

big = Random.new(1).bytes(900_000)
client.set('big', big, 0, raw: true)
check 'a large value', client.get('big', raw: true).b, big.b

check 'touch', client.touch('raw', 100), true
check 'touch of a missing key', client.touch('missing', 100), nil
check 'gat', client.gat('rb2', 100), 42
check 'fetch', client.fetch('fetched') { 'made' }, 'made'
check 'fetch again', client.fetch('fetched') { 'made anew' }, 'made'

client.set('short', 'x', 1)
deadline = Time.now + 10
sleep 0.05 until client.get('short').nil? || Time.now > deadline
check 'expiry', client.get('short'), nil

check 'version', client.version.values, [VERSION]
check 'stats', client.stats.values.first['version'], VERSION
check 'stats reset', client.reset_stats, [true]
check 'delete', client.delete('rb'), true
client.delete('rb')
check 'the deleted key', client.get('rb'), nil

client.set('together', '0', 0, raw: true)
threads = (0...6).map do
  Thread.new do
    own = Dalli::Client.new(ADDRESS, socket_timeout: 10)
    100.times { own.incr('together', 1) }
    own.close
  end
end
threads.each(&:join)
check '600 incr of six threads', client.get('together', raw: true).to_i, 600

check 'flush', client.flush, [true]
client.close
puts "#{$checks} checks"
