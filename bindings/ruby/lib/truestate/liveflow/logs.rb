# frozen_string_literal: true

require "logger"
require_relative "native"
require_relative "value"

module TrueState
  module LiveFlow # rubocop:disable Style/Documentation -- in liveflow.rb
    # One record of the library. Records never hold an API key, a credential header or the body of a
    # request.
    class LogRecord < Value
      # @!attribute [r] level
      #   @return [Symbol] `:error`, `:warn`, `:info`, `:debug` or `:trace`
      # @!attribute [r] target
      #   @return [String] which part of the library says it
      # @!attribute [r] message
      #   @return [String] what it says
      # @!attribute [r] fields
      #   @return [Hash{String => String}] its further members
      value :level, :target, :message, :fields

      # @return [String] what it says, with its further members
      def to_s
        [message, *fields.map { |name, value| "#{name}=#{value}" }].join(" ")
      end
    end

    # Which sink the core's records go to.
    # @api private
    class Logs
      LEVELS = %i[error warn info debug trace].to_h { |it| [it, Native::LogLevel.const_get(it.upcase)] }.freeze
      NAMES = LEVELS.invert.freeze

      # What the core sees. It calls from a thread of its own, one record at a time.
      class Sink
        def initialize(receiver)
          @receiver = receiver
        end

        def log(record)
          fields = record.fields.to_h { |field| [field.name, field.value] }.freeze
          @receiver.call(LogRecord.new(level: NAMES.fetch(record.level), target: record.target,
                                       message: record.text, fields: fields))
        rescue StandardError, ScriptError => e
          LiveFlow.logger.error("the log sink failed: #{e.full_message(highlight: false)}")
        end
      end

      class << self
        # Uses this from now on.
        def use(level, &receiver)
          @chosen = true
          Native.set_log_sink(Sink.new(receiver), LEVELS.fetch(level))
        end

        # Uses the logger, unless a sink was chosen.
        def begin
          to_logger unless @chosen
        end

        def to_logger
          @chosen = false
          level = finest(LiveFlow.logger)
          sink = level && Sink.new(->(record) { write(record) })
          Native.set_log_sink(sink, LEVELS.fetch(level || :error))
        end

        private

        # The finest of the core's levels that this logger writes.
        def finest(logger)
          { debug?: :trace, info?: :info, warn?: :warn, error?: :error }.each do |writes, level|
            return level if logger.public_send(writes)
          end
          nil
        end

        def write(record)
          level = record.level == :trace ? :debug : record.level
          LiveFlow.logger.public_send(level, record.to_s)
        end
      end
    end
    private_constant :Logs

    @logger = Logger.new($stderr, level: Logger::WARN, progname: "truestate-liveflow")

    class << self
      # Where the library's own log goes: a `Logger`, by default one that writes warnings to standard
      # error.
      # @return [Logger]
      attr_reader :logger

      # Sends the library's log there, from the level that the logger has now.
      # @param logger [Logger, #error]
      def logger=(logger)
        @logger = logger
        Logs.begin
      end

      # Sends the process's log records of `level` and above to the block, in place of {logger}; without
      # a block, to {logger} again. The block is called on a thread of its own; when it is too slow,
      # records are dropped, and the next one says how many in its field `records_dropped`.
      # @param level [Symbol] `:error`, `:warn`, `:info`, `:debug` or `:trace`
      # @yieldparam record [LogRecord]
      # @return [nil]
      def set_log_sink(level: :warn, &sink)
        raise ArgumentError, "unknown log level: #{level.inspect}" unless Logs::LEVELS.key?(level)

        sink ? Logs.use(level, &sink) : Logs.to_logger
        nil
      end
    end
  end
end
