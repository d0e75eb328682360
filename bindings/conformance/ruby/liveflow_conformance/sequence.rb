# frozen_string_literal: true

require_relative "pattern"

module LiveFlowConformance
  # A search for a way to fit all events to all items of a consumer's expectation.
  class Sequence
    # How many events fit, in the best try.
    attr_reader :best

    def initialize(consumer, events, names)
      @items = items(consumer)
      @events = events
      @names = names
      @best = 0
    end

    # Whether there is a way from here on.
    def fits?(item = 0, event = 0, bound = {})
      @best = [@best, event].max
      return event == @events.size if item == @items.size

      count, pattern = @items[item]
      return true if count == :any_number_of && fits?(item + 1, event, bound)

      taken = bound.dup
      if event < @events.size && Pattern.fits?(pattern, @events[event], @names, taken)
        following = count == :any_number_of ? item : item + 1
        return true if fits?(following, event + 1, taken)
      end
      count == :optional && fits?(item + 1, event, bound)
    end

    private

    # With others in between where they may be.
    def items(consumer)
      return consumer["exactly"].map { |written| item(written) } if consumer.key?("exactly")

      anything = [:any_number_of, {}]
      consumer["in_order"].reduce([anything]) { |wide, written| wide + [item(written), anything] }
    end

    def item(written)
      %w[optional any_number_of].each { |count| return [count.to_sym, written[count]] if written.key?(count) }
      [:one, written]
    end
  end
end
