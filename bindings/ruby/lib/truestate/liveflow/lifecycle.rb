# frozen_string_literal: true

require_relative "errors"
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

      # Ends a thread that is in a call when the process exits, without a word on standard error: nobody
      # can do anything about it any more. An exit hook may still wait for the thread.
      def self.check
        return if !@exiting || Thread.current == Thread.main

        Thread.current.report_on_exception = false
        raise ClosedError, "the process is exiting"
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
