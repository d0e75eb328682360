# frozen_string_literal: true

require_relative "errors"
require_relative "lifecycle"
require_relative "logs"

module TrueState
  module LiveFlow
    # A listener's registration with a {LiveSession}. Forgetting it does not end it.
    class Subscription
      include Owner

      # How long `cancel` lets a callback begin that was past its last look at whether it may.
      BEGINNING_S = 0.005
      private_constant :BEGINNING_S

      # @api private
      def initialize(stream, listener)
        @stream = stream
        @listener = listener
        @turn = Mutex.new
        @returned = ConditionVariable.new
        @cancelled = false
        @inside = false
        @thread = Thread.new { listen }
        @thread.name = "liveflow-listener"
      end

      # Ends it. No callback starts after this has returned; one under way is not waited for.
      # @return [nil]
      def cancel
        @turn.synchronize do
          @cancelled = true
          @returned.wait(@turn, BEGINNING_S) if @inside && Thread.current != @thread
        end
        @stream.end
        nil
      end

      # @return [String]
      def inspect
        "#<#{self.class} #{@cancelled ? "cancelled" : "active"}>"
      end

      private

      def listen
        while (event = @stream.pull)
          @turn.synchronize do
            return if @cancelled

            @inside = true
          end
          tell(event)
        end
      rescue ClosedError
        nil # the process exits
      rescue StandardError => e
        LiveFlow.logger.error("the events of a listener cannot be read: #{e.message}")
      end

      def tell(event)
        @listener.call(event)
      rescue StandardError, ScriptError => e
        LiveFlow.logger.error("a listener of session events failed: #{e.full_message(highlight: false)}")
      ensure
        @turn.synchronize do
          @inside = false
          @returned.broadcast
        end
      end
    end
  end
end
