# frozen_string_literal: true

require_relative "helper"

class TestValues < ServedTest
  def echoed(value)
    @client.create_session(FLOW, { "value" => value }).inputs["value"]
  end

  def test_json_comes_back_as_it_was
    big = 123_456_789_012_345_678_901_234_567_890
    [nil, true, 0, -1, big, 1.5, "täxt \u{1F600} \"\\\n", [], {}, [1, [2, { "a" => nil }]]].each do |value|
      if value.nil?
        assert_nil echoed(value)
      else
        assert_equal value, echoed(value)
      end
    end
  end

  def test_decimals_keep_their_digits
    exact = BigDecimal("0.1234567890123456789012345678901234567890")
    assert_equal exact, echoed(exact)
    assert_instance_of Float, echoed(0.1)
  end

  def test_symbols_are_text
    assert_equal({ "a" => "b" }, echoed({ a: :b }))
  end

  def test_mistakes_are_placed
    own = []
    own << own
    {
      { a: [1, Float::INFINITY] } => "inputs.a[1] is Infinity, which JSON cannot say",
      { a: Object } => "inputs.a is a Class, which is not JSON",
      { 1 => 2 } => "inputs has the key 1, and JSON's keys are text",
      { a: "\xFF" } => "inputs.a is not valid UTF-8",
      { a: own } => "inputs.a[0] contains itself"
    }.each do |inputs, reason|
      error = assert_raises(LiveFlow::InvalidRequestError) { @client.start(FLOW, inputs) }
      assert_equal [reason, "inputs"], [error.message, error.argument]
    end
    deep = Array.new(200).reduce([]) { |inner, _| [inner] }
    assert_raises(LiveFlow::InvalidRequestError) { echoed(deep) }
  end

  def test_what_was_decoded_is_frozen
    inputs = @client.create_session(FLOW, { a: ["b"] }).inputs
    assert_raises(FrozenError) { inputs["a"] << "c" }
  end

  def test_values_compare_match_and_show_themselves
    one = LiveFlow::Prompt.new(run_id: "r", text: "Budget?")
    assert_equal one, LiveFlow::Prompt.new(run_id: "r", text: "Budget?")
    refute_equal one, LiveFlow::Prompt.new(run_id: "r", text: "Budget?", round: 1)
    assert_equal 1, [one, one.clone].uniq.size
    assert_match(/run_id="r", round=0/, one.inspect)
    assert_raises(ArgumentError) { LiveFlow::Prompt.new(text: "no id") }
    assert_raises(ArgumentError) { LiveFlow::Prompt.new(run_id: "r", colour: "red") }
  end

  def test_times_are_utc
    session = @client.create_session(FLOW)
    assert_predicate session.created_at, :utc?
    assert_in_delta Time.now, session.created_at, 120
  end
end
