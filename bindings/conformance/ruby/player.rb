#!/usr/bin/env ruby
# frozen_string_literal: true

# Plays the conformance scenarios on the Ruby gem.

require "logger"
require "optparse"
$LOAD_PATH.unshift File.expand_path("../../ruby/lib", __dir__)
require "truestate/liveflow"
require_relative "liveflow_conformance/play"
require_relative "liveflow_conformance/selftest"

module LiveFlowConformance
  # What the command line asks for.
  class Player
    def initialize(arguments)
      @only = []
      @jobs = 4
      parser = OptionParser.new("Usage: player [--selftest] [--only NAME]... [--jobs N] [--list] [DIR]")
      parser.on("--selftest", "play a self-test folder: all in it is wrong in a way that must be noticed") do
        @selftest = true
      end
      parser.on("--only NAME", "play only this one (repeatable)") { |name| @only << name }
      parser.on("--jobs N", Integer, "how many are played at the same time") { |jobs| @jobs = [jobs, 1].max }
      parser.on("--list", "name what would be played") { @list = true }
      @folder, *rest = parser.parse(arguments)
      usage("unknown arguments: #{rest.join(" ")}") if rest.any?
    rescue OptionParser::ParseError => e
      usage(e.message)
    end

    # Plays it, and gives the exit code.
    def play
      found = pieces
      return puts(found.map { |path, _| name(path) }) if @list

      # Listeners that throw are logged, as promised, and part of some scenarios.
      TrueState::LiveFlow.logger = Logger.new(nil)
      problems = play_all(found)
      failed = problems.compact.size
      puts "#{found.size - failed} passed, #{failed} failed"
      exit 1 if failed.positive?
    end

    private

    def pieces
      found =
        if @selftest
          folder = @folder || File.join(HOME, "selftest")
          files(File.join(folder, "scenarios"), :must_fail) + files(File.join(folder, "recordings"), :recording)
        else
          files(@folder || File.join(HOME, "scenarios"), :scenario)
        end
      missing = @only - found.map { |path, _| name(path) }
      usage("there is no #{missing.first}") if missing.any?
      found = found.select { |path, _| @only.include?(name(path)) } if @only.any?
      usage("there is nothing to play") if found.empty?
      found
    end

    def files(folder, kind)
      usage("#{folder} is not a folder") unless File.directory?(folder)
      Dir[File.join(folder, "*.json")].map { |path| [path, kind] }
    end

    def name(path) = File.basename(path, ".json")

    # Several at a time; a line for each, in order.
    def play_all(found)
      slots = Thread::SizedQueue.new(@jobs)
      running = found.map do |path, kind|
        Thread.new do
          slots << true
          begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
          [problem(path, kind), Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun]
        ensure
          slots.pop
        end
      end
      found.zip(running).map do |(path, _), thread|
        problem, took = thread.value
        puts "#{problem ? "FAIL " : "ok   "} #{name(path)} (#{format("%.1f", took)} s)"
        puts problem.gsub(/^/, "  ") if problem
        $stdout.flush
        problem
      end
    end

    def problem(path, kind)
      case kind
      when :recording then Selftest.recording(path)
      when :must_fail then Selftest.must_fail(path)
      else
        Play.play(Reading.load(path))
        nil
      end
    rescue ScenarioFailed => e
      e.message
    end

    def usage(problem)
      warn "player: #{problem}"
      exit 2
    end
  end
end

LiveFlowConformance::Player.new(ARGV).play
