# frozen_string_literal: true

require "ffi"
# The generated code waits by `IO#wait_readable`, and does not require what gives it to Ruby 3.1.
require "io/wait"

# What UniFFI generates for the boundary. Internal: nothing of it is public.
# @private
module LiveflowFfi
  # The library's functions.
  module UniFFILib
    extend FFI::Library

    # The functions that wait by themselves: for whatever is ready, for the disk, for threads at exit.
    WAITING = /_readyqueue_next|_filecheckpointstore_|_func_shutdown_runtime/

    # While these wait, Ruby's other threads run. The generator lets every call hold their lock.
    def self.attach_function(name, arguments, result)
      super(name, arguments, result, { blocking: WAITING.match?(name) })
    end
  end

  # Makes the functions by which the core calls Ruby anew, in a forked child: the thread that `ffi`
  # serves them with stayed behind in the parent, and before 1.17.1 only a new function brings another.
  def self.renew_callbacks
    constants.grep(/\AUniffiCallbackInterface/).each do |name|
      interface = const_get(name)
      table = interface.const_get(:UNIFFI_VTABLE)
      table.members.each do |member|
        served = interface.const_get(:"#{member.upcase}_CALLBACK")
        # A proc keeps the function that was made of it, so it has to be another proc.
        table[member] = proc { |*arguments| served.call(*arguments) }
      end
    end
  end
end

# Two crates are generated, each as if it were alone: code for the boundary's crate uses the core's
# types, but neither names nor reads them. With one module under both names, each file adds its half
# to the same classes. What both define is the same; the core's comes last, because it has the reader
# of the errors that calls raise.
Liveflow = LiveflowFfi
loud = $VERBOSE
begin
  $VERBOSE = nil
  require_relative "generated/liveflow_ffi"
  require_relative "generated/liveflow"
ensure
  $VERBOSE = loud
end

module TrueState
  module LiveFlow
    # The generated code, by the name that this gem uses.
    Native = LiveflowFfi
    private_constant :Native
  end
end
