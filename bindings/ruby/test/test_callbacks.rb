# frozen_string_literal: true

require "securerandom"
require_relative "helper"

class TestCallbacks < ServedTest
  # Keeps checkpoints in memory.
  class Memory
    attr_reader :kept

    def initialize = @kept = {}
    def save(checkpoint) = @kept[checkpoint.session_id] = checkpoint
    def load(session_id) = @kept[session_id]
    def list = @kept.keys
    def delete(session_id) = @kept.delete(session_id)
  end

  # Gives an old key first.
  class Rotating
    attr_reader :asked

    def initialize = @asked = []

    def headers(request)
      @asked << request.refused?
      { "Api-key" => request.refused? ? "simulator-key" : "stale" }
    end
  end

  def test_a_provider_gives_the_headers_and_is_told_of_a_refusal
    provider = Rotating.new
    LiveFlow::Client.open(base_url: @simulator.base_url, credentials: provider) do |client|
      assert_equal [], client.get_sessions(FLOW)
    end
    assert_equal [false, true], provider.asked
  end

  def test_a_provider_that_raises_fails_the_call_and_is_logged
    provider = Object.new
    def provider.headers(_request) = raise("no token")
    LiveFlow.logger = Logger.new(log = StringIO.new)
    limits = { connect: 0.2, request: 0.2, total: 0.5 }
    LiveFlow::Client.open(base_url: @simulator.base_url, credentials: provider, timeouts: limits) do |client|
      error = assert_raises(LiveFlow::HandlerFailedError) { client.get_sessions(FLOW) }
      assert_match(/credentials provider failed/, error.message)
      assert_match(/raised RuntimeError/, error.detail)
    end
    assert_match(/no token/, log.string)
  ensure
    LiveFlow.logger = Logger.new($stderr, level: Logger::WARN)
  end

  def test_a_store_keeps_checkpoints_and_restores_all
    store = Memory.new
    live = stored(store) do |client|
      client.start(FLOW).tap do |it|
        it.events.find do |e|
          e.is_a?(LiveFlow::PromptRequested)
        end
      end
    end
    eventually { store.list == [live.id] }
    stored(store) do |client|
      restored = client.restore_all
      assert_equal([live.id], restored.map(&:id))
    end
  end

  def test_a_folder_keeps_checkpoints
    Dir.mktmpdir do |folder|
      store = LiveFlow::FileCheckpointStore.new("#{folder}/new")
      checkpoint = LiveFlow::StoredCheckpoint.new(session_id: SecureRandom.uuid, number: 1, data: "täxt")
      store.save(checkpoint)
      assert_equal [checkpoint.session_id], store.list
      assert_equal checkpoint, store.load(checkpoint.session_id)
      store.delete(checkpoint.session_id)
      assert_nil store.load(checkpoint.session_id)
    end
  end

  def test_what_is_no_provider_or_store_is_refused_at_once
    error = assert_raises(LiveFlow::ConfigurationError) { LiveFlow::Client.new(credentials: "token") }
    assert_equal "credentials", error.setting
    error = assert_raises(LiveFlow::ConfigurationError) do
      LiveFlow::Client.new("key", checkpoint_store: Object.new)
    end
    assert_match(/save/, error.message)
  end

  def test_log_records_reach_a_sink
    records = Thread::Queue.new
    LiveFlow.set_log_sink(level: :debug) { |record| records << record }
    @client.get_sessions(FLOW)
    record = Timeout.timeout(5) { records.pop }
    assert_equal :debug, record.level
    assert_match(/\Aliveflow/, record.target)
    assert_raises(ArgumentError) { LiveFlow.set_log_sink(level: :loud) { nil } }
  ensure
    LiveFlow.set_log_sink
  end

  private

  def stored(store, &block)
    @simulator.client(**QUICK, checkpoint_store: store, &block)
  end
end
