# frozen_string_literal: true

require_relative "value"

module TrueState
  module LiveFlow
    # One member of a request that the service refused.
    class FieldError < Value
      # @!attribute [r] location
      #   @return [String] where the member is, as a dotted path: `body.inputs.company`
      # @!attribute [r] problem
      #   @return [String] what is wrong with it
      # @!attribute [r] kind
      #   @return [String, nil] the service's own word for the kind of mistake, such as `missing`
      value :location, :problem, kind: nil
    end

    # The base of every error of this library. Its message is a sentence made for a person, and never
    # holds an API key.
    class LiveFlowError < StandardError
      # @return [Integer, nil] the HTTP status, where the service answered with one
      attr_reader :http_status
      # @return [String, nil] what the service itself said: for developers, not for end users
      attr_reader :detail
      # @return [String, nil] the service's id of the request, for its support team
      attr_reader :request_id
      # @return [String, nil] the end user's answer, where one was under way: handed back, never lost
      attr_reader :answer

      # @api private
      def initialize(message = nil, **members)
        super(message)
        members.each { |name, value| instance_variable_set(:"@#{name}", value) }
      end

      # @return [Boolean] whether the same call can succeed later without any change
      def retryable?
        @retryable || false
      end
    end

    # The client is set up wrongly: a setting, the address, an endpoint. Mend the set-up.
    class ConfigurationError < LiveFlowError
      # @return [String, nil] the setting to mend
      attr_reader :setting
    end

    # The service does not accept the key or the credentials (401).
    class AuthenticationError < LiveFlowError; end

    # The key is known but may not do this (403).
    class PermissionDeniedError < LiveFlowError; end

    # There is no such flow or session (404).
    class NotFoundError < LiveFlowError; end

    # An argument or a body was refused, here or by the service (400, 422). Change the request.
    class InvalidRequestError < LiveFlowError
      # @return [String, nil] the argument at fault, where it was refused before any request
      attr_reader :argument

      # @return [Array<FieldError>] the members that the service refused, where it named them
      def field_errors
        @field_errors || [].freeze
      end
    end

    # Input was sent to a session that is not waiting for any.
    class NotWaitingForInputError < LiveFlowError; end

    # The prompt was closed before this answer reached it. `answer` holds the answer.
    class PromptNoLongerOpenError < LiveFlowError; end

    # The service asks for fewer requests (429), and the caller's deadline came first.
    class RateLimitedError < LiveFlowError
      # @return [Float, nil] how many seconds the service asked to wait
      attr_reader :retry_after
    end

    # The caller's deadline passed; nothing is known to have been changed by this call.
    class RequestTimeoutError < LiveFlowError; end

    # The service could not be reached, or the connection broke.
    class NetworkError < LiveFlowError; end

    # The service failed (5xx).
    class ServerError < LiveFlowError; end

    # The service answered with something that is not what its API describes.
    class InvalidResponseError < LiveFlowError; end

    # A write may or may not have taken effect, and no read could tell. Nothing was guessed. For an
    # answer, `answer` holds its text.
    class OutcomeUnknownError < LiveFlowError
      # @return [Array<Session>] for create session: those that could be the one that was asked for
      def candidates
        @candidates || [].freeze
      end
    end

    # The session failed or was cancelled. `detail` is its own error: not for end users.
    class SessionFailedError < LiveFlowError; end

    # A callback of the application's own (credentials, checkpoint store) failed.
    class HandlerFailedError < LiveFlowError; end

    # The client or the watch was closed before or during this call.
    class ClosedError < LiveFlowError; end
  end
end
