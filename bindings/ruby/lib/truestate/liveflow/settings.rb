# frozen_string_literal: true

require "did_you_mean"
require_relative "arguments"
require_relative "errors"
require_relative "native"

module TrueState
  module LiveFlow
    # From a client's keyword arguments to the core's configuration. The defaults are the core's.
    # @api private
    class Settings
      U32 = (2**32) - 1
      U64 = (2**64) - 1

      # What is kept on this side, and the methods that it must have.
      HOSTS = { credentials: %i[headers], checkpoint_store: %i[save load list delete] }.freeze

      # How each setting is read.
      READ = {
        organisation_id: :text?, base_url: :text?, timeouts: :timeouts, retry: :retries, polling: :polling,
        watch_limit: :duration, resend_answers: :flag, verify_before_answer: :flag,
        answer_grace: :duration, max_staleness: :duration, adopt_created: :flag,
        correlation_member: :text?, recreate_when_unseen: :flag, max_retry_after: :duration,
        suspend_grace: :duration, handler_timeout: :duration?, callback_limit: :u32,
        max_concurrent_requests: :u32, requests_per_second: :number, max_body_bytes: :u64,
        proxy: :proxy, extra_root_certificates: :certificates, allow_insecure_http: :flag,
        user_agent_suffix: :text?, endpoints: :endpoints, status_aliases: :aliases
      }.freeze

      NAMES = [*READ.keys, *HOSTS.keys].freeze

      def initialize(given)
        given.each_key { |name| known(name, NAMES) }
        @given = given
        HOSTS.each { |name, methods| check_methods(name, methods) if given[name] }
      end

      def credentials = @given[:credentials]
      def checkpoint_store = @given[:checkpoint_store]
      # Handlers are called on this side.
      def handler_timeout = @given[:handler_timeout]

      # The core's record.
      def core
        changed(Native.default_config, READ, nil, @given.slice(*READ.keys))
      end

      private

      def known(name, names)
        return if names.include?(name)

        near = DidYouMean::SpellChecker.new(dictionary: names).correct(name).first
        raise ArgumentError, "unknown setting #{name.inspect}#{near && ". Did you mean #{near.inspect}?"}"
      end

      def check_methods(name, methods)
        host = @given[name]
        lacking = methods.reject { |method| host.respond_to?(method) }
        return if lacking.empty?

        wrong(name, "must have the method #{lacking.first}: #{Arguments.kind(host)} has not")
      end

      # The record with these members in place of its own.
      def changed(record, readers, path, given)
        members = record.instance_variables.to_h do |variable|
          [variable.to_s.delete_prefix("@").to_sym, record.instance_variable_get(variable)]
        end
        given.each do |name, value|
          # The generator writes `retry`, a word of the language, with a line before it.
          member = members.key?(name) ? name : :"_#{name}"
          place = [path, name].compact.join(".")
          members[member] = send(readers.fetch(name), place, value, members[member])
        end
        record.class.new(**members)
      end

      # A record within the record; nil keeps its defaults.
      def parts(name, value, default, readers)
        return default if value.nil?

        wrong(name, "must be a Hash, not #{Arguments.kind(value)}") unless value.is_a?(Hash)
        value.each_key { |part| known(part, readers.keys) }
        changed(default, readers, name, value.compact)
      end

      def timeouts(name, value, default)
        parts(name, value, default, { connect: :duration, request: :duration, total: :duration })
      end

      def retries(name, value, default)
        parts(name, value, default, { initial_backoff: :duration, max_backoff: :duration, multiplier: :number })
      end

      def polling(name, value, default)
        parts(name, value, default,
              { running_min: :duration, running_max: :duration, waiting_min: :duration,
                waiting_max: :duration, growth: :number, jitter: :number })
      end

      def endpoints(name, value, default)
        parts(name, value, default,
              { create_body: :create_body, add_user_input: :endpoint, user_input_member: :text,
                cancel_session: :endpoint, list_page_size: :u32 })
      end

      def endpoint(name, value, _default)
        unless value.is_a?(Hash) && value.keys.sort == %i[method path]
          wrong(name, "must be { method: …, path: … }")
        end
        method = choice("#{name}.method", value[:method], Native::HttpMethod)
        Native::Endpoint.new(method: method, path: text("#{name}.path", value[:path], nil))
      end

      def create_body(name, value, _default)
        choice(name, value, Native::CreateBody)
      end

      def choice(name, value, enumeration)
        constant = value.to_s.upcase
        unless value.is_a?(Symbol) && enumeration.constants.include?(constant.to_sym)
          words = enumeration.constants.map { |it| it.downcase.inspect }
          wrong(name, "must be one of #{words.join(", ")}, not #{value.inspect}")
        end
        enumeration.const_get(constant)
      end

      def duration(name, value, _default)
        Arguments.duration(value) { |reason| wrong(name, reason) }
      end

      def duration?(name, value, default)
        value && duration(name, value, default)
      end

      def flag(name, value, _default)
        wrong(name, "must be true or false, not #{value.inspect}") unless [true, false].include?(value)
        value
      end

      def text(name, value, _default)
        wrong(name, "must be a String, not #{Arguments.kind(value)}") unless value.is_a?(String)
        Json.utf8(value) or wrong(name, "is not valid UTF-8")
      end

      def text?(name, value, default)
        value && text(name, value, default)
      end

      def number(name, value, _default)
        wrong(name, "must be a number, not #{Arguments.kind(value)}") unless value.is_a?(Numeric) && value.real?
        value.to_f
      end

      def u32(name, value, _default) = count(name, value, U32)
      def u64(name, value, _default) = count(name, value, U64)

      def count(name, value, largest)
        wrong(name, "must be an Integer, not #{Arguments.kind(value)}") unless value.is_a?(Integer)
        wrong(name, "must be from 0 to #{largest}") unless value.between?(0, largest)
        value
      end

      def proxy(name, value, _default)
        case value
        when :system then Native::ProxyConfig::SYSTEM.new
        when :direct then Native::ProxyConfig::DIRECT.new
        when String then Native::ProxyConfig::URL.new(url: text(name, value, nil))
        else wrong(name, "must be :system, :direct or an address, not #{Arguments.kind(value)}")
        end
      end

      def certificates(name, value, _default)
        wrong(name, "must be an Array, not #{Arguments.kind(value)}") unless value.is_a?(Array)
        value.each do |certificate|
          wrong(name, "must hold Strings, not #{Arguments.kind(certificate)}") unless certificate.is_a?(String)
        end
      end

      def aliases(name, value, _default)
        wrong(name, "must be a Hash, not #{Arguments.kind(value)}") unless value.is_a?(Hash)
        value.to_h { |word, status| [text(name, word.to_s, nil), choice(name, status, Native::SessionStatus)] }
      end

      def wrong(name, reason)
        raise ConfigurationError.new("#{name} #{reason}", setting: name.to_s)
      end
    end
    private_constant :Settings
  end
end
