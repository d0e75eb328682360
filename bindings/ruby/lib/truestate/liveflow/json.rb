# frozen_string_literal: true

require "bigdecimal"
require "json"
require_relative "errors"

module TrueState
  module LiveFlow # rubocop:disable Style/Documentation -- in liveflow.rb
    # JSON without loss: large integers and decimals keep their digits, and mistakes are placed.
    # @api private
    module Json
      # What the core takes.
      DEEPEST = 100

      # A number with a fraction or an exponent: a `Float`, unless that would change its digits.
      module Real
        def self.try_convert(text)
          exact = BigDecimal(text)
          number = exact.to_f
          number.finite? && BigDecimal(number.to_s) == exact ? number : exact
        end
      end

      module_function

      # Decodes JSON text.
      def decode(text)
        JSON.parse(text, max_nesting: false, decimal_class: Real, freeze: true)
      end

      # Encodes a value, or raises {InvalidRequestError}, which says where in `argument` the mistake
      # is.
      def encode(value, argument)
        JsonWriter.new(argument).write(value)
      end

      # The text in UTF-8, or nil where it is none. What an encoder raises would hold the text, and
      # that may be a key.
      def utf8(text)
        utf8 = text.encoding == Encoding::BINARY ? text.dup.force_encoding("UTF-8") : text.encode("UTF-8")
        utf8 if utf8.valid_encoding?
      rescue EncodingError
        nil
      end
    end

    # Writes one value as JSON, remembering what it is in, because an array can hold itself.
    # @api private
    class JsonWriter
      def initialize(argument)
        @argument = argument
        @inside = []
        @text = +""
      end

      def write(value)
        put(value, @argument)
        @text
      end

      private

      def put(value, place)
        case value
        when nil, true, false, Integer then @text << (value.nil? ? "null" : value.to_s)
        when String, Symbol then @text << quoted(value, place)
        when Float, BigDecimal then @text << real(value, place)
        when Hash then within(value, place) { object(value, place) }
        when Array then within(value, place) { array(value, place) }
        else refuse("#{place} is a #{value.class}, which is not JSON")
        end
      end

      def quoted(value, place)
        text = Json.utf8(value.to_s) or refuse("#{place} is not valid UTF-8")
        JSON.generate(text)
      end

      def real(value, place)
        refuse("#{place} is #{value}, which JSON cannot say") unless value.finite?
        value.to_s
      end

      def object(value, place)
        @text << "{"
        value.each_with_index do |(key, member), index|
          @text << "," unless index.zero?
          unless key.is_a?(String) || key.is_a?(Symbol)
            refuse("#{place} has the key #{key.inspect}, and JSON's keys are text")
          end
          @text << quoted(key, "a key of #{place}") << ":"
          put(member, "#{place}.#{key}")
        end
        @text << "}"
      end

      def array(value, place)
        @text << "["
        value.each_with_index do |item, index|
          @text << "," unless index.zero?
          put(item, "#{place}[#{index}]")
        end
        @text << "]"
      end

      def within(value, place)
        refuse("#{place} contains itself") if @inside.any? { |outer| outer.equal?(value) }
        refuse("#{@argument} is nested more than #{Json::DEEPEST} levels deep") if @inside.size >= Json::DEEPEST
        @inside.push(value)
        yield
        @inside.pop
      end

      def refuse(reason)
        raise InvalidRequestError.new(reason, argument: @argument)
      end
    end
    private_constant :Json, :JsonWriter
  end
end
