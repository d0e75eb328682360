# frozen_string_literal: true

require_relative "native"

module TrueState
  module LiveFlow
    # One thread that learns from the core what is ready, and wakes whoever waits for it.
    #
    # Who waits does so in Ruby: it is interrupted at once, and under a fiber scheduler other fibers
    # run. The generated asynchronous calls would do that too, but they are woken by a callback into
    # Ruby, and those fail in a forked child.
    # @api private
    class Reactor
      # How long the thread may stay in the core when nobody waits any more.
      SLICE_MS = 100

      @making = Mutex.new

      # That of this process: in a forked child no thread of the parent's runs.
      def self.here
        @making.synchronize { @here&.process == Process.pid ? @here : @here = new }
      end

      # The process whose thread it is.
      attr_reader :process

      def initialize
        @process = Process.pid
        @queue = Native::ReadyQueue.new
        @lock = Mutex.new
        @wanted = ConditionVariable.new
        @waiting = {}
        @last = 0
        Thread.new { serve }.name = "liveflow-reactor"
      end

      # Waits for what the block asks the core to announce, given a queue and a token.
      def wait
        woken = Thread::Queue.new
        token = @lock.synchronize { @last += 1 }
        begin
          @lock.synchronize do
            @waiting[token] = woken
            @wanted.signal
          end
          yield @queue, token
          woken.pop
        ensure
          @lock.synchronize { @waiting.delete(token) }
        end
      end

      private

      def serve
        loop do
          @lock.synchronize { @wanted.wait(@lock) while @waiting.empty? }
          @queue.next(SLICE_MS).each do |token|
            @lock.synchronize { @waiting.delete(token) }&.push(true)
          end
        end
      end
    end
    private_constant :Reactor
  end
end
