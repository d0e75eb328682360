# frozen_string_literal: true

module LiveFlowConformance
  # A scenario failed: the reason, in the format's own word, and what a person needs to see.
  class ScenarioFailed < StandardError
    attr_reader :reason, :report

    def initialize(reason, report)
      super("#{reason}: #{report}")
      @reason = reason.to_s
      @report = report
    end

    # The failure of a scenario that cannot be played.
    def self.invalid(report)
      new(:invalid, report)
    end

    # The failure that an error of the player itself amounts to.
    def self.from(error)
      return error if error.is_a?(ScenarioFailed)

      invalid("the player: #{error.full_message(highlight: false)}")
    end
  end

  # What the action `raise` raises.
  class Raised < StandardError; end
end
