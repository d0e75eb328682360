# frozen_string_literal: true

require_relative "configuration"
require_relative "failure"
require_relative "host"
require_relative "pattern"
require_relative "service"

module LiveFlowConformance
  # The event that is reacted to.
  Here = Struct.new(:watch, :prompt)

  # Everything that one scenario has in play: its service, clients, watches, consumers and names.
  class Stage
    attr_reader :scenario, :service, :flow, :sessions, :clients, :watches, :clients_of, :consumers,
                :checkpoints, :marks, :secrets, :shown

    # `performer` carries an action out, and compares what came of it.
    def initialize(scenario, service, performer)
      @scenario = scenario
      @service = service
      @performer = performer
      # Session ids by name; nil is the newest session when the name is first needed.
      @sessions = {}
      @clients = {}
      @watches = {}
      @clients_of = {}
      @consumers = {}
      @checkpoints = {}
      @marks = {}
      @secrets = [service.api_key]
      # Results and errors of actions, for the rules that look at everything that was shown.
      @shown = []
      @stores = Stores.new
      @background = Hash.new { |all, name| all[name] = [] }
      @threads = []
      @lock = Monitor.new
      @news = @lock.new_cond
      @failure = nil
    end

    # Sets the service up, its sessions, and the client `main`.
    def set_up
      @flow = service.put_flow(scenario["flow"])
      # Sessions go only as far as they are brought.
      service.control(:put, "clock", { "speed" => Service::STANDSTILL })
      scenario.fetch("sessions", []).each do |session|
        session.fetch("count", 1).times do
          id = service.prepare(flow, session)
          name(sessions, session.fetch("name", "main"), id) unless session.key?("count")
        end
      end
      simulator = scenario.fetch("simulator", {})
      service.control(:put, "clock", { "speed" => simulator.fetch("speed", 1) })
      service.control(:put, "settings", simulator.fetch("settings", {}))
      add_faults(simulator.fetch("faults", []))
      service.control(:delete, "journal")
      new_client("main", {})
    end

    # Makes a client. What the SDK raises is raised.
    def new_client(as, config)
      layered = Configuration.layered(scenario.fetch("client", {}), config)
      secrets.concat(Configuration.secrets(layered))
      key, settings = Configuration.for_service(layered, service.base_url, service.api_key, @stores)
      name(clients, as, TrueState::LiveFlow::Client.new(key, **settings))
    end

    # Adds fault rules, with ids of sessions in place of their names.
    def add_faults(faults)
      rules = faults.map { |rule| rule.key?("session") ? rule.merge("session" => session(rule["session"])) : rule }
      service.control(:post, "faults", rules)
    end

    # Carries out an action, or starts it where it is to run in the background.
    def perform(action, here)
      # `join` names what runs in the background; it does not run there itself.
      if action.key?("background") && action["action"] != "join"
        start(action, here)
      else
        @performer.call(self, action, here)
      end
    end

    # Starts an action in the background.
    def start(action, here)
      beside(action["background"]) { @performer.call(self, action, here) }
    end

    # Gives a name, once.
    def name(names, name, value)
      @lock.synchronize do
        raise ScenarioFailed.invalid("the name #{name} is given twice") if names.key?(name)

        names[name] = value
      end
    end

    # What has this name.
    def named(names, name)
      @lock.synchronize do
        names.fetch(name) { raise ScenarioFailed.invalid("there is nothing called #{name} (yet)") }
      end
    end

    # The id of the session of this name.
    def session(name, until_time = nil)
      while (known = named(sessions, name)).nil?
        return if until_time && now > until_time

        newest = service.journal["sessions"].last
        newest ? sessions[name] = newest["id"] : sleep(Service::LOOK_EVERY)
      end
      known
    end

    # The names that patterns may use; not that of a `run` that never created its session.
    def names
      known = sessions.keys.to_h { |name| [name, session(name, now + (Service::LOOK_EVERY * 20))] }
      Names.new(known.compact, flow)
    end

    # Has work done beside the script; its failure is the scenario's.
    def beside(name = nil)
      @lock.synchronize do
        thread = Thread.new do
          yield
        rescue StandardError => e
          failed(e)
        end
        thread.report_on_exception = false
        @threads << thread
        @background[name] << thread if name
      end
    end

    # Fails the scenario, unless it has failed already.
    def failed(error)
      @lock.synchronize do
        @failure ||= error
        @news.broadcast
      end
    end

    # Waits for what was begun under this name so far; under any name, without one.
    def join(name = nil)
      threads = @lock.synchronize do
        if name && !@background.key?(name)
          raise ScenarioFailed.invalid("nothing runs in the background as #{name}")
        end

        name ? @background[name].dup : @background.values.flatten
      end
      threads.each(&:join)
    end

    # Does the work of the block, and raises the first failure of anything. Gives whether it was done in
    # time.
    def within(seconds)
      done = false
      beside do
        yield
        @lock.synchronize do
          done = true
          @news.broadcast
        end
      end
      limit = now + seconds
      @lock.synchronize do
        @news.wait([limit - now, 0.001].max) until @failure || done || now >= limit
        raise @failure if @failure
      end
      done
    end

    # Ends everything that still runs beside the script.
    def abort
      clients.each_value(&:close)
      @threads.each(&:kill)
      @threads.each(&:join)
      @stores.clear
    end

    private

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
