# frozen_string_literal: true

require "securerandom"
require_relative "helper"

class TestClient < ServedTest
  def test_the_five_calls
    session = @client.create_session(FLOW, { company: "ACME" })
    assert_equal session.id, @client.get_session(FLOW, session.id).id
    eventually { @client.get_session(FLOW, session.id).waiting_for_user_input? }
    assert_instance_of LiveFlow::Session, @client.add_user_input(FLOW, session.id, "20000")
    assert_predicate @client.cancel_session(FLOW, session.id), :failed?
    assert_equal([session.id], @client.get_sessions(FLOW).map(&:id))
  end

  def test_sessions_come_one_at_a_time
    3.times { @client.create_session(FLOW) }
    assert_equal 3, @client.iter_sessions(FLOW).count
    assert_equal 2, @client.iter_sessions(FLOW).first(2).size
    sessions = @client.iter_sessions(FLOW)
    assert_instance_of LiveFlow::Session, sessions.next
  end

  def test_the_block_form_closes
    client = LiveFlow::Client.open("simulator-key", base_url: @simulator.base_url) do |opened|
      opened.get_sessions(FLOW)
      opened
    end
    assert_raises(LiveFlow::ClosedError) { client.get_sessions(FLOW) }
    client.close
  end

  def test_the_environment_gives_key_and_address
    ENV["TRUESTATE_API_KEY"] = "simulator-key"
    ENV["TRUESTATE_HOST"] = @simulator.base_url
    assert_equal([], LiveFlow::Client.from_env { |client| client.get_sessions(FLOW) })
    ENV.delete("TRUESTATE_API_KEY")
    error = assert_raises(LiveFlow::ConfigurationError) { LiveFlow::Client.from_env }
    assert_equal "api_key", error.setting
  ensure
    ENV.delete("TRUESTATE_API_KEY")
    ENV.delete("TRUESTATE_HOST")
  end

  def test_errors_say_what_can_be_done
    error = assert_raises(LiveFlow::NotFoundError) { @client.get_sessions(SecureRandom.uuid) }
    assert_equal 404, error.http_status
    refute_predicate error, :retryable?
    error = assert_raises(LiveFlow::InvalidRequestError) { @client.get_session(FLOW, "nonsense") }
    assert_equal "session_id", error.argument
    error = assert_raises(LiveFlow::InvalidRequestError) { @client.start(FLOW, { rate: Float::NAN }) }
    assert_match(/inputs\.rate is NaN/, error.message)
    wrong = @simulator.client
    wrong = LiveFlow::Client.new("wrong", base_url: wrong.inspect[/http\S+/])
    assert_raises(LiveFlow::AuthenticationError) { wrong.get_sessions(FLOW) }
    wrong.close
  end

  def test_the_key_is_shown_nowhere
    client = LiveFlow::Client.new("s3cret-key", base_url: @simulator.base_url)
    error = assert_raises(LiveFlow::AuthenticationError) { client.get_sessions(FLOW) }
    [client.inspect, client.to_s, error.message, error.inspect, error.detail].each do |text|
      refute_match(/s3cret/, text.to_s)
    end
    error = assert_raises(LiveFlow::ConfigurationError) { LiveFlow::Client.new("s3cret\xFF") }
    refute_match(/s3cret/, error.full_message)
    client.close
  end

  def test_handles_are_neither_copied_nor_marshalled
    live, = asking
    [@client, live, live.events].each do |handle|
      assert_raises(TypeError) { handle.dup }
      assert_raises(TypeError) { Marshal.dump(handle) }
    end
  end

  def test_suspension_holds_requests
    live, = asking
    @client.suspend
    sleep 0.1
    before = @simulator.journal["requests"].size
    sleep 0.4
    assert_equal before, @simulator.journal["requests"].size
    @client.resume
    live.poll_now
    eventually { @simulator.journal["requests"].size > before }
    @client.network_changed
  end
end
