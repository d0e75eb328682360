# frozen_string_literal: true

require_relative "helper"

class TestLiveSession < ServedTest
  def test_events_match_patterns_and_end
    seen = @client.start(FLOW) do |live|
      live.each_event.map do |event|
        case event
        in LiveFlow::PromptRequested[prompt:] then live.answer(prompt, "20000")
        in LiveFlow::Finished[session: { status: :finished }] then :over
        else nil
        end
      end
    end
    assert_equal :over, seen.last
  end

  def test_the_block_form_stops_watching
    live = @client.start(FLOW) { |watched| watched }
    assert_equal :closed, live.events.to_a.last.reason
  end

  def test_next_event_is_shared_and_nil_after_the_end
    live = @client.start(LiveFlow::Testing::COMPANY_RESEARCH)
    threads = Array.new(4) do
      Thread.new do
        seen = []
        while (event = live.next_event)
          seen << event
        end
        seen
      end
    end
    all = threads.flat_map(&:value)
    assert_equal(1, all.count { |event| event.is_a?(LiveFlow::Finished) })
    assert_nil live.next_event
  end

  def test_a_listener_is_told_on_a_thread_of_its_own_and_may_raise
    told = Thread::Queue.new
    LiveFlow.logger = Logger.new(log = StringIO.new)
    live = @client.start(FLOW)
    live.subscribe do |event|
      told << [event, Thread.current]
      raise "broken" if event.is_a?(LiveFlow::StatusChanged)
    end
    event, thread = told.pop until event.is_a?(LiveFlow::PromptRequested)
    refute_equal Thread.current, thread
    live.answer(event.prompt, "20000")
    event, = told.pop until event.is_a?(LiveFlow::PromptRequested) && event.prompt.step_name == "ask_timeline"
    assert_match(/broken/, log.string)
  ensure
    LiveFlow.logger = Logger.new($stderr, level: Logger::WARN)
  end

  def test_a_cancelled_listener_is_told_nothing_more
    live = @client.start(FLOW)
    count = 0
    subscription = live.subscribe { count += 1 }
    eventually { count.positive? }
    subscription.cancel
    before = count
    live.answer(live.events.find { |event| event.is_a?(LiveFlow::PromptRequested) }.prompt, "20000")
    sleep 0.2
    assert_equal before, count
  end

  def test_an_answer_to_a_closed_prompt_comes_back
    live, prompt = asking
    @simulator.answer(live.id, "from elsewhere")
    following = live.events.find { |event| event.is_a?(LiveFlow::PromptRequested) && event.prompt != prompt }
    refute_nil following
    error = assert_raises(LiveFlow::PromptNoLongerOpenError) { live.answer(prompt, "mine") }
    assert_equal "mine", error.answer
  end

  def test_answers_may_be_json
    @simulator.control(:put, "settings", { add_user_input: { json_answers: true } })
    live, prompt = asking
    live.answer(prompt, { amount: 20_000, sure: true })
    input = @simulator.journal(live.id)["sessions"].first["inputs"].first["input"]
    assert_equal({ "amount" => 20_000, "sure" => true }, input)
  end

  def test_waiting_ends_in_time_with_the_session_and_with_the_watch
    live, = asking
    begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    assert_raises(LiveFlow::RequestTimeoutError) { live.wait(0.1) }
    assert_operator Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun, :<, 2
    waiting = Thread.new { live.wait }
    assert_predicate live.cancel, :failed?
    assert_predicate waiting.value, :failed?
  end

  def test_a_checkpoint_goes_on_in_another_client
    live, prompt = asking
    checkpoint = live.checkpoint
    @client.close
    @client = @simulator.client(**QUICK)
    restored = @client.restore(checkpoint)
    assert_equal live.id, restored.id
    again = restored.events.find { |event| event.is_a?(LiveFlow::PromptRequested) }.prompt
    assert_equal prompt.run_id, again.run_id
  end

  def test_a_snapshot_is_the_newest_state
    live, = asking
    assert_predicate live.snapshot, :waiting_for_user_input?
  end
end
