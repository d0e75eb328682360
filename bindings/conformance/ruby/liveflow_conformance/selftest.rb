# frozen_string_literal: true

require_relative "judge"
require_relative "play"
require_relative "reading"
require_relative "rules"

module LiveFlowConformance
  # Proof that the checks bite: scenarios that must fail, and recordings that break a rule.
  module Selftest
    module_function

    # Plays a scenario that must fail for its reason; gives what is wrong.
    def must_fail(path)
      expected = members(path, %w[because contains scenario])
      part = expected.fetch("contains", "")
      begin
        Play.play(Reading.check(expected["scenario"]))
      rescue ScenarioFailed => e
        return if e.reason == expected["because"] && e.report.include?(part)

        return "it must fail with #{expected["because"]}, #{part}, but failed with #{e.message}"
      end
      "it passed, and must not"
    end

    # Holds a recording against the rules, or against a consumer's expectation.
    def recording(path)
      it = members(path, %w[events end closed_after secrets breaks consumer fits sessions])
      return matching(it) if it.key?("consumer")

      found = Rules.broken(it["events"], over: it["end"], closed_after: it["closed_after"])
      found += it["events"].flat_map { |event| Rules.secret(event, it.fetch("secrets", [])) }
      found = found.map(&:first).uniq
      found == [it["breaks"]].compact ? nil : "it must break #{it["breaks"]}, but breaks #{found}"
    end

    def matching(read)
      Reading.check_consumer(read["consumer"])
      problem = Judge.compare(read["consumer"], read["events"], Names.new(read.fetch("sessions", {}), nil))
      return if read["fits"] == problem.nil?

      read["fits"] ? "it must fit, but: #{problem}" : "it must not fit, but does"
    end

    def members(path, known)
      read = ExactJson.read(path)
      unknown = read.keys - known
      raise "#{path}: unknown members #{unknown}" if unknown.any?

      read
    end
  end
end
