# frozen_string_literal: true

require_relative "json"

module LiveFlowConformance
  # The rules that every scenario is held to, whatever it expects. Each gives pairs of its name and what
  # broke it.
  module Rules
    TERMINAL = %w[finished failed watch_ended].freeze

    module_function

    # All rules that these events break. `over`: the consumer was told that nothing follows;
    # `closed_after`: how many it had been told when it was closed, if it is a callback.
    def broken(events, over: false, closed_after: nil)
      late = closed_after ? events.drop(closed_after).map { |event| ["late_callback", event.to_s] } : []
      one_end(events, over) + prompts(events) + status_chain(events) + connection_pairs(events) +
        end_fits(events) + late + events.flat_map { |event| reason(event) }
    end

    def one_end(events, over)
      first = events.index { |event| TERMINAL.include?(event["event"]) }
      return events.drop(first + 1).map { |event| ["one_end", "after the end came #{event}"] } if first

      over ? [["one_end", "no end was told"]] : []
    end

    def prompts(events)
      requested = []
      closed = []
      found = []
      events.each do |event|
        # What comes after the end breaks another rule.
        if TERMINAL.include?(event["event"])
          return found + (requested.uniq - closed).map { |prompt| ["prompt_left_open", prompt.to_s] }
        end

        prompt = event["prompt"]&.values_at("run_id", "round")
        case event["event"]
        when "prompt_requested"
          found << ["prompt_once", event.to_s] if requested.include?(prompt)
          requested << prompt
        when "prompt_closed"
          found << ["prompt_closed_once", event.to_s] if closed.include?(prompt) || !requested.include?(prompt)
          closed << prompt
        end
      end
      found
    end

    def status_chain(events)
      last = nil
      events.select { |event| event["event"] == "status_changed" }.filter_map do |event|
        breaks = event["previous"] != last || event["current"] == last
        last = event["current"]
        ["status_chain", event.to_s] if breaks
      end
    end

    def connection_pairs(events)
      lost = false
      events.select { |event| event["event"].start_with?("connection_") }.filter_map do |event|
        now = event["event"] == "connection_lost"
        breaks = now == lost
        lost = now
        ["connection_pairs", event.to_s] if breaks
      end
    end

    def end_fits(events)
      events.select { |event| %w[finished failed].include?(event["event"]) }.filter_map do |event|
        kind = event["event"]
        fits = event["session"]["status"] == kind &&
               (kind == "finished" || event["error"]["kind"] == "session_failed")
        ["end_fits", event.to_s] unless fits
      end
    end

    # An error without words in what was shown.
    def reason(shown)
      error = shown["error"]
      return [] unless error.is_a?(Hash) && error.key?("kind") && error["reason"].to_s.strip.empty?

      [["reason", error.to_s]]
    end

    # Secrets anywhere in what was shown.
    def secret(shown, secrets)
      text = ExactJson.text(shown)
      secrets.select { |each| text.include?(each) }.map { ["secret", text] }
    end
  end
end
