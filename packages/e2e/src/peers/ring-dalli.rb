# Says where dalli places keys: servers as arguments, a key a line in, its owner a line out. The ring's own methods are
# asked below the point where it would connect.
require 'dalli'

ring = Dalli::Client.new(ARGV).send(:ring)
$stdin.each_line(chomp: true) do |key|
  server = ring.continuum ? ring.send(:server_for_hash_key, ring.send(:hash_for, key)) : ring.servers.first
  puts server.name
end
