# frozen_string_literal: true

require_relative "liveflow/version"
require_relative "liveflow/errors"
require_relative "liveflow/session"
require_relative "liveflow/events"
require_relative "liveflow/logs"
require_relative "liveflow/callbacks"
require_relative "liveflow/file_checkpoint_store"
require_relative "liveflow/client"

# TrueState's libraries.
module TrueState
  # Client SDK for TrueState Live Flow: start a session, follow it, answer its questions.
  #
  # {Client#run} does a whole session in one call; {Client#start} and {Client#watch} give a
  # {LiveSession} with its events.
  module LiveFlow
  end
end
