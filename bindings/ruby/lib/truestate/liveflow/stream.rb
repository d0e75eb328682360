# frozen_string_literal: true

require_relative "lifecycle"
require_relative "native"
require_relative "reactor"
require_relative "translate"

module TrueState
  module LiveFlow
    # One consumer of a watched session's events.
    #
    # Pulling has two halves: waiting, which carries nothing, and taking, which does not wait. So a
    # pull that is interrupted in between loses no event.
    # @api private
    class Stream
      def initialize(core)
        @core = core
        @turn = Mutex.new
      end

      # The next event, or nil when there are no more. Of several threads one waits, and the others for
      # their turn.
      def pull
        @turn.synchronize { taken }
      end

      # Wants no more: whoever waits finds the end.
      def end
        @core.cancel
      end

      private

      def taken
        loop do
          taken = Translate.call { @core.take_event }
          Lifecycle.check
          case taken
          when Native::TakenEvent::EVENT then return Translate.event(taken.event)
          when Native::TakenEvent::OVER then return nil
          else wait
          end
        end
      end

      def wait
        Reactor.here.wait { |queue, token| Translate.call { @core.notify(queue, token) } }
      end
    end
    private_constant :Stream
  end
end
