# frozen_string_literal: true

require "net/http"
require "truestate/liveflow/testing"
require_relative "failure"
require_relative "json"

module LiveFlowConformance
  # The local service that a scenario is played against.
  class Service
    # How often the player looks whether something has come about, in seconds.
    LOOK_EVERY = 0.005
    # A speed at which the service's clock as good as stands still.
    STANDSTILL = 0.000001

    FLOW_ID = "c0f0a3c2-5d1e-4b7a-9a57-2f6f0d5c9e11"
    SHIPPED = %w[LEAD_QUALIFICATION COMPANY_RESEARCH CONTENT_MODERATION].to_h do |name|
      [name.downcase.tr("_", "-"), TrueState::LiveFlow::Testing.const_get(name)]
    end.freeze

    def self.open
      simulator = TrueState::LiveFlow::Testing::Simulator.new
      yield new(simulator)
    rescue TrueState::LiveFlow::Testing::SimulatorError => e
      raise ScenarioFailed.invalid("the local service: #{e.message}")
    ensure
      simulator&.stop
    end

    def initialize(simulator)
      @simulator = simulator
    end

    def base_url = @simulator.base_url
    def api_key = @simulator.api_key

    # Sends a control request, and gives its answer.
    def control(method, path, body = nil)
      @simulator.control(method, path, body)
    rescue TrueState::LiveFlow::Testing::SimulatorError => e
      raise ScenarioFailed.invalid("the service refused #{e.message}")
    end

    # Makes sure of the flow, and gives its id.
    def put_flow(flow)
      return SHIPPED.fetch(flow) if flow.is_a?(String)

      id = flow.fetch("id", FLOW_ID)
      control(:put, "flows/#{id}", flow)
      id
    end

    # Makes a session out of band and brings it where it should be.
    def prepare(flow_id, session)
      id = create(flow_id, session.fetch("inputs", {}))
      wanted = session.fetch("until", "ready")
      answers = session.fetch("answers", []).dup
      while (now = status(id)) != wanted
        if wanted == "failed" && now != "finished" then advance(id, "failed by the scenario")
        elsif %w[ready running].include?(now) && wanted != "ready" then advance(id)
        elsif now == "waiting" && answers.any? then answer(id, answers.shift)
        else
          raise ScenarioFailed.invalid("a session is #{now}, not #{wanted}")
        end
      end
      id
    end

    # A session's status, whatever the status words.
    def status(session_id)
      found = control(:get, "journal?session=#{session_id}")["sessions"].first
      raise ScenarioFailed.invalid("the service has no session #{session_id}") if found.nil?

      found["status"]
    end

    def journal
      control(:get, "journal")
    end

    # Has the current step finish, or fail, now.
    def advance(session_id, fail = nil)
      control(:post, "sessions/#{session_id}/advance", fail && { "fail" => fail })
    end

    # Has another device answer.
    def answer(session_id, answer)
      control(:post, "sessions/#{session_id}/answer", { "answer" => answer })
    end

    private

    def create(flow_id, inputs)
      uri = URI("#{base_url}/live_flows/#{flow_id}/sessions/")
      headers = { "content-type" => "application/json", "api-key" => api_key }
      response = Net::HTTP.start(uri.host, uri.port, nil) do |http|
        http.post(uri.path, JSON.generate({ "inputs" => inputs }), headers)
      end
      unless response.is_a?(Net::HTTPSuccess)
        raise ScenarioFailed.invalid("a session was not created: #{response.body}")
      end

      JSON.parse(response.body)["id"]
    end
  end
end
