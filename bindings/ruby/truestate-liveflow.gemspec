# frozen_string_literal: true

require_relative "lib/truestate/liveflow/version"

Gem::Specification.new do |gem|
  gem.name = "truestate-liveflow"
  gem.version = TrueState::LiveFlow::VERSION
  # The library inside is for one platform.
  gem.platform = Gem::Platform.local
  gem.summary = "Client SDK for TrueState Live Flow: start a session, follow it, answer its questions."
  gem.authors = ["TrueState"]
  gem.homepage = "https://github.com/truestate/liveflow-sdk"
  gem.licenses = ["MIT", "Apache-2.0"]
  gem.required_ruby_version = ">= 3.1"
  gem.metadata = { "rubygems_mfa_required" => "true" }
  gem.files = Dir["lib/**/*.{rb,so,dylib}", "README.md", "LICENSE-*", base: __dir__]
  # UniFFI's generated code calls the library by it. No other dependency: JSON, HTTP for the tests'
  # simulator and logging are Ruby's own.
  gem.add_dependency "ffi", "~> 1.15"
end
