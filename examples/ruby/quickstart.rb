#!/usr/bin/env ruby
# frozen_string_literal: true

# Runs a Live Flow session at the terminal: progress as it happens, questions, the result.
#
#     ruby quickstart.rb FLOW --input company=ACME
#
# FLOW is the flow's id or the address of its page. The key, and where the service is, come from the
# environment: TRUESTATE_API_KEY, TRUESTATE_ORGANISATION_ID, TRUESTATE_HOST.

require "json"
require "optparse"
require "truestate/liveflow"

include TrueState # rubocop:disable Style/MixinUsage -- a program of its own

inputs = {}
answers = []
options = OptionParser.new("Usage: quickstart.rb FLOW [--input NAME=VALUE]... [--answer TEXT]...")
options.on("--input NAME=VALUE", "an input of the session; a VALUE that is JSON is taken as JSON") do |pair|
  name, value = pair.split("=", 2)
  inputs[name] = begin
    JSON.parse(value)
  rescue JSON::ParserError
    value
  end
end
options.on("--answer TEXT", "answers the next question, instead of asking") { |text| answers << text }
flow, = options.parse!
abort options.help if flow.nil?

show = lambda do |event|
  case event
  in LiveFlow::StatusChanged[current:] then puts "  session #{current}"
  in LiveFlow::StepChanged[step:] then puts "  #{step.name || step.id}: #{step.raw_status}"
  in LiveFlow::PromptClosed[reason: :answered_elsewhere] then puts "  answered elsewhere"
  in LiveFlow::ConnectionLost[error:, retry_in:]
    puts "  connection lost (#{error.message}); next try in #{retry_in.round(1)} s"
  in LiveFlow::ConnectionRestored then puts "  connection restored"
  else nil
  end
end

# What is ready, or what is typed; nothing typed is no answer.
ask = lambda do |prompt|
  puts "\n? #{prompt.text}"
  print "> "
  answer = answers.shift&.tap { |text| puts text } || $stdin.gets&.strip
  answer unless answer.to_s.empty?
end

begin
  session = LiveFlow::Client.from_env { |client| client.run(flow, inputs, on_event: show, &ask) }
  abort "the session failed" if session.failed?
  puts "", JSON.pretty_generate(session.output)
rescue LiveFlow::LiveFlowError => e
  warn "error: #{e.message}"
  warn "your answer did not arrive: #{e.answer}" if e.answer
  warn "(request #{e.request_id})" if e.request_id
  exit 1
rescue Interrupt
  warn "\nstopped watching; the session itself goes on"
  exit 130
end
