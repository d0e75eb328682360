# frozen_string_literal: true

require_relative "json"
require_relative "rules"
require_relative "sequence"

module LiveFlowConformance
  # Whether what came is what was expected, in the order of the format's reasons.
  module Judge
    BRIEF = %w[previous current step.name step.status step.user_input step.result prompt.step_name prompt.round
               prompt.text reason text error.kind error.http_status error.detail session.status
               session.output].freeze
    OF_A_REQUEST = %w[number time_ms call method path status faults].freeze

    module_function

    def judge(stage)
      journal = stage.service.journal
      names = stage.names
      broken = broken(stage)
      raise ScenarioFailed.new(:rule, broken.map { |rule, by| "#{rule}: #{by}" }.join("\n")) if broken.any?

      expect = stage.scenario["expect"]
      consumers(stage, expect["consumers"], names)
      sessions(expect["sessions"], journal["sessions"], names)
      expect.fetch("requests", []).each { |expected| all_requests(stage, expected, journal["requests"], names) }
    end

    def broken(stage)
      told = stage.consumers.flat_map do |name, consumer|
        over = consumer.ended? && !consumer.called?
        found = Rules.broken(consumer.events, over: over, closed_after: consumer.closed_after)
        found.map { |rule, by| ["#{rule} (#{name})", by] } +
          consumer.events.flat_map { |event| Rules.secret(event, stage.secrets) }
      end
      told + stage.shown.flat_map { |shown| Rules.reason(shown) + Rules.secret(shown, stage.secrets) }
    end

    def consumers(stage, expected, names)
      lacking = (expected.keys - stage.consumers.keys).first
      raise ScenarioFailed.new(:consumers, "#{lacking}: there was no such consumer") if lacking

      stage.consumers.each do |name, consumer|
        unless expected.key?(name)
          raise ScenarioFailed.new(:consumers, "#{name}: nothing is expected of this consumer")
        end

        problem = compare(expected[name], consumer.events, names)
        raise ScenarioFailed.new(:consumers, "#{name}: #{problem}") if problem
      end
    end

    def sessions(expected, found, names)
      return if Pattern.fits?(expected, found, names)

      report = "expected #{ExactJson.text(expected)}\n  but the service has #{ExactJson.text(found)}"
      raise ScenarioFailed.new(:sessions, report)
    end

    # Compares what one consumer was told; gives the report of a difference.
    def compare(expected, events, names)
      expected.fetch("never", []).each do |pattern|
        event = events.find { |it| Pattern.fits?(pattern, it, names) }
        return "never #{ExactJson.text(pattern)}\n  but it was told #{ExactJson.text(event)}" if event
      end
      left = events.reject { |event| expected.fetch("ignore", []).include?(event["event"]) }
      search = Sequence.new(expected, left, names)
      return if search.fits?

      written = (expected["exactly"] || expected["in_order"]).map { |item| "    #{ExactJson.text(item)}" }
      told = [*left.map { |event| brief(event) }, "(nothing more)"].each_with_index.map do |line, at|
        " #{at == search.best ? "->" : "  "} #{line}"
      end
      told.pop if search.best < left.size
      ["expected", *written, "  but it was told", *told].join("\n")
    end

    # An event in a line: what tells it from others of its kind.
    def brief(event)
      parts = BRIEF.filter_map do |place|
        value = member(event, place)
        "#{place}=#{ExactJson.text(value)}" unless value.nil?
      end
      [event["event"], *parts].join(" ")
    end

    def all_requests(stage, expected, requests, names)
      problem = requests(stage, expected, requests, names) or return
      lines = requests.map do |request|
        "    #{OF_A_REQUEST.map { |name| "#{name}=#{ExactJson.text(request[name])}" }.join(" ")}"
      end
      raise ScenarioFailed.new(:requests, ["#{ExactJson.text(expected)}\n  but #{problem}", *lines].join("\n"))
    end

    # What is wrong, if anything is.
    def requests(stage, expected, requests, names)
      after = expected.key?("after") ? stage.named(stage.marks, expected["after"]) : 0
      before = expected.key?("before") ? stage.named(stage.marks, expected["before"]) : Float::INFINITY
      bound = {}
      found = requests.select do |request|
        request["number"] > after && request["number"] <= before &&
          Pattern.fits?(expected["where"], request, names, bound.dup)
      end
      count = found.size
      fits = (!expected.key?("exactly") || count == expected["exactly"]) &&
             count >= expected.fetch("at_least", 0) && count <= expected.fetch("at_most", count)
      return "there were #{count} requests" unless fits

      expected.fetch("same", []).each do |place|
        members = found.map { |request| member(request, place) }
        same = members.none?(&:nil?) && members.all? { |it| Pattern.same?(it, members.first) }
        return "#{place} is not the same: #{ExactJson.text(members)}" unless same
      end
      pause(expected, found, requests, names) if expected.key?("then")
    end

    def pause(expected, found, requests, names)
      first = found[expected.fetch("nth", 1) - 1]
      return "there is no such request number #{expected.fetch("nth", 1)}" if first.nil?

      following = requests.find do |request|
        request["number"] > first["number"] && Pattern.fits?(expected["then"], request, names)
      end
      return "no such request follows" if following.nil?

      pause = following["time_ms"] - first["time_ms"]
      fits = pause.between?(expected.fetch("pause_at_least_ms", pause), expected.fetch("pause_at_most_ms", pause))
      fits ? nil : "the pause was #{pause} ms"
    end

    def member(value, place)
      place.split(".").reduce(value) { |inner, name| inner.is_a?(Hash) ? inner[name] : nil }
    end
  end
end
