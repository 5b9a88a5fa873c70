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
  first = events(http, base, job)
  puts JSON.generate("cipher" => true, "start" => first["next-events"]["event"], "count" => first["items"].length)
  $stdout.flush
  seen = []
  start = nil
  finished = false
  until finished
    answer = events(http, base, job, start)
    start = answer["next-events"]["event"]
    answer["items"].each do |event|
      seen << event["type"]
      finished = true if %w[job_finished job_aborted].include?(event["type"])
    end
    sleep 0.05 if answer["items"].empty?
  end
  puts JSON.generate("seen" => seen, "link" => events(http, base, job)["next-events"]["id"])
end
