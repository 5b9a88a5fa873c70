# Publishes to a Tidings, asks it, and follows its log over restarts. Usage: example.rb ADDRESS
require 'grpc'
require 'tidings/v1/event_service_services_pb'

include Tidings::V1

# A connection that is dead without a sound is noticed: the server sends a heartbeat each 5 s.
OPTIONS = { 'grpc.keepalive_time_ms' => 15_000, 'grpc.keepalive_timeout_ms' => 5_000 }.freeze
HEARTBEAT = Google::Protobuf::Duration.new(seconds: 5)
PAUSE_S = 0.5

# One event of each system, by the name of the system.
def events
  healthy = { all_healthy: true, api_status: 'Healthy', compiler_status: 'Healthy', runner_status: 'Healthy' }
  started = Google::Protobuf::Timestamp.new(seconds: 1_462_477_808)
  {
    nomad: NomadEvent.new(topic: 'Job', type: 'JobRegistered', key: 'web',
                          payload: NomadPayload.new(job: Job.new(id: 'web'))),
    consul: ConsulEvent.new(name: 'hello', payload: 'hi'),
    docker_cloud: DockerCloudEvent.new(type: 'service', action: 'create',
                                       resource_uri: '/api/app/v1/shop/service/7/'),
    puppet: PuppetJobEvent.new(job: '352', type: 'node_running', timestamp: started),
    feldera: FelderaClusterEvent.new(healthy),
    cloud_event: CloudEvent.new(id: 'invoice-7', source: '/billing', spec_version: '1.0',
                                type: 'com.example.invoice.paid')
  }
end

# Repeats a call until the service can be reached.
def retried
  yield
rescue GRPC::Unavailable
  sleep PAUSE_S
  retry
end

# Yields every record from the beginning on, each once, for ever.
def follow(stub)
  after_seq = 0
  log_id = ''
  retried do
    request = SubscribeRequest.new(after_seq: after_seq, log_id: log_id, heartbeat_interval: HEARTBEAT)
    call = stub.subscribe(request, return_op: true)
    responses = call.execute
    responses.each do |response|
      log_id = call.metadata['tidings-log-id'] || log_id
      case response.part
      when :batch
        response.batch.records.each do |record|
          after_seq = record.seq
          yield record
        end
      when :heartbeat
        after_seq = response.heartbeat.seq
      when :gap
        warn "gone: #{response.gap}"
        after_seq = response.gap.resume_seq
      end
    end
  end
end

def main(address)
  stub = EventService::Stub.new(address, :this_channel_is_insecure, channel_args: OPTIONS)
  events.each do |system, body|
    # With a key a repeated call stores nothing twice.
    draft = Draft.new(key: "example-#{system}", events: [Event.new(system => body)])
    answer = retried { stub.publish(PublishRequest.new(draft: draft)) }
    puts "published #{system} #{answer.seq}"
  end
  fired = stub.fire(FireRequest.new(name: 'deploy')).event
  listed = retried { stub.list(ListRequest.new(name: 'deploy')) }.events
  puts "fired #{fired.name} listed #{listed.any? { |event| event.id == fired.id }}"
  job = retried { stub.get_job_events(GetJobEventsRequest.new(job_id: '352')) }
  puts "job #{job.items.map(&:type).join(' ')}"
  latest = retried { stub.get_cluster_event(GetClusterEventRequest.new(event_id: 'latest')) }
  puts "healthy #{latest.event.all_healthy}"
  follow(stub) do |record|
    event = record.events.first
    puts "record #{record.seq} #{event.body}"
    return if event.consul&.name == 'end'
  end
end

$stdout.sync = true
main(ARGV.fetch(0))
