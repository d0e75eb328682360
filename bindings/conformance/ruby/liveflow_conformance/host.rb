# frozen_string_literal: true

require "fileutils"
require "tmpdir"

module LiveFlowConformance
  # Gives the first set of headers, and the next one each time the last were refused.
  class Rotating
    def initialize(sets)
      @sets = sets
      @at = 0
    end

    def headers(request)
      @at += 1 if request.refused? && @at + 1 < @sets.size
      @sets[@at]
    end
  end

  # A checkpoint store in memory, or one that cannot save.
  class Store
    def initialize(fails: false)
      @kept = {}
      @fails = fails
    end

    def save(checkpoint)
      raise IOError, "the store is full" if @fails

      @kept[checkpoint.session_id] = checkpoint
    end

    def load(session_id) = @kept[session_id]
    def list = @kept.keys
    def delete(session_id) = @kept.delete(session_id)
  end

  # What the clients of one scenario have in common: checkpoints that outlive them.
  class Stores
    def initialize
      @memory = Store.new
      @folder = Dir.mktmpdir
    end

    # The store that a client's configuration names.
    def give(kind)
      case kind
      when "memory" then @memory
      when "files" then TrueState::LiveFlow::FileCheckpointStore.new(@folder)
      else Store.new(fails: true)
      end
    end

    # Leaves nothing on the disk.
    def clear
      FileUtils.rm_rf(@folder)
    end
  end
end
