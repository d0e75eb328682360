# frozen_string_literal: true

require_relative "callbacks"
require_relative "errors"
require_relative "json"
require_relative "lifecycle"
require_relative "native"
require_relative "translate"

module TrueState
  module LiveFlow
    # Keeps checkpoints in a folder, one file for each session, atomically and durably.
    #
    #     store = FileCheckpointStore.new("checkpoints")
    #     client = Client.new(key, checkpoint_store: store)
    #
    # Only the user that the program runs as may read the files, because a checkpoint holds what
    # somebody typed. Other files in the folder are left alone, and a damaged checkpoint hides none of
    # the others. Programs may share a folder as long as each session has one owner at a time. Its
    # methods wait for the disk; what goes wrong there is a {HandlerFailedError}.
    class FileCheckpointStore
      include Owner

      # @return [String] where the files are
      attr_reader :folder

      # @param folder [String, Pathname] is made if it is not there
      # @raise [ConfigurationError] it cannot be used
      def initialize(folder)
        @folder = folder.to_s
        text = Json.utf8(@folder)
        if text.nil?
          raise ConfigurationError.new("the folder's name is not valid UTF-8", setting: "checkpoint_store")
        end

        @core = Translate.call { Native::FileCheckpointStore.new(text) }
      end

      # Stores it in place of the session's older one. It is durable when this returns.
      # @param checkpoint [StoredCheckpoint]
      # @return [nil]
      def save(checkpoint)
        Translate.call { @core.save(Translate.native_checkpoint(checkpoint)) }
      end

      # The session's checkpoint, if there is one.
      # @return [StoredCheckpoint, nil]
      def load(session_id)
        kept = Translate.call { @core.load(session_id) }
        kept && Translate.checkpoint(kept)
      end

      # The ids of all sessions that have one.
      # @return [Array<String>]
      def list
        Translate.call { @core.list }
      end

      # Forgets the session's checkpoint; no error if there is none.
      # @return [nil]
      def delete(session_id)
        Translate.call { @core.delete(session_id) }
      end

      # @return [String]
      def inspect
        "#<#{self.class} #{folder.inspect}>"
      end
    end
  end
end
