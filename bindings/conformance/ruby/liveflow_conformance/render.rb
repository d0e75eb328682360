# frozen_string_literal: true

require_relative "failure"
require_relative "forms"

module LiveFlowConformance
  # What the SDK gives, in the forms that patterns are compared with.
  module Render
    SDK = TrueState::LiveFlow
    STATUSES = SDK::SessionStatus::ALL.to_h do |status|
      [status, status == :waiting_for_user_input ? "waiting" : status.to_s]
    end.freeze

    module_function

    def event(told)
      form =
        case told
        when SDK::StatusChanged
          { "event" => "status_changed", "previous" => told.previous && STATUSES.fetch(told.previous),
            "current" => STATUSES.fetch(told.current) }
        when SDK::StepChanged then { "event" => "step_changed", "step" => step(told.step) }
        when SDK::PromptRequested then { "event" => "prompt_requested", "prompt" => prompt(told.prompt) }
        when SDK::PromptClosed
          { "event" => "prompt_closed", "prompt" => prompt(told.prompt), "reason" => told.reason.to_s }
        when SDK::AnswerUnresolved
          { "event" => "answer_unresolved", "prompt" => prompt(told.prompt), "text" => told.text }
        when SDK::ConnectionLost
          { "event" => "connection_lost", "error" => error(told.error),
            "retry_in_ms" => (told.retry_in * 1000).to_i }
        when SDK::ConnectionRestored then { "event" => "connection_restored" }
        when SDK::Finished then { "event" => "finished", "session" => session(told.session) }
        when SDK::Failed
          { "event" => "failed", "session" => session(told.session), "error" => error(told.error) }
        when SDK::WatchEnded then { "event" => "watch_ended", **watch_end(told.reason) }
        end
      Forms.written("event", form)
    end

    def watch_end(reason)
      return { "reason" => reason.to_s, "error" => nil } if reason.is_a?(Symbol)

      { "reason" => "error", "error" => error(reason) }
    end

    # The prompt that an event is about, if it is about one.
    def prompt_of(told)
      told.prompt if told.respond_to?(:prompt)
    end

    def prompt(asked)
      Forms.written("prompt", {
        "run_id" => asked.run_id, "round" => asked.round, "step_name" => asked.step_name,
        "text" => asked.text, "kind" => asked.kind, "raw" => asked.raw
      })
    end

    def session(shown)
      Forms.written("session", {
        "id" => shown.id, "live_flow_id" => shown.live_flow_id,
        "status" => STATUSES.fetch(shown.status), "raw_status" => shown.raw_status, "inputs" => shown.inputs,
        "current_step" => shown.current_step && step(shown.current_step),
        "steps" => shown.steps.map { |it| step(it) }, "steps_count" => shown.steps_count,
        "error" => shown.error, "flow_version" => shown.flow_version,
        "created_at_ms" => time(shown.created_at), "updated_at_ms" => time(shown.updated_at),
        "raw_json" => shown.raw_json, "output" => shown.output,
        "progress" => { "done" => shown.progress.done, "known" => shown.progress.known },
        "transcript" => shown.transcript.map { |it| it.to_h.transform_keys(&:to_s) }
      })
    end

    def step(run)
      Forms.written("step", {
        "id" => run.id, "name" => run.name, "step_type" => run.step_type,
        "status" => STATUSES.fetch(run.status), "raw_status" => run.raw_status, "prompt" => run.prompt,
        "result" => run.result, "user_input" => run.user_input, "error" => run.error,
        "created_at_ms" => time(run.created_at), "updated_at_ms" => time(run.updated_at)
      })
    end

    # The player's own exception counts as `handler_failed`.
    def error(raised)
      raised = SDK::HandlerFailedError.new(raised.message) if raised.is_a?(Raised)
      own = ->(member) { raised.public_send(member) if raised.respond_to?(member) }
      Forms.written("error", {
        "kind" => kind(raised), "reason" => raised.message, "http_status" => raised.http_status,
        "detail" => raised.detail, "request_id" => raised.request_id, "retryable" => raised.retryable?,
        "answer" => raised.answer, "setting" => own[:setting], "argument" => own[:argument],
        "field_errors" => own[:field_errors]&.map { |it| it.to_h.transform_keys(&:to_s) },
        "retry_after_ms" => own[:retry_after]&.then { |it| (it * 1000).to_i },
        "candidates" => own[:candidates]&.map { |it| session(it) }
      })
    end

    # `PromptNoLongerOpenError` is `prompt_no_longer_open`.
    def kind(raised)
      raised.class.name[/\w+\z/].delete_suffix("Error").gsub(/(?<=.)(?=[A-Z])/, "_").downcase
    end

    def time(time)
      time && (time.to_r * 1000).floor
    end
  end
end
