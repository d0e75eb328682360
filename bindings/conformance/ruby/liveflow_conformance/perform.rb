# frozen_string_literal: true

require_relative "calls"
require_relative "consumer"
require_relative "json"
require_relative "render"

module LiveFlowConformance
  # Carrying out actions, and whether they came out as they must.
  module Perform
    # How long `mark` lets requests that are on their way arrive.
    SETTLE_S = 0.05

    module_function

    # Carries out an action and compares what came of it.
    def call(stage, action, here)
      begun = now
      begin
        came = { "result" => carry_out(stage, action, here) }
      rescue TrueState::LiveFlow::LiveFlowError, Raised => e
        came = { "error" => Render.error(e) }
      end
      took_ms = (now - begun) * 1000
      stage.shown << came
      judge(action, came, took_ms, stage.names)
    end

    def judge(action, came, took_ms, names)
      expect = action.fetch("expect", {})
      if came.key?("error")
        fits = expect.key?("error") && Pattern.fits?(expect["error"], came["error"], names)
        raise failed(action, "raised #{ExactJson.text(came["error"])}") unless fits
      elsif expect.key?("error")
        raise failed(action, "raised no error; its result is #{ExactJson.text(came["result"])}")
      elsif expect.key?("result") && !Pattern.fits?(expect["result"], came["result"], names)
        raise failed(action, "came out as #{ExactJson.text(came["result"])}")
      end
      least = expect.fetch("took_at_least_ms", 0)
      most = expect.fetch("took_at_most_ms", took_ms)
      raise failed(action, "took #{took_ms.round} ms") unless took_ms.between?(least, most)
    end

    def failed(action, problem)
      ScenarioFailed.new(:action, "#{ExactJson.text(action)}\n  #{problem}")
    end

    def carry_out(stage, action, here)
      kind = action["action"]
      return Calls.public_send(kind, stage, action) if Calls::CLIENT.include?(kind)
      return Calls.public_send(:"watch_#{kind}", stage, action, here) if Calls::WATCHING.include?(kind)

      outside(stage, kind, action)
    end

    # The world outside, and the player itself.
    def outside(stage, kind, action)
      service = stage.service
      case kind
      when "answer_elsewhere" then service.answer(session(stage, action), Calls.given(action))
      when "advance" then service.advance(session(stage, action), action["fail"])
      when "add_faults" then stage.add_faults(action["faults"])
      when "clear_faults" then service.control(:delete, "faults")
      when "settings" then service.control(:put, "settings", action["settings"])
      when "clock" then service.control(:put, "clock", action.slice("speed", "advance_ms"))
      when "drop_connections"
        how = action.slice("how")
        service.control(:post, "drop_connections", how.empty? ? nil : how)
      when "outage" then service.control(:put, "listening", { "accept" => false, **action.slice("how", "for_ms") })
      when "end_outage" then service.control(:put, "listening", { "accept" => true })
      when "sleep" then sleep(action["ms"] / 1000.0)
      when "wait_for" then sleep(Service::LOOK_EVERY) until come_about?(stage, action)
      when "await_end"
        consumer = action.fetch("consumer", "main")
        sleep(Service::LOOK_EVERY) until stage.consumers[consumer]&.ended?
      when "join" then stage.join(action["background"])
      when "mark"
        sleep(SETTLE_S)
        stage.name(stage.marks, action["name"], service.journal["requests"].last&.fetch("number") || 0)
      else raise ScenarioFailed.invalid("only a callback raises: #{action}")
      end
      nil
    end

    def session(stage, action)
      stage.session(action.fetch("session", "main"))
    end

    def come_about?(stage, action)
      return stage.service.status(session(stage, action)) == action["session_is"] if action.key?("session_is")

      names = stage.names
      if action.key?("event")
        told = stage.consumers[action.fetch("consumer", "main")]&.events.to_a.dup
        return told.count { |event| Pattern.fits?(action["event"], event, names) } >= action.fetch("nth", 1)
      end
      wanted = action["requests"]
      after = wanted.key?("after") ? stage.named(stage.marks, wanted["after"]) : 0
      found = stage.service.journal["requests"].count do |request|
        request["number"] > after && Pattern.fits?(wanted["where"], request, names)
      end
      found >= wanted["at_least"]
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
