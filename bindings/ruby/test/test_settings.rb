# frozen_string_literal: true

require_relative "helper"

class TestSettings < Minitest::Test
  include TrueState

  EVERYTHING = {
    organisation_id: "org", base_url: "http://127.0.0.1:9",
    timeouts: { connect: 1, request: 2.5, total: Rational(7, 2) },
    retry: { initial_backoff: 0.1, max_backoff: 1, multiplier: 3 },
    polling: { running_min: 0.1, running_max: 1, waiting_min: 1, waiting_max: 2, growth: 0.3, jitter: 0.2 },
    watch_limit: 60, resend_answers: false, verify_before_answer: false, answer_grace: 20,
    max_staleness: 5, adopt_created: true, correlation_member: "mark", recreate_when_unseen: true,
    max_retry_after: 10, suspend_grace: 1, handler_timeout: 5, callback_limit: 8,
    max_concurrent_requests: 4, requests_per_second: 3.5, max_body_bytes: 1000, proxy: :direct,
    extra_root_certificates: [], allow_insecure_http: true, user_agent_suffix: "test",
    endpoints: { create_body: :bare, user_input_member: "reply", list_page_size: 50,
                 add_user_input: { method: :put, path: "/live_flows/{live_flow_id}/sessions/{session_id}/x/" },
                 cancel_session: { method: :delete, path: "/live_flows/{live_flow_id}/sessions/{session_id}/" } },
    status_aliases: { "PAUSED" => :running }
  }.freeze

  def test_every_setting_is_taken
    LiveFlow::Client.new("key", **EVERYTHING).close
  end

  def test_nil_keeps_what_is_there
    LiveFlow::Client.new("key", timeouts: nil, polling: { running_min: nil }, organisation_id: nil).close
  end

  def test_an_unknown_setting_is_an_argument_error_with_a_hint
    error = assert_raises(ArgumentError) { LiveFlow::Client.new("key", base_ur: "x") }
    assert_match(/Did you mean :base_url/, error.message)
    assert_raises(ArgumentError) { LiveFlow::Client.new("key", timeouts: { conect: 1 }) }
  end

  {
    "watch_limit" => { watch_limit: "soon" }, "timeouts.connect" => { timeouts: { connect: -1 } },
    "timeouts" => { timeouts: 5 }, "resend_answers" => { resend_answers: 1 },
    "callback_limit" => { callback_limit: 1.5 }, "max_body_bytes" => { max_body_bytes: -1 },
    "requests_per_second" => { requests_per_second: "fast" }, "proxy" => { proxy: 1 },
    "endpoints.create_body" => { endpoints: { create_body: :naked } },
    "endpoints.cancel_session.method" => { endpoints: { cancel_session: { method: :get, path: "/" } } },
    "status_aliases" => { status_aliases: { "X" => :paused } }, "base_url" => { base_url: "nonsense" },
    "extra_root_certificates" => { extra_root_certificates: "pem" }
  }.each do |setting, wrong|
    define_method(:"test_a_wrong_#{setting.tr(".", "_")}_is_named") do
      error = assert_raises(LiveFlow::ConfigurationError) { LiveFlow::Client.new("key", **wrong) }
      assert_equal setting, error.setting
    end
  end
end
