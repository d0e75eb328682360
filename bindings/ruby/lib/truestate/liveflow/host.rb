# frozen_string_literal: true

require_relative "callbacks"
require_relative "logs"
require_relative "native"
require_relative "translate"

module TrueState
  module LiveFlow
    # A thread for one credentials provider or checkpoint store, started at its first call.
    #
    # The core expects its own call to return at once: what the application does is done here, one call
    # after the other, and answered through the reply.
    # @api private
    class Host
      def initialize(name)
        @name = name
        @jobs = Thread::Queue.new
        @lock = Mutex.new
      end

      # Has the block called, and what it gives handed to `give`. Returns at once.
      def submit(give, reply, &method)
        @jobs << -> { serve(give, reply, method) }
        @lock.synchronize { @thread ||= Thread.new { work } }
      end

      # Lets the thread end when it has done what there is. What comes later is not done: the client is
      # closed, and nothing of the application's is called any more.
      def stop
        @jobs << nil
      end

      private

      def work
        while (job = @jobs.pop)
          job.call
        end
      end

      def serve(give, reply, method)
        give.call(method.call)
      rescue StandardError, ScriptError => e
        LiveFlow.logger.error("the #{@name} failed: #{e.full_message(highlight: false)}")
        reply.fail("the #{@name} raised #{e.class}")
      end
    end
    private_constant :Host

    # What the core sees of a credentials provider.
    # @api private
    class HostCredentials
      def initialize(provider, host)
        @provider = provider
        @host = host
      end

      def headers(request, reply)
        why = CredentialsRequest.new(refused: request.refused)
        give = ->(headers) { reply.give(headers.to_h { |name, value| [name.to_s, value.to_s] }) }
        @host.submit(give, reply) { @provider.headers(why) }
      end
    end
    private_constant :HostCredentials

    # What the core sees of a checkpoint store.
    # @api private
    class HostStore
      def initialize(store, host)
        @store = store
        @host = host
      end

      def save(checkpoint, reply)
        given = Translate.checkpoint(checkpoint)
        @host.submit(->(_) { reply.done }, reply) { @store.save(given) }
      end

      def load(session_id, reply)
        give = ->(kept) { reply.give(kept && Translate.native_checkpoint(kept)) }
        @host.submit(give, reply) { @store.load(session_id) }
      end

      def list(reply)
        @host.submit(->(ids) { reply.give(ids.to_a) }, reply) { @store.list }
      end

      def delete(session_id, reply)
        @host.submit(->(_) { reply.done }, reply) { @store.delete(session_id) }
      end
    end
    private_constant :HostStore
  end
end
