# frozen_string_literal: true

require_relative "value"

module TrueState
  module LiveFlow
    # Why credentials are asked for.
    #
    # A credentials provider is any object with the method `headers(request)`, which gives the headers
    # that identify the caller as a `Hash`, for instance for a proxy of your own. It is asked before
    # every request, on a thread of its own: cache what is costly.
    class CredentialsRequest < Value
      # @!attribute [r] refused
      #   @return [Boolean] the last ones were refused (401): cached ones are of no use
      value :refused
      alias refused? refused
    end

    # A checkpoint as a store keeps it.
    #
    # A checkpoint store is any object with these methods; they are called on a thread of its own, one
    # after the other:
    #
    # - `save(checkpoint)` stores it in place of the session's older one. It must be durable when this
    #   returns.
    # - `load(session_id)` gives the session's checkpoint, or nil.
    # - `list` gives the ids of all sessions that have one.
    # - `delete(session_id)` forgets the session's checkpoint; no error if there is none.
    #
    # {FileCheckpointStore} is a ready-made one.
    class StoredCheckpoint < Value
      # @!attribute [r] session_id
      #   @return [String] the session it belongs to: the key to store it under
      # @!attribute [r] number
      #   @return [Integer] rises with each save of one session; a store may refuse a lower one
      # @!attribute [r] data
      #   @return [String] the checkpoint itself. It can hold an answer's text: keep it as safe as those
      value :session_id, :number, :data, hidden: [:data]
    end
  end
end
