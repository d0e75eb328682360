# frozen_string_literal: true

require_relative "reactor"
require_relative "translate"

module TrueState
  module LiveFlow
    # Makes a call of the core's and waits for what it gives.
    # @api private
    module Operation
      # The block begins the call. Other threads run while this one waits, a fiber scheduler runs other
      # fibers, and whatever is raised here meanwhile (Ctrl-C, `Timeout`) gives the call up.
      def self.wait(&begun)
        operation = Translate.call(&begun)
        begin
          Reactor.here.wait { |queue, token| operation.notify(queue, token) }
        rescue Exception # rubocop:disable Lint/RescueException -- it is raised again
          operation.cancel
          raise
        end
        Translate.call { operation.take }
      end

      # The same for a call that gives a session.
      def self.session(&begun)
        Translate.session(wait(&begun).session)
      end
    end
    private_constant :Operation
  end
end
