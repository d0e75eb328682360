# frozen_string_literal: true

require_relative "host"
require_relative "render"

module LiveFlowConformance
  # A scenario's `client` as the settings of the SDK.
  module Configuration
    # What is left out of a scenario's configuration; they make scenarios quick.
    DEFAULTS = {
      "timeouts" => { "connect_ms" => 1000, "request_ms" => 1000, "total_ms" => 8000 },
      "retry" => { "initial_backoff_ms" => 20, "max_backoff_ms" => 100, "multiplier" => 2 },
      "polling" => { "running_min_ms" => 20, "running_max_ms" => 100, "waiting_min_ms" => 50,
                     "waiting_max_ms" => 200, "growth" => 0.2, "jitter" => 0.1 },
      "watch_limit_ms" => 30_000, "max_staleness_ms" => 200, "answer_grace_ms" => 1300,
      "max_retry_after_ms" => 5000, "suspend_grace_ms" => 200, "requests_per_second" => 0, "proxy" => "direct"
    }.freeze

    module_function

    # Each layer is merged over the ones before, and all over the defaults.
    def layered(*layers)
      layers.reduce(DEFAULTS) { |under, over| merged(under, over) }
    end

    def merged(under, over)
      under.merge(over) { |_, one, two| one.is_a?(Hash) && two.is_a?(Hash) ? merged(one, two) : two }
    end

    # Every text of it that must not be shown.
    def secrets(config)
      [config["api_key"], *config.fetch("credentials", []).flat_map(&:values)].compact.reject(&:empty?)
    end

    # The key and the settings for the service at `base_url`.
    def for_service(config, base_url, api_key, stores)
      key = config.fetch("api_key") { config.key?("credentials") ? nil : api_key }
      settings = config.except("api_key").to_h { |name, value| setting(name, value, stores) }
      [key, { base_url: base_url, **settings }]
    end

    def setting(name, value, stores)
      made =
        case name
        when "proxy" then value.is_a?(Hash) ? value["url"] : value.to_sym
        when "endpoints" then value.to_h { |part, it| [part.to_sym, endpoint(part, it)] }
        when "status_aliases" then value.transform_values { |word| Render::STATUSES.key(word) }
        when "credentials" then Rotating.new(value)
        when "checkpoint_store" then stores.give(value)
        else return seconds(name, value)
        end
      [name.to_sym, made]
    end

    def endpoint(part, value)
      case part
      when "create_body" then value.to_sym
      when "add_user_input", "cancel_session" then { method: value["method"].downcase.to_sym, path: value["path"] }
      else value
      end
    end

    # Durations are milliseconds there and seconds here.
    def seconds(name, value)
      return [name.to_sym, value.to_h { |part, it| seconds(part, it) }] if value.is_a?(Hash)

      name.end_with?("_ms") ? [name.delete_suffix("_ms").to_sym, value / 1000.0] : [name.to_sym, value]
    end
  end
end
