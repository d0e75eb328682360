# frozen_string_literal: true

require_relative "json"
require_relative "native"
require_relative "value"

module TrueState
  module LiveFlow
    # How far a session is, or one step of it. Statuses are symbols; these are all of them.
    module SessionStatus
      # Created, not begun.
      READY = :ready
      # At work.
      RUNNING = :running
      # Asking the end user something.
      WAITING_FOR_USER_INPUT = :waiting_for_user_input
      # Ended well. Never changes again.
      FINISHED = :finished
      # Ended badly, or was cancelled. Never changes again.
      FAILED = :failed
      # A word that this version does not know: see `raw_status`. Never an end.
      UNRECOGNISED = :unrecognised
      # Every status.
      ALL = [READY, RUNNING, WAITING_FOR_USER_INPUT, FINISHED, FAILED, UNRECOGNISED].freeze
    end

    # What sessions and steps have in common.
    module HasStatus
      # @return [Boolean] whether it ended well
      def finished? = status == :finished
      # @return [Boolean] whether it ended badly, or was cancelled
      def failed? = status == :failed
      # @return [Boolean] whether nothing will ever change again
      def ended? = finished? || failed?
      # @return [Boolean] whether it asks the end user something
      def waiting_for_user_input? = status == :waiting_for_user_input
    end

    # Members whose JSON is decoded when somebody first looks. They are Ruby's own, frozen: `Hash`,
    # `Array`, `String`, `Integer`, `Float`, `true`, `false`, `nil`, and `BigDecimal` for numbers that
    # a `Float` would change.
    # @api private
    module HasJson
      # Declares readers of JSON texts: `result` reads `result_json`.
      def json(**texts)
        texts.each do |name, text|
          define_method(name) do
            @decoded.fetch(name) do
              given = public_send(text)
              @decoded[name] = given.nil? ? nil : Json.decode(given)
            end
          end
        end
      end

      # The value itself is frozen; what was decoded is kept beside it.
      module Keeps
        def initialize(**)
          @decoded = {}
          super
        end
      end

      def self.extended(value)
        value.prepend(Keeps)
      end
    end

    # Steps done, of steps known.
    class Progress < Value
      # @!attribute [r] done
      #   @return [Integer] steps that have ended
      # @!attribute [r] known
      #   @return [Integer] the flow's count of steps, or the steps so far if those are more
      value :done, :known

      # @return [String] such as `2/5`
      def to_s = "#{done}/#{known}"
    end

    # One question to the end user and its answer, if it has one yet.
    class Exchange < Value
      # @!attribute [r] run_id
      #   @return [String] the execution of the step that asked
      # @!attribute [r] step_name
      #   @return [String, nil] the step's name in the flow
      # @!attribute [r] question
      #   @return [String] what was asked, as text
      # @!attribute [r] answer
      #   @return [String, nil] what the end user answered, as text
      value :run_id, :step_name, :question, :answer
    end

    # One question to the end user. Hand it back with the answer.
    #
    # A flow that validates answers can ask again in the same run of a step; that is another prompt,
    # with a higher `round`.
    class Prompt < Value
      extend HasJson

      # @!attribute [r] run_id
      #   @return [String] the execution of the step that asks
      # @!attribute [r] round
      #   @return [Integer] 0 for the first question of the run, one more each time it asks again
      # @!attribute [r] step_name
      #   @return [String, nil] the step's name in the flow
      # @!attribute [r] text
      #   @return [String] what to show to the end user
      # @!attribute [r] kind
      #   @return [String, nil] the prompt's `type`, where it has one
      # @!attribute [r] raw_text
      #   @return [String, nil] the prompt as the service wrote it, as JSON text
      value :run_id, round: 0, step_name: nil, text: "", kind: nil, raw_text: nil, hidden: [:raw_text]

      # @!attribute [r] raw
      #   @return [Object] the prompt as the service wrote it
      json raw: :raw_text
    end

    # One execution of one step.
    class StepRun < Value
      extend HasJson
      include HasStatus

      # @!attribute [r] id
      #   @return [String] identifies this execution (not the step in the flow)
      # @!attribute [r] name
      #   @return [String, nil] the step's name in the flow
      # @!attribute [r] step_type
      #   @return [String, nil] the service's word for what kind of step it is, such as `LLM`
      # @!attribute [r] status
      #   @return [Symbol] how far this execution is, one of {SessionStatus}
      # @!attribute [r] raw_status
      #   @return [String] the service's own word for the status
      # @!attribute [r] created_at
      #   @return [Time, nil] when it began, by the service's clock
      # @!attribute [r] updated_at
      #   @return [Time, nil] when it last changed, by the service's clock
      # @!attribute [r] prompt_json
      #   @return [String, nil] `prompt` as JSON text
      # @!attribute [r] result_json
      #   @return [String, nil] `result` as JSON text
      # @!attribute [r] user_input_json
      #   @return [String, nil] `user_input` as JSON text
      # @!attribute [r] error_json
      #   @return [String, nil] `error` as JSON text
      value :id, :name, :step_type, :status, :raw_status, created_at: nil, updated_at: nil,
            prompt_json: nil, result_json: nil, user_input_json: nil, error_json: nil,
            hidden: %i[prompt_json result_json user_input_json error_json]

      # @!attribute [r] prompt
      #   @return [Object] its input: for a step that asks, what to ask
      # @!attribute [r] result
      #   @return [Object] its output: for a step that asks, the answer
      # @!attribute [r] user_input
      #   @return [Object] what the end user answered
      # @!attribute [r] error
      #   @return [Object] why it failed. For debugging: do not show it to end users
      json prompt: :prompt_json, result: :result_json, user_input: :user_input_json, error: :error_json
    end

    # One session, as the newest accepted answer of the service showed it.
    class Session < Value
      extend HasJson
      include HasStatus

      # @!attribute [r] id
      #   @return [String] the session's id
      # @!attribute [r] live_flow_id
      #   @return [String] the flow it is a run of
      # @!attribute [r] status
      #   @return [Symbol] how far it is, one of {SessionStatus}
      # @!attribute [r] raw_status
      #   @return [String] the service's own word for the status
      # @!attribute [r] current_step
      #   @return [StepRun, nil] the step it is at, where the service says
      # @!attribute [r] steps
      #   @return [Array<StepRun>] one entry for each execution of a step so far
      # @!attribute [r] steps_count
      #   @return [Integer, nil] how many steps the flow has, where the service says
      # @!attribute [r] created_at
      #   @return [Time, nil] when it was created, by the service's clock
      # @!attribute [r] updated_at
      #   @return [Time, nil] when it last changed, by the service's clock
      # @!attribute [r] inputs_json
      #   @return [String, nil] `inputs` as JSON text
      # @!attribute [r] error_json
      #   @return [String, nil] `error` as JSON text
      # @!attribute [r] flow_version_json
      #   @return [String, nil] `flow_version` as JSON text
      # @!attribute [r] raw_text
      #   @return [String] the whole answer as the service wrote it, as JSON text
      value :id, :live_flow_id, :status, :raw_status, current_step: nil, steps: [].freeze,
            steps_count: nil, created_at: nil, updated_at: nil, inputs_json: nil, error_json: nil,
            flow_version_json: nil, raw_text: "null",
            hidden: %i[current_step steps inputs_json error_json flow_version_json raw_text]

      # @!attribute [r] inputs
      #   @return [Object] what it was started with
      # @!attribute [r] error
      #   @return [Object] why it failed. For debugging: do not show it to end users
      # @!attribute [r] flow_version
      #   @return [Object] the version of the flow that it runs, with its steps and transitions
      # @!attribute [r] raw_json
      #   @return [Object] the whole answer as the service wrote it
      json inputs: :inputs_json, error: :error_json, flow_version: :flow_version_json, raw_json: :raw_text

      # @return [Object, nil] the result of the last finished step that has one
      def output
        steps.reverse_each.find { |step| step.finished? && step.result_json }&.result
      end

      # Gives {#output}.
      # @return [Object, nil]
      # @raise [SessionFailedError] the session failed or was cancelled
      def require_output
        return output unless failed?

        detail = error_json && Native.plain_text(error_json)
        raise SessionFailedError.new("the session #{id} failed or was cancelled", detail: detail)
      end

      # @return [Progress] steps done, of steps known
      def progress
        Progress.new(done: steps.count(&:ended?), known: [steps_count || 0, steps.size].max)
      end

      # @return [Array<Exchange>] the questions so far, each with its answer
      def transcript
        asking = steps.select { |step| step.user_input_json || step.waiting_for_user_input? }
        asking.map do |step|
          Exchange.new(
            run_id: step.id,
            step_name: step.name,
            question: step.prompt_json ? Native.prompt_text(step.prompt_json) : "",
            answer: step.user_input_json && Native.plain_text(step.user_input_json)
          )
        end
      end
    end
  end
end
