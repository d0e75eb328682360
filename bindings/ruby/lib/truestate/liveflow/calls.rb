# frozen_string_literal: true

require_relative "host"
require_relative "json"
require_relative "lifecycle"
require_relative "logs"
require_relative "native"
require_relative "settings"
require_relative "translate"

module TrueState
  module LiveFlow
    # A core client with what belongs to it on this side: providers, and listeners to be silenced.
    # @api private
    class Calls
      # The core's own client.
      attr_reader :core
      # How many seconds a prompt handler may take, or nil.
      attr_reader :handler_timeout

      def initialize(key, settings, from_env:)
        Lifecycle.begin
        Logs.begin
        settings = Settings.new(settings)
        @handler_timeout = settings.handler_timeout
        @hosts = []
        credentials = host(settings.credentials, "credentials provider", HostCredentials)
        store = host(settings.checkpoint_store, "checkpoint store", HostStore)
        config = settings.core
        @core = Translate.call do
          if from_env
            Native::CoreClient.from_env(config, credentials, store)
          else
            Native::CoreClient.new(checked(key), config, credentials, store)
          end
        end
        @lock = Mutex.new
        @subscriptions = ObjectSpace::WeakMap.new
        @closed = false
        # A client that is forgotten without being closed leaves no thread behind.
        ObjectSpace.define_finalizer(self, self.class.stopping(@hosts))
      end

      def self.stopping(hosts)
        proc { hosts.each(&:stop) }
      end

      # What it is, without any secret.
      def describe
        "#{@core.base_url} #{@closed ? "closed" : "open"}"
      end

      # Has no callback of it start after the client was closed.
      def cancel_on_close(subscription)
        @lock.synchronize { @subscriptions[subscription] = true }
      end

      # Stops everything. Waits for nothing.
      def close
        @closed = true
        @lock.synchronize { @subscriptions.keys }.each(&:cancel)
        @core.shutdown
        @hosts.each(&:stop)
      end

      private

      def host(given, name, form)
        return if given.nil?

        thread = Host.new(name)
        @hosts << thread
        form.new(given, thread)
      end

      # The API key, which is never quoted.
      def checked(key)
        return "" if key.nil?

        reason = "must be a String, not #{Arguments.kind(key)}" unless key.is_a?(String)
        reason ||= "is not valid UTF-8" unless Json.utf8(key)
        raise ConfigurationError.new("api_key #{reason}", setting: "api_key") if reason

        Json.utf8(key)
      end
    end
    private_constant :Calls
  end
end
