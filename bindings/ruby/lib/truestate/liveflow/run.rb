# frozen_string_literal: true

require_relative "errors"
require_relative "events"
require_relative "logs"

module TrueState
  module LiveFlow
    # A whole session in one call: everything happens on the caller's thread.
    # @api private
    class Run
      def initialize(live, on_prompt, on_event, handler_timeout)
        @live = live
        @on_prompt = on_prompt
        @on_event = on_event
        @handler_timeout = handler_timeout
      end

      # Sees it through to its end. What a callback raises reaches the caller, and ends the watch.
      def to_end
        @live.each_event do |event|
          @on_event&.call(event)
          case event
          when PromptRequested then answer(event.prompt) if @on_prompt
          when Finished, Failed then return event.session
          when WatchEnded then raise why(event.reason)
          end
        end
        raise why(:closed)
      ensure
        @live.close
      end

      private

      def answer(prompt)
        begun = now
        answer = @on_prompt.call(prompt)
        if @handler_timeout && now - begun > @handler_timeout
          LiveFlow.logger.warn("the prompt handler took longer than handler_timeout; " \
                               "prompt #{prompt.run_id} stays open")
          return
        end
        @live.answer(prompt, answer) unless answer.nil?
      rescue PromptNoLongerOpenError
        LiveFlow.logger.info("prompt #{prompt.run_id} was closed while its handler was thinking")
      end

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end

      # The error of a watch that ended before its session.
      def why(reason)
        case reason
        when :time_limit then RequestTimeoutError.new("the session did not end within watch_limit")
        when :closed then ClosedError.new("the watch was closed before the session's end")
        else reason
        end
      end
    end
    private_constant :Run
  end
end
