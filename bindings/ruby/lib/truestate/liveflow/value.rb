# frozen_string_literal: true

module TrueState
  module LiveFlow
    # A frozen value with named members, for keyword arguments, comparison and pattern matching.
    #
    # `Data` of Ruby 3.2 would do; Ruby 3.1 does not have it.
    class Value
      class << self
        # The names of all members, in order.
        # @return [Array<Symbol>]
        def members
          @members || superclass.members
        end

        private

        # Declares the members. Those in `hidden` do not show in `inspect`; those with a default
        # may be left out.
        def value(*members, hidden: [], **defaults)
          @members = [*members, *defaults.keys].freeze
          @defaults = defaults.freeze
          @hidden = hidden.freeze
          attr_reader(*@members)
        end
      end

      # @param members every member that has no default, by its name
      # @raise [ArgumentError] a member is missing, or there is no such member
      def initialize(**members)
        given = self.class.instance_variable_get(:@defaults).merge(members)
        names = self.class.members
        wrong = (names - given.keys) | (given.keys - names)
        raise ArgumentError, "#{self.class}: missing or unknown: #{wrong.join(", ")}" if wrong.any?

        names.each { |name| instance_variable_set(:"@#{name}", given[name]) }
        freeze
      end

      # @return [Hash{Symbol => Object}] the members by their names
      def to_h
        self.class.members.to_h { |name| [name, public_send(name)] }
      end

      # For `in {name:}`.
      # @return [Hash{Symbol => Object}]
      def deconstruct_keys(_names)
        to_h
      end

      # For `in [member, other]`.
      # @return [Array]
      def deconstruct
        to_h.values
      end

      # Whether the other is of the same kind and has equal members.
      def ==(other)
        other.class == self.class && other.to_h == to_h
      end
      alias eql? ==

      # @return [Integer]
      def hash
        [self.class, *deconstruct].hash
      end

      # @return [String]
      def inspect
        shown = to_h.except(*self.class.instance_variable_get(:@hidden))
        members = shown.map { |name, value| " #{name}=#{value.inspect}" }
        "#<#{self.class}#{members.join(",")}>"
      end
      alias to_s inspect
    end
  end
end
