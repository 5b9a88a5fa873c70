# One request as Puppet's own client makes it. Run as `ruby puppet_access.rb URL JOB`, with the token in
# PUPPET_TOKEN: prints the types of the job's events, or the status, kind and msg of the error.
require "json"
require "net/http"
require "uri"

url, job = ARGV
uri = URI.join(url, "/orchestrator/v1/jobs/#{job}/events")
headers = { "Content-Type" => "application/json" }
headers["X-Authentication"] = ENV["PUPPET_TOKEN"] if ENV["PUPPET_TOKEN"]
response = Net::HTTP.start(uri.host, uri.port) { |http| http.request(Net::HTTP::Get.new(uri, headers)) }
body = JSON.parse(response.body)
if response.code == "200"
  puts JSON.generate(body["items"].map { |event| event["type"] })
else
  puts JSON.generate([response.code.to_i, body["kind"], body["msg"]])
end
