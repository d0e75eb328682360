# frozen_string_literal: true

require_relative "native"

module TrueState
  module LiveFlow
    # The end of the process. A thread of the core's that calls into Ruby while it is torn down would
    # find nobody there, so the core is stopped before.
    # @api private
    module Lifecycle
      # How long the exit waits for the core's threads: none of them does anything that takes long.
      PATIENCE_MS = 2000

      @lock = Mutex.new

      # To be called when a client is made, not when the gem is loaded: what was registered last runs
      # first, and test frameworks run all tests from an exit hook of theirs.
      def self.begin
        @lock.synchronize do
          next if @process == Process.pid

          # A forked child has inherited the hook, and runs it for itself.
          @process ? Native.renew_callbacks : at_exit { stop }
          @process = Process.pid
        end
      end

      # Goes no further when the process exits. A thread that is in a call stays in it, as it would in
      # `sleep`: an error that nobody can handle any more would only be noise.
      def self.check
        sleep if @exiting && Thread.current != Thread.main
      end

      def self.stop
        @exiting = true
        Native.shutdown_runtime(PATIENCE_MS)
      end
      private_class_method :stop
    end
    private_constant :Lifecycle

    # What stands for something in the core: a copy would be a second owner of it.
    # @api private
    module Owner
      def initialize_copy(_other)
        raise TypeError, "a #{self.class} cannot be copied: share it"
      end

      def marshal_dump
        raise TypeError, "a #{self.class} cannot be marshalled"
      end
    end
    private_constant :Owner
  end
end
