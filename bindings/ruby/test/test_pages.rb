# frozen_string_literal: true

require "stringio"
require_relative "helper"

# What users read and copy: the pages' code, and the example.
class TestPages < ServedTest
  ROOT = File.expand_path("../../..", __dir__)

  def setup
    super
    ENV["TRUESTATE_API_KEY"] = @simulator.api_key
    ENV["TRUESTATE_HOST"] = @simulator.base_url
  end

  def teardown
    ENV.delete("TRUESTATE_API_KEY")
    ENV.delete("TRUESTATE_HOST")
    super
  end

  %w[README.md bindings/ruby/README.md docs/ruby.md].each do |page|
    text = File.read(File.join(ROOT, page), encoding: "UTF-8")
    text.scan(/^```ruby\n(.*?)^```$/m).each_with_index do |(code), number|
      line = text[0, text.index(code)].count("\n") + 1
      define_method(:"test_#{page}_#{number}") do
        output, = capture_io { typing("20000\n20000\n") { eval(code, given, page, line) } } # rubocop:disable Security/Eval -- our own pages
        assert_match(/20000/, output) if code.include?("session.output")
      end
    end
  end

  def test_the_example_runs_a_session
    example = File.join(ROOT, "examples/ruby/quickstart.rb")
    output, status = Open3.capture2e(
      RbConfig.ruby, "-I", File.expand_path("../lib", __dir__), example, FLOW, "--input", "company=ACME",
      "--answer", "20000", stdin_data: "in May\n"
    )
    assert_predicate status, :success?, output
    assert_match(/\? What budget.*\n> 20000\n/, output)
    assert_match(/ask_timeline: WAITING_FOR_USER_INPUT/, output)
    assert_match(/"start": "in May"/, output)
  end

  private

  # What the pages take for granted.
  def given
    client = @client
    flow = FLOW
    page = Object.new
    page.define_singleton_method(:ask) { |_text| "20000" }
    page.define_singleton_method(:place) { [client, flow] && binding }
    page.place
  end

  def typing(text)
    $stdin = StringIO.new(text)
    yield
  ensure
    $stdin = STDIN
  end
end
