# frozen_string_literal: true

require_relative "forms"
require_relative "schema"

module LiveFlowConformance
  # Reads scenarios strictly: what is not known is a mistake.
  module Reading
    SCHEMA = Schema.new(ExactJson.read(File.join(HOME, "scenario.schema.json")))
    RESULTS = {
      **%w[create_session get_session add_user_input cancel_session run wait cancel snapshot]
              .to_h { |name| [name, "session"] },
      **%w[get_sessions iter_sessions].to_h { |name| [name, ["session"]] },
      **%w[start watch restore restore_all].to_h { |name| [name, "watch"] },
      "next_event" => "event"
    }.freeze

    module_function

    def load(path)
      check(ExactJson.read(path), File.basename(path, ".json"))
    end

    # Checks a scenario; `name` is what it must be called.
    def check(scenario, name = nil)
      mistake = SCHEMA.mistake(scenario)
      raise ScenarioFailed.invalid(mistake.to_s) if mistake
      if name && scenario["name"] != name
        raise ScenarioFailed.invalid("it is called #{scenario["name"]}, its file is not")
      end

      scenario["script"].each { |action| check_action(action) }
      expect = scenario["expect"]
      expect["consumers"].each_value { |consumer| check_consumer(consumer) }
      Forms.check(["record"], expect["sessions"])
      expect.fetch("requests", []).each do |requests|
        Forms.check("request", requests["where"])
        Forms.check("request", requests["then"])
      end
      scenario
    end

    # Checks what a consumer is expected to be told.
    def check_consumer(consumer)
      (consumer["exactly"] || consumer["in_order"] || []).each do |item|
        Forms.check("event", item["optional"] || item["any_number_of"] || item)
      end
      consumer.fetch("never", []).each { |pattern| Forms.check("event", pattern) }
    end

    # Checks an action; `callback` is the kind of callback that it is carried out in, if any.
    def check_action(action, callback = nil)
      kind = action["action"]
      expect = action.fetch("expect", {})
      Forms.check(RESULTS.fetch(kind, "json"), expect["result"]) if expect.key?("result")
      Forms.check("error", expect["error"]) if expect.key?("error")
      check_place(action, kind, callback)
      if kind == "wait_for"
        Forms.check("event", action["event"]) if action.key?("event")
        Forms.check("request", action.dig("requests", "where"))
      end
      check_reactions(action, kind)
    end

    def check_place(action, kind, callback)
      if kind == "raise"
        raise ScenarioFailed.invalid("only a callback raises: #{action}") if callback.nil?
      elsif callback && !action.key?("background") && !(kind == "sleep" && callback == :listener)
        raise ScenarioFailed.invalid("a callback awaits nothing, use `background`: #{action}")
      end
    end

    def check_reactions(action, kind)
      inside = :run if kind == "run"
      inside = :listener if action["consume"] == "listener"
      if action["consume"] == "nothing" && action.fetch("on", []).any?
        raise ScenarioFailed.invalid("what is not consumed has no reactions: #{action}")
      end

      action.fetch("on", []).each do |reaction|
        Forms.check("event", reaction["when"])
        reaction["do"].each { |inner| check_action(inner, inside) }
      end
      action.fetch("on_prompt", []).each do |reaction|
        Forms.check("prompt", reaction["when"])
        reaction.fetch("do", []).each { |inner| check_action(inner) }
      end
    end
  end
end
