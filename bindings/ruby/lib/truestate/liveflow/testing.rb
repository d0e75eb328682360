# frozen_string_literal: true

require "net/http"
require_relative "client"
require_relative "json"

module TrueState
  module LiveFlow
    # A local Live Flow service for the tests of an application. `require "truestate/liveflow/testing"`.
    module Testing
      # The built-in flow that asks two questions, `ask_budget` and `ask_timeline`.
      LEAD_QUALIFICATION = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe"
      # The built-in flow that asks nothing.
      COMPANY_RESEARCH = "0b0f4dc1-6d3c-4c55-9f0b-6c1a8b8a7c11"
      # The built-in flow that fails for `spam`, asks about `sell`, and approves the rest.
      CONTENT_MODERATION = "5d9f0c32-7f0a-4b6e-8a57-3e2f4c9b1d64"

      # The simulator could not be found or started, or it refused a request.
      class SimulatorError < StandardError; end

      # A local Live Flow service on a free port, for as long as the block lasts.
      #
      #     Simulator.open(speed: 100) do |simulator|
      #       simulator.client do |client|
      #         client.run(LEAD_QUALIFICATION) { "20000" }
      #       end
      #     end
      #
      # It needs the command `liveflow-simulator`: the environment variable `LIVEFLOW_SIMULATOR` names
      # it, or it is on the path. Its documentation says what flows and faults look like.
      class Simulator
        START_S = 20
        private_constant :START_S

        # @return [String] where it is
        attr_reader :base_url
        # @return [String] where it can be controlled even while it simulates an outage
        attr_reader :control_url
        # @return [String] the one key that it accepts
        attr_reader :api_key
        # @return [Array<Hash>] its flows, each with `id` and `name`
        attr_reader :flows

        # Starts one for the block, and stops it at the block's end.
        # @yieldparam simulator [Simulator]
        # @return what the block gives
        def self.open(**options)
          simulator = new(**options)
          begin
            yield simulator
          ensure
            simulator.stop
          end
        end

        # Starts it. {#stop} stops it, and so does the end of this process.
        # @param command [String] the simulator's binary
        # @param flows [String, nil] a folder of further flow files
        # @param speed [Numeric] how many times as fast as real time sessions go
        # @param seed [Integer] seeds random durations and faults
        # @param api_key [String] the one key that it accepts
        # @param arguments [Array<String>] further arguments of the command
        def initialize(command: ENV.fetch("LIVEFLOW_SIMULATOR", "liveflow-simulator"), flows: nil,
                       speed: 1, seed: 0, api_key: "simulator-key", arguments: [])
          words = [command, "--port", "0", "--exit-with-stdin", "--quiet", "--speed", speed.to_s,
                   "--seed", seed.to_s, "--api-key", api_key]
          words += ["--flows", flows.to_s] if flows
          begin
            @process = IO.popen([*words, *arguments], "r+")
          rescue SystemCallError => e
            raise SimulatorError, "#{command}: #{e.message}; name it in LIVEFLOW_SIMULATOR"
          end
          started(command)
        end

        # Stops it.
        # @return [nil]
        def stop
          @process&.close
          @process = nil
        end

        # Makes a client of it. With a block it is closed at the block's end.
        # @yieldparam client [Client]
        # @return [Client] or what the block gives
        def client(**settings, &block)
          made = Client.new(api_key, base_url: base_url, **settings)
          block ? made.closing(&block) : made
        end

        # What it saw: `requests`, and `sessions` with the `inputs` that took effect.
        # @return [Hash]
        def journal(session_id = nil)
          control(:get, session_id ? "journal?session=#{session_id}" : "journal")
        end

        # Has requests fail as these rules say.
        # @param rules [Array<Hash>]
        def add_faults(rules)
          control(:post, "faults", rules)
        end

        # Adds a flow, or replaces it for new sessions.
        # @return [String] its id
        def upload_flow(flow, flow_id = flow["id"])
          control(:put, "flows/#{flow_id}", flow)
          flow_id
        end

        # Answers a session's open prompt as another device would.
        def answer(session_id, answer)
          control(:post, "sessions/#{session_id}/answer", { answer: answer })
        end

        # Has the session's current step finish now, or fail with this error.
        def advance(session_id, fail: nil)
          control(:post, "sessions/#{session_id}/advance", fail && { fail: fail })
        end

        # Sends a control request.
        # @return [Object] its answer
        # @raise [SimulatorError] it was refused
        def control(method, path, body = nil)
          uri = URI("#{control_url}/_simulator/#{path}")
          request = Net::HTTP.const_get(method.to_s.capitalize).new(uri, "content-type" => "application/json")
          request.body = Json.encode(body, "body") unless body.nil?
          # The system's proxy has no business with a service on this machine.
          response = Net::HTTP.start(uri.host, uri.port, nil) { |http| http.request(request) }
          unless response.is_a?(Net::HTTPSuccess)
            raise SimulatorError, "#{method} #{path}: #{response.code} #{response.body}"
          end

          response.body.to_s.empty? ? nil : Json.decode(response.body.force_encoding("UTF-8"))
        end

        # @return [String]
        def inspect
          "#<#{self.class} #{@process ? base_url : "stopped"}>"
        end

        private

        def started(command)
          line = @process.wait_readable(START_S) && @process.gets
          if line.nil?
            stop
            raise SimulatorError, "#{command} ended instead of starting; see its messages"
          end
          said = Json.decode(line)
          @base_url, @control_url, @api_key, @flows = said.values_at("base_url", "control_url", "api_key", "flows")
        end
      end
    end
  end
end
