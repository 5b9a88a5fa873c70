# What Puppet's own client does, with nothing but net/http: jobs.events(id, start), and each_event to
# the end of a job, over TLS 1.2. Run as `ruby puppet_jobs.rb URL CA_FILE JOB`.
require "json"
require "net/http"
require "openssl"
require "uri"

url, ca_file, job = ARGV
base = URI.join(url, "/orchestrator/v1/")
http = Net::HTTP.new(base.host, base.port)
http.use_ssl = true
http.ca_file = ca_file
http.verify_mode = OpenSSL::SSL::VERIFY_PEER
http.min_version = OpenSSL::SSL::TLS1_2_VERSION
http.max_version = OpenSSL::SSL::TLS1_2_VERSION

def events(http, base, job, start = nil)
  uri = URI.join(base, "jobs/#{job}/events")
  uri.query = "start=#{start}" if start
  request = Net::HTTP::Get.new(uri, "Content-Type" => "application/json", "X-Authentication" => "token")
  response = http.request(request)
  raise "#{response.code} #{response.body}" unless response.code == "200"
  JSON.parse(response.body)
end

http.start do
  # each_event never uses the position that it is given: it reads everything on each poll, at once
  # again as long as there are events, until a list holds the end
  seen = []
  polls = 0
  finished = false
  until finished
    answer = events(http, base, job)
    items = answer["items"]
    polls += 1
    if polls == 1
      puts JSON.generate("tls" => http.instance_variable_get(:@socket).io.ssl_version, "next" => answer["next-events"]["event"])
      $stdout.flush
    end
    raise "the beginning has changed" unless items.first(seen.length) == seen
    seen = items
    finished = items.any? { |event| %w[job_finished job_aborted].include?(event["type"]) }
  end
  rest = events(http, base, job, 3)
  puts JSON.generate(
    "seen" => seen.map { |event| event["type"] },
    "polled" => polls > 1,
    "from 3" => rest["items"].map { |event| event["id"] },
    "link" => rest["next-events"]["id"]
  )
end
