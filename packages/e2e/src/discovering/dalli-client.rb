# What client-process.mjs does, with dalli and the servers of its argument, a,b: the endpoint alone, or nodes. It works between
# what it is told.
require 'dalli'
require 'json'

WORK_KEYS = 120
TURN_SECONDS = 0.003
ERRORS_KEPT = 5
LIFETIME_SECONDS = 1000

$client = Dalli::Client.new(ARGV[0].split(','), socket_timeout: 60, socket_max_failures: 0)
$report = { calls: 0, hits: 0, failed: 0, errors: [] }
replies = IO.for_fd(3, 'w')
replies.sync = true

def failed(text)
  $report[:failed] += 1
  $report[:errors] << text if $report[:errors].length < ERRORS_KEPT
end

def called(what)
  $report[:calls] += 1
  yield
rescue StandardError => error
  failed("#{what}: #{error.inspect}")
  nil
end

def set_one(key, value)
  failed("set #{key}: refused") if called('set') { $client.set(key, value, LIFETIME_SECONDS, raw: true) } == false
end

def get_one(key)
  called('get') { $client.get(key, raw: true) }
end

def answer(told)
  told.fetch('set', []).each { |key| set_one(key, "#{told['value']} #{key}") }
  values = told.fetch('get', []).map { |key| get_one(key) }
  { values: values, nodes: nil, **$report }
end

def work(turn)
  key = "work:dalli:#{turn % WORK_KEYS}"
  set_one(key, key)
  value = get_one(key)
  if value == key
    $report[:hits] += 1
  elsif !value.nil?
    failed("got #{value} for #{key}")
  end
end

replies.puts(JSON.generate(answer({})))
turn = 0
loop do
  if IO.select([$stdin], nil, nil, TURN_SECONDS)
    line = $stdin.gets
    break if line.nil?

    replies.puts(JSON.generate(answer(JSON.parse(line))))
  end
  work(turn)
  turn += 1
end
