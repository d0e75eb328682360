# frozen_string_literal: true

require_relative "helper"

class TestRun < ServedTest
  def test_a_session_is_run_to_its_end
    asked = []
    session = @client.run(FLOW, { company: "ACME" }) do |prompt|
      asked << prompt.step_name
      "20000"
    end
    assert_predicate session, :finished?
    assert_equal %w[ask_budget ask_timeline], asked
    assert_equal "20000", session.output["budget"]
    assert_equal({ "company" => "ACME" }, session.inputs)
    assert_equal(%w[20000 20000], session.transcript.map(&:answer))
    inputs = @simulator.journal(session.id)["sessions"].first["inputs"]
    assert_equal([["ask_budget", 1], ["ask_timeline", 1]], inputs.map { |it| it.values_at("step", "count") })
  end

  def test_events_are_told_on_the_callers_thread_in_order
    threads = []
    events = []
    told = lambda do |event|
      threads << Thread.current
      events << event
    end
    @client.run(FLOW, on_event: told) { "20000" }
    assert_equal [Thread.current], threads.uniq
    assert_instance_of LiveFlow::Finished, events.last
    assert_equal(2, events.count { |event| event.is_a?(LiveFlow::PromptClosed) && event.reason == :answered })
  end

  def test_nil_is_no_answer_and_watching_goes_on
    seen = nil
    thread = Thread.new do
      @client.run(FLOW) do |prompt|
        seen = prompt
        prompt.step_name == "ask_timeline" ? "in May" : nil
      end
    end
    eventually { seen }
    @simulator.answer(@client.get_sessions(FLOW).first.id, "30000")
    assert_predicate thread.value, :finished?
  end

  def test_what_the_block_raises_reaches_the_caller_and_leaves_the_session
    error = assert_raises(ZeroDivisionError) { @client.run(FLOW) { 1 / 0 } }
    assert_equal "divided by 0", error.message
    assert_predicate @client.get_sessions(FLOW).first, :waiting_for_user_input?
  end

  def test_leaving_the_block_early_stops_watching
    assert_equal(:left, @client.run(FLOW) { break :left })
    assert_predicate @client.get_sessions(FLOW).first, :waiting_for_user_input?
  end

  def test_a_failed_session_is_given_back_as_it_is
    session = @client.run(LiveFlow::Testing::CONTENT_MODERATION, { text: "spam" })
    assert_predicate session, :failed?
    error = assert_raises(LiveFlow::SessionFailedError) { session.require_output }
    refute_nil error.detail
  end

  def test_a_handler_that_takes_too_long_leaves_its_prompt_open
    client = @simulator.client(**QUICK, handler_timeout: 0.05, watch_limit: 1)
    error = without_log do
      assert_raises(LiveFlow::RequestTimeoutError) do
        client.run(FLOW) do
          sleep(0.1) && "late"
        end
      end
    end
    assert_match(/watch_limit/, error.message)
    client.close
  end

  private

  def without_log
    logger = LiveFlow.logger
    LiveFlow.logger = Logger.new(nil)
    yield
  ensure
    LiveFlow.logger = logger
  end
end
