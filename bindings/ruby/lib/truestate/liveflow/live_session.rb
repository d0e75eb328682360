# frozen_string_literal: true

require_relative "arguments"
require_relative "lifecycle"
require_relative "operation"
require_relative "stream"
require_relative "subscription"
require_relative "translate"

module TrueState
  module LiveFlow
    # The events of one watched session, for one consumer: from now on, beginning with the present
    # state.
    class Events
      include Enumerable
      include Owner

      # @api private
      def initialize(stream)
        @stream = stream
      end

      # Gives each event, up to the last one. When the block is left early, no more are wanted.
      # @yieldparam event [SessionEvent]
      # @return [self, Enumerator]
      def each
        return enum_for unless block_given?

        begin
          while (event = @stream.pull)
            yield event
          end
        ensure
          close
        end
        self
      end

      # Waits for the next event.
      # @return [SessionEvent, nil] nil after the last one
      def next_event
        @stream.pull
      end

      # Wants no more events: an iteration under way ends.
      # @return [nil]
      def close
        @stream.end
        nil
      end
    end

    # One watched session. {Client#start}, {Client#watch} and {Client#restore} give it. Its methods may
    # be called from any thread.
    class LiveSession
      include Owner

      # @return [String] the session's id
      attr_reader :id
      # @return [String] the flow it is a run of
      attr_reader :live_flow_id

      # @api private
      def initialize(core, calls)
        @core = core
        @calls = calls
        @id = core.id
        @live_flow_id = core.live_flow_id
        @shared = stream
        @subscriptions = []
        @lock = Mutex.new
      end

      # The newest known state.
      # @return [Session, nil] nil before the first read of a plain watch
      def snapshot
        native = Translate.call { @core.snapshot }
        native && Translate.session(native)
      end

      # A new consumer of events, with a place of its own. The events end after {Finished}, {Failed} or
      # {WatchEnded}. They are what differs from what this consumer was last told: a slow consumer may
      # miss states in between, but never an open prompt, a finished step or the end.
      # @return [Events]
      def events
        Events.new(stream)
      end

      # Gives each event of a new consumer, up to the last one.
      # @yieldparam event [SessionEvent]
      # @return [Events, Enumerator]
      def each_event(&block)
        events.each(&block)
      end

      # Waits for the next event. All callers share one consumer.
      # @return [SessionEvent, nil] nil after the last one
      def next_event
        @shared.pull
      end

      # Has the block called with each event, one at a time, on a thread of its own. What it raises is
      # logged and ends nothing.
      # @yieldparam event [SessionEvent]
      # @return [Subscription]
      def subscribe(listener = nil, &block)
        listener ||= block
        Arguments.callback(listener, "the listener")
        raise ArgumentError, "a listener is needed" if listener.nil?

        subscription = Subscription.new(stream, listener)
        @lock.synchronize { @subscriptions << subscription }
        @calls.cancel_on_close(subscription)
        subscription
      end

      # Answers a prompt, and waits until the answer has arrived. In every error `answer` holds the
      # answer.
      # @param prompt [Prompt] as {PromptRequested} gave it
      # @param answer [String, Hash, Array, Numeric, Boolean] text, or JSON where the flow expects it
      # @return [nil]
      # @raise [PromptNoLongerOpenError] the prompt was closed before; nothing was changed
      # @raise [OutcomeUnknownError] nobody can tell whether the answer arrived
      # @raise [InvalidRequestError] the service refused this answer; the prompt is still open
      def answer(prompt, answer)
        asked = Arguments.prompt(prompt)
        given = Arguments.answer(answer, "answer")
        Operation.wait { @core.answer(asked, given) }
        nil
      end

      # Waits for the session's end.
      # @param timeout [Numeric, nil] how many seconds to wait at most
      # @return [Session] as it ended
      # @raise [RequestTimeoutError] the timeout passed. The session goes on, and so does the watch
      # @raise [ClosedError] the watch was closed meanwhile
      def wait(timeout = nil)
        limit = Arguments.timeout(timeout)
        Operation.session { @core.wait(limit) }
      end

      # Ends the session at the service.
      # @return [Session] as it ended (perhaps it was finished)
      def cancel
        Operation.session { @core.cancel }
      end

      # Looks at the session at once, instead of when it is due.
      # @return [nil]
      def poll_now
        Translate.call { @core.poll_now }
      end

      # What {Client#restore} needs to go on after a restart. It can hold the text of an answer that is
      # under way: keep it as safe as those.
      # @return [String]
      def checkpoint
        Translate.call { @core.checkpoint }
      end

      # Stops watching. The session itself is untouched. No callback starts after this.
      # @return [nil]
      def close
        @lock.synchronize { @subscriptions.dup }.each(&:cancel)
        @core.shutdown
        nil
      end

      # @return [String]
      def inspect
        "#<#{self.class} #{id}>"
      end

      private

      def stream
        Stream.new(Translate.call { @core.events })
      end
    end
  end
end
