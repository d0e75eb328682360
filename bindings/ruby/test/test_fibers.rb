# frozen_string_literal: true

require "async"
require_relative "helper"

class TestFibers < ServedTest
  def test_other_fibers_run_while_a_call_waits
    statuses = Async do |task|
      Array.new(10) { task.async { @client.run(FLOW) { "20000" }.status } }.map(&:wait)
    end.wait
    assert_equal({ finished: 10 }, statuses.tally)
  end

  def test_a_timeout_of_a_task_gives_a_call_up
    live, = asking
    Async do |task|
      assert_raises(Async::TimeoutError) { task.with_timeout(0.1) { live.wait } }
      nil # what a task gives, if it is an error, is raised
    end.wait
  end
end
