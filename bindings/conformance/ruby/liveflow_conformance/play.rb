# frozen_string_literal: true

require "monitor"
require_relative "judge"
require_relative "perform"
require_relative "reading"
require_relative "service"
require_relative "stage"

module LiveFlowConformance
  # Playing one scenario.
  module Play
    # How long after the clients were closed the journal is read.
    AFTERMATH_S = 0.1

    module_function

    # Raises {ScenarioFailed}.
    def play(scenario)
      Service.open do |service|
        stage = Stage.new(scenario, service, Perform)
        begin
          stage.set_up
          within_its_time(stage)
          stage.clients.each_value(&:close)
          sleep(AFTERMATH_S)
          Judge.judge(stage)
        rescue StandardError => e
          raise ScenarioFailed.from(e)
        ensure
          stage.abort
        end
      end
    end

    def within_its_time(stage)
      limit = stage.scenario.fetch("time_limit_ms", 20_000)
      return if stage.within(limit / 1000.0) { everything(stage) }

      lines = stage.consumers.flat_map do |name, consumer|
        ["  #{name} (#{consumer.ended? ? "has ended" : "has not ended"}) was told",
         *consumer.events.map { |event| "    #{Judge.brief(event)}" }]
      end
      raise ScenarioFailed.new(:time_limit, ["over after #{limit} ms; until then", *lines].join("\n"))
    end

    # Goes through the script, then awaits what runs beside it.
    def everything(stage)
      stage.scenario["script"].each { |action| stage.perform(action, Here.new) }
      stage.join
      sleep(Service::LOOK_EVERY) until stage.consumers.values.all?(&:ended?)
      # What a reaction to the very last event has started.
      stage.join
    end
  end
end
