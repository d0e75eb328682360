# frozen_string_literal: true

require_relative "errors"
require_relative "json"
require_relative "native"
require_relative "session"
require_relative "translate"

module TrueState
  module LiveFlow
    # What callers give, checked and made into what the core takes.
    # @api private
    module Arguments
      # A hundred years: longer than any wait, and short enough for every clock.
      LONGEST = 36_525 * 86_400

      module_function

      # A UUID, or the address of the flow's page, which the core parses.
      def identifier(value, argument)
        text(value, argument)
      end

      def inputs(value)
        refuse("inputs must be a Hash, not #{kind(value)}", "inputs") unless value.is_a?(Hash)
        Json.encode(value, "inputs")
      end

      # Text is text, and anything else is JSON.
      def answer(value, argument)
        case value
        when nil then refuse("#{argument} is nil; an answer is text or JSON that says something", argument)
        when String
          utf8 = Json.utf8(value)
          unless utf8
            raise InvalidRequestError.new("#{argument} is not valid UTF-8", argument: argument, answer: value)
          end

          Native::CoreAnswer::TEXT.new(text: utf8)
        else Native::CoreAnswer::JSON.new(json: Json.encode(value, argument))
        end
      end

      def prompt(value)
        return Translate.native_prompt(value) if value.is_a?(Prompt)

        refuse("prompt must be a Prompt, as PromptRequested has it, not #{kind(value)}", "prompt")
      end

      def timeout(value)
        return if value.nil?

        duration(value) { |reason| refuse("timeout #{reason}", "timeout") }
      end

      # Seconds; the block raises the error, given the reason.
      def duration(value)
        yield "must be a number of seconds, not #{kind(value)}" unless value.is_a?(Numeric) && value.real?
        yield "must be a number of seconds, not #{value}" unless value.finite?
        yield "must not be negative" if value.negative?
        yield "must be a hundred years at most" if value > LONGEST
        Translate.duration(value)
      end

      def text(value, argument)
        refuse("#{argument} must be a String, not #{kind(value)}", argument) unless value.is_a?(String)
        Json.utf8(value) or refuse("#{argument} is not valid UTF-8", argument)
      end

      def callback(value, name)
        raise ArgumentError, "#{name} must respond to call" unless value.nil? || value.respond_to?(:call)
      end

      # What it is, with its article.
      def kind(value)
        return "nil" if value.nil?

        name = value.class.to_s
        "#{name.match?(/\A[AEIOU]/) ? "an" : "a"} #{name}"
      end

      def refuse(reason, argument)
        raise InvalidRequestError.new(reason, argument: argument)
      end
    end
    private_constant :Arguments
  end
end
