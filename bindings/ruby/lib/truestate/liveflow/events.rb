# frozen_string_literal: true

require_relative "value"

module TrueState
  module LiveFlow
    # What a consumer is told about a watched session. Made for `case … in`:
    #
    #     case event
    #     in PromptRequested[prompt:] then live.answer(prompt, ask(prompt.text))
    #     in Finished[session:] then puts session.output
    #     else nil
    #     end
    class SessionEvent < Value
    end

    # The session's status is another one than last told.
    class StatusChanged < SessionEvent
      # @!attribute [r] previous
      #   @return [Symbol, nil] the status last told; nil at first
      # @!attribute [r] current
      #   @return [Symbol] the status now, one of {SessionStatus}
      value :previous, :current
    end

    # An execution of a step is new, or differs from what was last told of it.
    class StepChanged < SessionEvent
      # @!attribute [r] step
      #   @return [StepRun] the execution as it is now
      value :step
    end

    # The session asks the end user something. Each prompt is requested once, while it is open.
    class PromptRequested < SessionEvent
      # @!attribute [r] prompt
      #   @return [Prompt] what is asked; hand it back with the answer
      value :prompt
    end

    # A prompt that was requested is over. Told once for each requested prompt.
    class PromptClosed < SessionEvent
      # @!attribute [r] prompt
      #   @return [Prompt] the prompt that is over
      # @!attribute [r] reason
      #   @return [Symbol] how it ended: `:answered`, `:answered_elsewhere`, `:session_ended`,
      #     `:watch_ended`, or `:unknown`
      value :prompt, :reason
    end

    # An answer that nobody is waiting for any more is not known to have arrived: its call was given
    # up, or the program was restarted. Its text is handed back.
    class AnswerUnresolved < SessionEvent
      # @!attribute [r] prompt
      #   @return [Prompt] the prompt it was for
      # @!attribute [r] text
      #   @return [String] what the end user answered
      value :prompt, :text
    end

    # The service has not been reached twice in a row; trying goes on.
    class ConnectionLost < SessionEvent
      # @!attribute [r] error
      #   @return [LiveFlowError] what went wrong last
      # @!attribute [r] retry_in
      #   @return [Float] in how many seconds the next try is due
      value :error, :retry_in
    end

    # The service was reached again.
    class ConnectionRestored < SessionEvent
      value
    end

    # The session ended well. The last event.
    class Finished < SessionEvent
      # @!attribute [r] session
      #   @return [Session] the session as it ended
      value :session
    end

    # The session failed or was cancelled. The last event.
    class Failed < SessionEvent
      # @!attribute [r] session
      #   @return [Session] the session as it ended
      # @!attribute [r] error
      #   @return [LiveFlowError] a {SessionFailedError}, with the session's own error for debugging
      value :session, :error
    end

    # Watching stopped before the session's end; the session is untouched. The last event.
    class WatchEnded < SessionEvent
      # @!attribute [r] reason
      #   @return [Symbol, LiveFlowError] `:closed`, `:time_limit`, or an error that trying again
      #     would not mend
      value :reason
    end
  end
end
