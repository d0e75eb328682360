# frozen_string_literal: true

require "bigdecimal"
require "json"
require_relative "failure"

module LiveFlowConformance
  # JSON with all its digits.
  module ExactJson
    # A number with a fraction: a `Float` unless that would change its digits.
    module Real
      def self.try_convert(text)
        exact = BigDecimal(text)
        BigDecimal(exact.to_f.to_s) == exact ? exact.to_f : exact
      end
    end

    module_function

    def read(path)
      JSON.parse(File.read(path, encoding: "UTF-8"), max_nesting: false, decimal_class: Real)
    rescue JSON::ParserError => e
      raise ScenarioFailed.invalid(e.message)
    end

    # For people: not every value here is JSON.
    def text(value)
      JSON.generate(value)
    rescue StandardError
      value.inspect
    end
  end
end
