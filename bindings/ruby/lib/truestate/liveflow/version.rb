# frozen_string_literal: true

module TrueState
  module LiveFlow
    # The gem's version, the same as every other package's.
    VERSION = "0.1.0"
  end
end
