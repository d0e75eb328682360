# frozen_string_literal: true

require_relative "callbacks"
require_relative "errors"
require_relative "events"
require_relative "lifecycle"
require_relative "native"
require_relative "session"

module TrueState
  module LiveFlow
    # From the generated types to the public ones, and back where something is handed back.
    # @api private
    module Translate
      # The generated code has plain enumerations as numbers.
      STATUSES = SessionStatus::ALL.to_h { |name| [Native::SessionStatus.const_get(name.upcase), name] }.freeze
      CLOSE_REASONS = %i[answered answered_elsewhere session_ended watch_ended unknown].to_h do |name|
        [Native::PromptCloseReason.const_get(name.upcase), name]
      end.freeze
      ERRORS = Native::LiveFlowError.constants.to_h do |name|
        [Native::LiveFlowError.const_get(name), LiveFlow.const_get(:"#{name}Error")]
      end.freeze

      module_function

      # Calls into the core; its errors come out as the public ones.
      def call
        yield
      rescue *ERRORS.keys => e
        Lifecycle.check
        raise error(e), cause: nil
      rescue Native::InternalError => e
        raise LiveFlowError, "a defect of this library, please report it: #{e.message}", cause: nil
      end

      def error(native)
        context = native.context
        members = {
          http_status: context.http_status, detail: context.detail, request_id: context.request_id,
          retryable: context.retryable, answer: context.answer
        }
        ERRORS.fetch(native.class).new(context.reason, **members, **further(native))
      end

      # What only some errors have.
      def further(native)
        case native
        when Native::LiveFlowError::Configuration then { setting: native.setting }
        when Native::LiveFlowError::InvalidRequest
          { argument: native.argument, field_errors: native.field_errors.map { |it| field_error(it) }.freeze }
        when Native::LiveFlowError::RateLimited
          { retry_after: native.retry_after && seconds(native.retry_after) }
        when Native::LiveFlowError::OutcomeUnknown
          { candidates: native.candidates.map { |it| session(it) }.freeze }
        else {}
        end
      end

      def field_error(native)
        FieldError.new(location: native.location, problem: native.problem, kind: native.kind)
      end

      # The generated code has durations as times since 1970.
      def seconds(native)
        native.to_f
      end

      def duration(seconds)
        Time.at(0, (seconds * 1_000_000_000).round, :nanosecond)
      end

      def session(native)
        Session.new(
          id: native.id, live_flow_id: native.live_flow_id,
          status: STATUSES.fetch(native.status), raw_status: native.raw_status,
          current_step: native.current_step && step(native.current_step),
          steps: native.steps.map { |run| step(run) }.freeze, steps_count: native.steps_count,
          created_at: native.created_at, updated_at: native.updated_at,
          inputs_json: native.inputs, error_json: native.error,
          flow_version_json: native.flow_version, raw_text: native.raw_json
        )
      end

      def step(native)
        StepRun.new(
          id: native.id, name: native.name, step_type: native.step_type,
          status: STATUSES.fetch(native.status), raw_status: native.raw_status,
          created_at: native.created_at, updated_at: native.updated_at,
          prompt_json: native.prompt, result_json: native.result,
          user_input_json: native.user_input, error_json: native.error
        )
      end

      def prompt(native)
        Prompt.new(
          run_id: native.run_id, round: native.round, step_name: native.step_name,
          text: native.text, kind: native.kind, raw_text: native.raw
        )
      end

      def native_prompt(prompt)
        Native::Prompt.new(
          run_id: prompt.run_id, round: prompt.round, step_name: prompt.step_name,
          text: prompt.text, kind: prompt.kind, raw: prompt.raw_text
        )
      end

      def checkpoint(native)
        StoredCheckpoint.new(session_id: native.session_id, number: native.number, data: native.data)
      end

      def native_checkpoint(checkpoint)
        Native::StoredCheckpoint.new(
          session_id: checkpoint.session_id, number: checkpoint.number, data: checkpoint.data
        )
      end

      def event(native)
        case native
        when Native::SessionEvent::STATUS_CHANGED
          previous = native.previous && STATUSES.fetch(native.previous)
          StatusChanged.new(previous: previous, current: STATUSES.fetch(native.current))
        when Native::SessionEvent::STEP_CHANGED then StepChanged.new(step: step(native.step))
        when Native::SessionEvent::PROMPT_REQUESTED then PromptRequested.new(prompt: prompt(native.prompt))
        when Native::SessionEvent::PROMPT_CLOSED
          PromptClosed.new(prompt: prompt(native.prompt), reason: CLOSE_REASONS.fetch(native.reason))
        when Native::SessionEvent::ANSWER_UNRESOLVED
          AnswerUnresolved.new(prompt: prompt(native.prompt), text: native.text)
        else ending(native)
        end
      end

      def ending(native)
        case native
        when Native::SessionEvent::CONNECTION_LOST
          ConnectionLost.new(error: error(native.error), retry_in: seconds(native.retry_in))
        when Native::SessionEvent::CONNECTION_RESTORED then ConnectionRestored.new
        when Native::SessionEvent::FINISHED then Finished.new(session: session(native.session))
        when Native::SessionEvent::FAILED
          Failed.new(session: session(native.session), error: error(native.error))
        when Native::SessionEvent::WATCH_ENDED then WatchEnded.new(reason: watch_end(native.reason))
        end
      end

      def watch_end(native)
        case native
        when Native::WatchEndReason::ERROR then error(native.error)
        when Native::WatchEndReason::TIME_LIMIT then :time_limit
        else :closed
        end
      end
    end
    private_constant :Translate
  end
end
