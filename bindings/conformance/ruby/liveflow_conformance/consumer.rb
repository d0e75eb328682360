# frozen_string_literal: true

require_relative "failure"
require_relative "pattern"
require_relative "render"
require_relative "stage"

module LiveFlowConformance
  # One consumer: it records what it is told, and reacts.
  class Consumer
    TERMINAL = %w[finished failed watch_ended].freeze

    attr_reader :watch, :events, :prompts, :closed_after
    attr_writer :ended, :subscription

    # `watch` is the name of what it consumes, nil for a `run`. One that is `called` does not ask for its
    # events.
    def initialize(watch, reactions, called:)
      @watch = watch
      @reactions = reactions
      @called = called
      @events = []
      # The prompts that were requested.
      @prompts = []
      @ended = false
      @counts = Hash.new(0)
      @lock = Mutex.new
    end

    def called? = @called
    def ended? = @ended

    # Opens a consumer of a watch, under its name.
    def self.open(stage, name, watch_name, action)
      how = action.fetch("consume", "events")
      return if how == "nothing"

      watch = stage.named(stage.watches, watch_name)
      consumer = new(watch_name, action.fetch("on", []), called: how == "listener")
      stage.name(stage.consumers, name, consumer)
      case how
      when "listener" then consumer.subscription = watch.subscribe { |event| consumer.called(stage, event) }
      when "next_event" then stage.beside { consumer.pull(stage) { watch.next_event } }
      else
        stream = watch.events
        stage.beside { consumer.pull(stage) { stream.next_event } }
      end
    end

    # Keeps an event.
    def record(event)
      form = Render.event(event)
      @lock.synchronize do
        @events << form
        @prompts << event.prompt if form["event"] == "prompt_requested"
        # A listener is not told that nothing follows.
        @ended ||= called? && TERMINAL.include?(form["event"])
      end
      form
    end

    # Notes that it, or its watch, was closed: a callback is not called any more.
    def close
      return unless called? && watch

      @lock.synchronize do
        @closed_after ||= @events.size
        @ended = true
      end
    end

    # Cancels its subscription.
    def stop
      @subscription&.cancel
      close
    end

    # Takes events by asking for them, and reacts.
    def pull(stage)
      while (event = yield)
        form = record(event)
        here = Here.new(watch, Render.prompt_of(event))
        actions(form, stage.names).each { |action| stage.perform(action, here) }
      end
      @ended = true
    end

    # Records an event inside a callback and does what can be done there.
    def called(stage, event)
      form = record(event)
      here = Here.new(watch, Render.prompt_of(event))
      # Names of sessions are no part of what callbacks react to.
      actions(form, Names.none).each do |action|
        raise Raised, action["message"] if action["action"] == "raise"

        if action["action"] == "sleep" && !action.key?("background")
          sleep(action["ms"] / 1000.0)
        else
          stage.start(action, here)
        end
      end
    end

    # Whether a reaction is for the match of this number.
    def self.for?(reaction, count)
      nth = reaction["nth"]
      nth.nil? || Array(nth).include?(count)
    end

    private

    # The actions of all reactions that are for this event, in order.
    def actions(form, names)
      @reactions.each_with_index.flat_map do |reaction, at|
        next [] unless Pattern.fits?(reaction["when"], form, names)

        @counts[at] += 1
        Consumer.for?(reaction, @counts[at]) ? reaction["do"] : []
      end
    end
  end
end
