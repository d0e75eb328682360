# frozen_string_literal: true

require "minitest/autorun"
require "open3"
require "rbconfig"
require "timeout"
require "tmpdir"
require "truestate/liveflow"
require "truestate/liveflow/testing"

# A test with a local service of its own, and a client of it.
class ServedTest < Minitest::Test
  include TrueState

  FLOW = TrueState::LiveFlow::Testing::LEAD_QUALIFICATION
  # Polls often, so that tests are quick.
  QUICK = { requests_per_second: 0, polling: { running_min: 0.02, waiting_min: 0.05, waiting_max: 0.2 } }.freeze

  def setup
    @simulator = LiveFlow::Testing::Simulator.new(speed: 100)
    @client = @simulator.client(**QUICK)
  end

  def teardown
    @client.close
    @simulator.stop
  end

  # A session that asks its first question, and the question.
  def asking
    live = @client.start(FLOW)
    prompt = live.events.find { |event| event.is_a?(LiveFlow::PromptRequested) }.prompt
    [live, prompt]
  end

  # Waits for what the block says.
  def eventually(patience = 10)
    Timeout.timeout(patience) { sleep 0.01 until yield }
  end

  # Runs Ruby code in a process of its own, with CLIENT and FLOW set; gives its output and status.
  # `before` runs before there is a client. One that hangs is killed.
  def in_process(code, before: "")
    head = <<~RUBY
      require "truestate/liveflow"
      #{before}
      FLOW = #{FLOW.inspect}
      CLIENT = TrueState::LiveFlow::Client.new("simulator-key", base_url: #{@simulator.base_url.inspect},
        polling: { running_min: 0.02, waiting_min: 0.05 })
    RUBY
    library = File.expand_path("../lib", __dir__)
    Open3.popen2e(RbConfig.ruby, "-I", library, "-e", head + code) do |input, output, process|
      input.close
      limit = Thread.new { sleep(60) && Process.kill("KILL", process.pid) }
      [output.read, process.value]
    ensure
      limit.kill
    end
  end
end
