# frozen_string_literal: true

require_relative "helper"

# Threads, fibers, signals, forks and exits.
class TestProcesses < ServedTest
  def test_other_threads_run_while_a_call_waits
    live, = asking
    count = 0
    counting = Thread.new { loop { (count += 1) && sleep(0.001) } }
    assert_raises(LiveFlow::RequestTimeoutError) { live.wait(0.3) }
    assert_operator count, :>, 50
    counting.kill
  end

  def test_many_threads_share_a_client
    statuses = Array.new(20) { Thread.new { @client.run(FLOW) { "20000" }.status } }.map(&:value)
    assert_equal({ finished: 20 }, statuses.tally)
  end

  def test_a_timeout_gives_a_call_up_at_once_and_loses_no_event
    live, prompt = asking
    nil while live.next_event.then { |event| !event.is_a?(LiveFlow::PromptRequested) }
    begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    20.times { assert_raises(Timeout::Error) { Timeout.timeout(0.02) { live.next_event } } }
    assert_operator Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun, :<, 3
    live.answer(prompt, "20000")
    assert_instance_of LiveFlow::PromptClosed, live.next_event
  end

  def test_ctrl_c_gives_a_call_up
    output, status = in_process(<<~RUBY)
      trap("INT", "DEFAULT") # a shell's background jobs ignore it, and so would this
      live = CLIENT.start(FLOW)
      Thread.new { sleep 0.2; Process.kill("INT", Process.pid) }
      begin
        live.wait
      rescue Interrupt
        puts "interrupted"
      end
      puts CLIENT.get_session(FLOW, live.id).ended?
    RUBY
    assert_equal "interrupted\nfalse\n", output
    assert_predicate status, :success?
  end

  def test_a_forked_child_needs_its_own_client_and_then_works
    output, status = in_process(<<~RUBY)
      provider = Object.new
      def provider.headers(_) = { "Api-key" => "simulator-key" }
      CLIENT.get_sessions(FLOW)
      address = CLIENT.inspect[/http\\S+/]
      child = fork do
        begin
          CLIENT.get_sessions(FLOW)
        rescue TrueState::LiveFlow::ClosedError => error
          puts error.message[/create a new client/]
        end
        TrueState::LiveFlow::Client.open(base_url: address, credentials: provider) do |client|
          puts client.run(FLOW) { "20000" }.status
        end
      end
      Process.wait(child)
      puts $?.success?, CLIENT.get_sessions(FLOW).size
    RUBY
    assert_equal "create a new client\nfinished\ntrue\n1\n", output
    assert_predicate status, :success?
  end

  def test_a_process_may_exit_at_any_moment
    Integer(ENV.fetch("LIVEFLOW_EXITS", 30)).times do |n|
      output, status = in_process(<<~RUBY)
        provider = Object.new
        def provider.headers(_) = { "Api-key" => "simulator-key" }
        other = TrueState::LiveFlow::Client.new(base_url: CLIENT.inspect[/http\\S+/], credentials: provider)
        Thread.new { loop { other.get_sessions(FLOW) } }
        TrueState::LiveFlow.set_log_sink(level: :trace) { |record| record.to_s }
        live = CLIENT.start(FLOW)
        live.subscribe { |event| event.inspect }
        Thread.new { live.wait }
        Thread.new { live.each_event { |event| event } }
        sleep #{n % 100 * 0.003}
      RUBY
      assert_predicate status, :success?, output
      assert_empty output
    end
  end

  def test_an_exit_hook_may_wait_for_a_thread_in_a_call
    output, status = in_process(<<~RUBY, before: "at_exit { $worker.join rescue puts $!.message }")
      live = CLIENT.start(FLOW)
      $worker = Thread.new { live.wait }
      sleep 0.1
    RUBY
    assert_equal "the process is exiting\n", output
    assert_predicate status, :success?
  end

  def test_a_closed_client_ends_what_waits
    live, = asking
    waiting = Thread.new { live.wait }
    waiting.report_on_exception = false
    events = Thread.new { live.events.to_a.last }
    sleep 0.1
    @client.close
    assert_raises(LiveFlow::ClosedError) { waiting.value }
    assert_equal :closed, events.value.reason
  end

  def test_sessions_leave_nothing_behind
    work = lambda do |times|
      times.times { @client.start(FLOW) { |live| live.events.first } }
      3.times { GC.start }
      sleep 0.2
    end
    work.call(20)
    before = [handles, Thread.list.size]
    work.call(50)
    assert_equal before.last, Thread.list.size
    assert_in_delta before.first, handles, 5
  end

  private

  def handles
    Dir["/proc/self/fd/*"].size
  end
end
