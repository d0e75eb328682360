# frozen_string_literal: true

require_relative "consumer"
require_relative "failure"
require_relative "pattern"
require_relative "render"

module LiveFlowConformance
  # What scripts do with the SDK: the client's calls, and what can be done with a watch.
  module Calls
    CLIENT = %w[create_session get_session get_sessions iter_sessions add_user_input cancel_session start watch
                restore restore_all run new_client close_client suspend resume network_changed].freeze
    WATCHING = %w[answer wait cancel close poll_now snapshot next_event checkpoint consume stop_consuming].freeze

    module_function

    # What an action answers with.
    def given(action)
      action.key?("text") ? action["text"] : action["json"]
    end

    def client(stage, action)
      stage.named(stage.clients, action.fetch("client", "main"))
    end

    def flow(stage, action)
      action.fetch("live_flow_id", stage.flow)
    end

    def session_id(stage, action)
      action.fetch("session_id") { stage.session(action.fetch("session", "main")) }
    end

    def create_session(stage, action)
      session = client(stage, action).create_session(flow(stage, action), action.fetch("inputs", {}))
      stage.name(stage.sessions, action.fetch("as", "main"), session.id)
      Render.session(session)
    end

    def get_session(stage, action)
      Render.session(client(stage, action).get_session(flow(stage, action), session_id(stage, action)))
    end

    def get_sessions(stage, action)
      client(stage, action).get_sessions(flow(stage, action)).map { |session| Render.session(session) }
    end

    def iter_sessions(stage, action)
      sessions = client(stage, action).iter_sessions(flow(stage, action))
      (action.key?("first") ? sessions.first(action["first"]) : sessions).map { |it| Render.session(it) }
    end

    def add_user_input(stage, action)
      id = session_id(stage, action)
      Render.session(client(stage, action).add_user_input(flow(stage, action), id, given(action)))
    end

    def cancel_session(stage, action)
      Render.session(client(stage, action).cancel_session(flow(stage, action), session_id(stage, action)))
    end

    def start(stage, action)
      watch = client(stage, action).start(flow(stage, action), action.fetch("inputs", {}))
      stage.name(stage.sessions, action.fetch("as", "main"), watch.id)
      opened(stage, action, watch)
    end

    def watch(stage, action)
      opened(stage, action, client(stage, action).watch(flow(stage, action), session_id(stage, action)))
    end

    def restore(stage, action)
      text = action.fetch("checkpoint_text") { stage.named(stage.checkpoints, action["checkpoint"]) }
      opened(stage, action, client(stage, action).restore(text))
    end

    def restore_all(stage, action)
      watches = client(stage, action).restore_all
      raise ScenarioFailed.new(:action, "the store held #{watches.size} sessions, not one") if watches.size != 1

      opened(stage, action, watches.first)
    end

    # Names a new watch, and has it consumed.
    def opened(stage, action, watch)
      name = action.fetch("as", "main")
      stage.name(stage.watches, name, watch)
      stage.clients_of[name] = action.fetch("client", "main")
      Consumer.open(stage, name, name, action)
      { "id" => watch.id, "live_flow_id" => watch.live_flow_id }
    end

    def run(stage, action)
      name = action.fetch("as", "main")
      consumer = Consumer.new(nil, action.fetch("on", []), called: true)
      stage.name(stage.sessions, name, nil)
      stage.name(stage.consumers, name, consumer)
      counts = Hash.new(0)
      on_event = ->(event) { consumer.called(stage, event) }
      begin
        session = client(stage, action).run(flow(stage, action), action.fetch("inputs", {}),
                                            on_event: on_event) do |prompt|
          reply(stage, action, prompt, counts)
        end
        Render.session(session)
      ensure
        consumer.ended = true
      end
    end

    # What the scenario's prompt handler says.
    def reply(stage, action, prompt, counts)
      planned = planned(action, prompt, counts)
      if planned.nil?
        stage.failed(ScenarioFailed.invalid("no entry of `on_prompt` fits #{Render.prompt(prompt)}"))
        return
      end
      begin
        planned.fetch("do", []).each { |inner| stage.perform(inner, Here.new(nil, prompt)) }
      rescue ScenarioFailed => e
        stage.failed(e)
        return
      end
      said = planned["reply"]
      return if said == "no_answer"
      raise Raised, said["raise"] if said.key?("raise")

      given(said)
    end

    # The entry of `on_prompt` that is for this prompt.
    def planned(action, prompt, counts)
      form = Render.prompt(prompt)
      action.fetch("on_prompt", []).each_with_index.find do |reaction, at|
        next unless Pattern.fits?(reaction["when"], form, Names.none)

        counts[at] += 1
        Consumer.for?(reaction, counts[at])
      end&.first
    end

    def new_client(stage, action)
      stage.new_client(action["as"], action.fetch("config", {}))
      nil
    end

    def close_client(stage, action)
      client(stage, action).close
      stage.clients_of.each do |watch, of|
        close_consumers_of(stage, watch) if of == action.fetch("client", "main")
      end
      nil
    end

    def suspend(stage, action) = client(stage, action).suspend
    def resume(stage, action) = client(stage, action).resume
    def network_changed(stage, action) = client(stage, action).network_changed

    # The watch that is meant, with its name: by default the one whose event is reacted to.
    def watched(stage, action, here)
      name = action.fetch("watch", here.watch || "main")
      [name, stage.named(stage.watches, name)]
    end

    def watch_answer(stage, action, here)
      watched(stage, action, here).last.answer(prompt(stage, action, here), given(action))
    end

    def prompt(stage, action, here)
      unless action.key?("prompt")
        return here.prompt || raise(ScenarioFailed.invalid("there is no prompt here to be answered"))
      end

      reference = action["prompt"]
      name = reference.fetch("consumer", "main")
      told = stage.named(stage.consumers, name).prompts.select { |it| it.step_name == reference["step"] }
      told[reference.fetch("nth", 1) - 1] or
        raise ScenarioFailed.invalid("#{name} has not been told of that prompt of #{reference["step"]}")
    end

    def watch_wait(stage, action, here)
      timeout = action["timeout_ms"]&.then { |ms| ms / 1000.0 }
      Render.session(watched(stage, action, here).last.wait(timeout))
    end

    def watch_cancel(stage, action, here)
      Render.session(watched(stage, action, here).last.cancel)
    end

    def watch_close(stage, action, here)
      name, watch = watched(stage, action, here)
      watch.close
      close_consumers_of(stage, name)
      nil
    end

    # Callbacks of a watch that was closed are not called any more.
    def close_consumers_of(stage, watch)
      stage.consumers.each_value { |consumer| consumer.close if consumer.watch == watch }
    end

    def watch_poll_now(stage, action, here) = watched(stage, action, here).last.poll_now

    def watch_snapshot(stage, action, here)
      watched(stage, action, here).last.snapshot&.then { |session| Render.session(session) }
    end

    def watch_next_event(stage, action, here)
      watched(stage, action, here).last.next_event&.then { |event| Render.event(event) }
    end

    def watch_checkpoint(stage, action, here)
      stage.name(stage.checkpoints, action["as"], watched(stage, action, here).last.checkpoint)
      nil
    end

    def watch_consume(stage, action, here)
      Consumer.open(stage, action["as"], watched(stage, action, here).first, action)
      nil
    end

    def watch_stop_consuming(stage, action, _here)
      stage.named(stage.consumers, action.fetch("consumer", "main")).stop
      nil
    end
  end
end
