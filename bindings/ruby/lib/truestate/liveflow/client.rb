# frozen_string_literal: true

require_relative "arguments"
require_relative "calls"
require_relative "lifecycle"
require_relative "live_session"
require_relative "operation"
require_relative "run"
require_relative "translate"

module TrueState
  module LiveFlow
    # A connection to TrueState Live Flow. Its methods may be called from any thread. Every call blocks
    # until it is done; meanwhile other threads run, and so do other fibers where there is a fiber
    # scheduler. Ctrl-C, `Timeout` and `Thread#raise` give a call up.
    #
    # Ids are UUIDs, or the address of the flow's page on the platform. JSON is Ruby's own: `Hash`,
    # `Array`, `String`, numbers, `true`, `false`, `nil`. Durations are seconds.
    #
    # Every call can raise any {LiveFlowError}; {InvalidRequestError} names an argument that is refused
    # before anything is sent.
    class Client
      include Owner

      # Makes a client for the block, and closes it at the end of the block.
      # @param api_key [String, nil] see {#initialize}
      # @yieldparam client [Client]
      # @return what the block gives
      def self.open(api_key = nil, **settings, &block)
        new(api_key, **settings).closing(&block)
      end

      # Makes a client from the environment: `TRUESTATE_API_KEY` is the key,
      # `TRUESTATE_ORGANISATION_ID` (or `TRUESTATE_ORGANISATION`) the organisation, `TRUESTATE_HOST` the
      # address. Settings given here go before those. With a block it is closed at the block's end.
      # @yieldparam client [Client]
      # @return [Client] or what the block gives
      # @raise [ConfigurationError] the key is not set, or a setting is wrong
      def self.from_env(**settings, &block)
        client = allocate
        client.instance_variable_set(:@calls, Calls.new(nil, settings, from_env: true))
        block ? client.closing(&block) : client
      end

      # @param api_key [String, nil] the organisation's API key; optional only with `credentials`
      # @param settings all are optional, and the defaults are good
      # @option settings [String] :organisation_id sent as `Current-Org-Id`. Default: not sent
      # @option settings [String] :base_url where the service is. Default `https://api.truestate.io`
      # @option settings [Hash] :timeouts how long things may take: `connect` (to reach the service, 10),
      #   `request` (one request from its first byte to the last of its answer, 30), `total` (one call
      #   with everything it takes, 120)
      # @option settings [Hash] :retry how transient failures are tried again: `initial_backoff` (0.5),
      #   `max_backoff` (30), `multiplier` (2)
      # @option settings [Hash] :polling how often sessions are looked at: `running_min` (0.2),
      #   `running_max` (5), `waiting_min` (2), `waiting_max` (60), `growth` (the interval as a share of
      #   the time since the last change, 0.2), `jitter` (0.1)
      # @option settings [Numeric] :watch_limit how long one watch may see no end. Default 24 hours
      # @option settings [Boolean] :resend_answers whether an answer whose outcome is unknown may be sent
      #   again once reads have shown, over `answer_grace`, that it did not land. Default true
      # @option settings [Boolean] :verify_before_answer whether an answer is preceded by a read that
      #   still shows its prompt. Default true
      # @option settings [Numeric] :answer_grace how long after an attempt its effect can still show up.
      #   Must exceed `timeouts.request` plus `max_staleness`. Default 45
      # @option settings [Numeric] :max_staleness how old a read may be when replicas of the service lag.
      #   Default 10
      # @option settings [Boolean] :adopt_created whether a session that fits a create of unknown outcome
      #   may be taken for its own. Default false: an equal session may be somebody else's
      # @option settings [String] :correlation_member a member of the inputs into which create writes a
      #   unique id, by which a create of unknown outcome is found again for sure. Default: none
      # @option settings [Boolean] :recreate_when_unseen whether a create of unknown outcome is sent once
      #   more when nothing like it is seen after the grace. Default false
      # @option settings [Numeric] :max_retry_after the longest `Retry-After` that is obeyed. Default 300
      # @option settings [Numeric] :suspend_grace how long writes in flight may go on after {#suspend}.
      #   Default 2
      # @option settings [Numeric] :handler_timeout how long a prompt handler may take before the prompt
      #   counts as not answered by it. Default: as long as it likes
      # @option settings [Integer] :callback_limit how many callbacks that do not return are borne in the
      #   process. Default 64
      # @option settings [Integer] :max_concurrent_requests how many requests are in flight at once.
      #   Default 16
      # @option settings [Numeric] :requests_per_second how many requests are begun each second, in all.
      #   0 is no limit. Default 20
      # @option settings [Integer] :max_body_bytes the largest body taken from the service. Default 16 MiB
      # @option settings [Symbol, String] :proxy `:system` (the default), `:direct` for none, or an
      #   address such as `http://127.0.0.1:3128`
      # @option settings [Array<String>] :extra_root_certificates certificates trusted beside the
      #   platform's, each PEM or DER
      # @option settings [Boolean] :allow_insecure_http whether plain `http` is allowed to hosts other
      #   than this one. Default false
      # @option settings [String] :user_agent_suffix added to the `User-Agent`
      # @option settings [Hash] :endpoints the parts of the service's API that it does not document:
      #   `create_body` (`:wrapped` or `:bare`), `add_user_input` and `cancel_session` (each
      #   `{ method: :post, path: "…" }`), `user_input_member`, `list_page_size`
      # @option settings [Hash{String => Symbol}] :status_aliases further words of the service for
      #   statuses
      # @option settings [#headers] :credentials headers for each request from your own code, see
      #   {CredentialsRequest}
      # @option settings [#save, #load, #list, #delete] :checkpoint_store where checkpoints are kept, see
      #   {StoredCheckpoint}. With one, an answer is stored before its first byte leaves
      # @raise [ConfigurationError] a setting is wrong; its `setting` says which
      def initialize(api_key = nil, **settings)
        @calls = Calls.new(api_key, settings, from_env: false)
      end

      # Creates a session without watching it.
      # @return [Session]
      # @raise [OutcomeUnknownError] nobody can tell whether it was created; `candidates` are the
      #   sessions that it could be
      def create_session(live_flow_id, inputs = {})
        flow = Arguments.identifier(live_flow_id, "live_flow_id")
        json = Arguments.inputs(inputs)
        Operation.session { core.create_session(flow, json) }
      end

      # Reads a session.
      # @return [Session]
      def get_session(live_flow_id, session_id)
        flow, session = ids(live_flow_id, session_id)
        Operation.session { core.get_session(flow, session) }
      end

      # Reads all sessions of a flow. They can be many: see {#iter_sessions}.
      # @return [Array<Session>]
      def get_sessions(live_flow_id)
        flow = Arguments.identifier(live_flow_id, "live_flow_id")
        Operation.wait { core.get_sessions(flow) }.sessions.map { |session| Translate.session(session) }
      end

      # Reads the sessions of a flow one at a time, in bounded memory. Sends nothing before the first is
      # asked for.
      # @yieldparam session [Session]
      # @return [Enumerator] without a block
      def iter_sessions(live_flow_id)
        return enum_for(__method__, live_flow_id) unless block_given?

        flow = Arguments.identifier(live_flow_id, "live_flow_id")
        sessions = Translate.call { core.iter_sessions(flow) }
        while (native = Operation.wait { sessions.next }.session)
          yield Translate.session(native)
        end
      end

      # Answers whatever a session asks now, with text or JSON. Prefer {LiveSession#answer}: it knows
      # which prompt it answers.
      # @return [Session]
      # @raise [NotWaitingForInputError] the session asks nothing
      # @raise [OutcomeUnknownError] nobody can tell whether the answer arrived
      def add_user_input(live_flow_id, session_id, user_input)
        flow, session = ids(live_flow_id, session_id)
        answer = Arguments.answer(user_input, "user_input")
        Operation.session { core.add_user_input(flow, session, answer) }
      end

      # Ends a session at the service.
      # @return [Session] as it ended (perhaps it was finished)
      def cancel_session(live_flow_id, session_id)
        flow, session = ids(live_flow_id, session_id)
        Operation.session { core.cancel_session(flow, session) }
      end

      # Creates a session and watches it. With a block, watching stops at the block's end.
      # @yieldparam live [LiveSession]
      # @return [LiveSession] or what the block gives
      def start(live_flow_id, inputs = {}, &block)
        flow = Arguments.identifier(live_flow_id, "live_flow_id")
        json = Arguments.inputs(inputs)
        watched(block) { core.start(flow, json) }
      end

      # Watches an existing session. Makes no request itself: the first read is the watch's own. With a
      # block, watching stops at the block's end.
      # @yieldparam live [LiveSession]
      # @return [LiveSession] or what the block gives
      def watch(live_flow_id, session_id, &block)
        flow, session = ids(live_flow_id, session_id)
        watched(block) { core.watch(flow, session) }
      end

      # Goes on after a restart with what {LiveSession#checkpoint} gave. With a block, watching stops at
      # the block's end.
      #
      # An open prompt is announced again. An answer that was under way is looked for; if it stays
      # unknown whether it arrived, {AnswerUnresolved} hands its text back.
      # @yieldparam live [LiveSession]
      # @return [LiveSession] or what the block gives
      def restore(checkpoint, &block)
        text = Arguments.text(checkpoint, "checkpoint")
        watched(block) { core.restore(text) }
      end

      # Goes on after a restart with everything in the checkpoint store.
      # @return [Array<LiveSession>]
      def restore_all
        Operation.wait { core.restore_all }.live_sessions.map { |live| LiveSession.new(live, @calls) }
      end

      # Starts a session, has its prompts answered, and gives it as it ended.
      #
      #     client.run(flow, { company: "ACME" }) { |prompt| ask(prompt.text) }
      #
      # The block and `on_event` are called on this thread, one at a time. What they raise stops the
      # watching and is raised here; so does Ctrl-C. The session itself is untouched by that.
      # @param live_flow_id [String]
      # @param inputs [Hash] what the session is started with
      # @param on_event [#call, nil] told every event
      # @yieldparam prompt [Prompt]
      # @yieldreturn the answer (text or JSON), or nil for "no answer from here": watching goes on, and
      #   somebody else may answer. A prompt that was closed meanwhile is passed over
      # @return [Session] whatever its status
      # @raise [RequestTimeoutError] the session did not end within `watch_limit`
      # @raise [LiveFlowError] the session could not be started, watched or answered. After a failed
      #   answer, `answer` holds it
      def run(live_flow_id, inputs = {}, on_event: nil, &on_prompt)
        Arguments.callback(on_event, "on_event")
        live = start(live_flow_id, inputs)
        Run.new(live, on_prompt, on_event, @calls.handler_timeout).to_end
      end

      # Stops all requests until {#resume}. Watches stay.
      # @return [nil]
      def suspend
        Translate.call { core.suspend }
      end

      # Goes on after {#suspend}, with fresh connections.
      # @return [nil]
      def resume
        Translate.call { core.resume }
      end

      # Makes connections anew and looks at all sessions at once, on another network.
      # @return [nil]
      def network_changed
        Translate.call { core.network_changed }
      end

      # Stops watching everything. The sessions themselves are untouched.
      #
      # Waits for nothing. No request and no callback starts after it has returned; whoever waits for an
      # event finds {WatchEnded}, and calls raise {ClosedError}.
      # @return [nil]
      def close
        @calls.close
        nil
      end

      # @return [String]
      def inspect
        "#<#{self.class} #{@calls.describe}>"
      end

      # @api private
      def closing
        yield self
      ensure
        close
      end

      private

      def core
        @calls.core
      end

      def ids(live_flow_id, session_id)
        [Arguments.identifier(live_flow_id, "live_flow_id"), Arguments.identifier(session_id, "session_id")]
      end

      def watched(block, &begun)
        live = LiveSession.new(Operation.wait(&begun).live_session, @calls)
        return live if block.nil?

        begin
          block.call(live)
        ensure
          live.close
        end
      end
    end
  end
end
