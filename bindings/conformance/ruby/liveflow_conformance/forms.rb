# frozen_string_literal: true

require_relative "json"

module LiveFlowConformance
  # The folder of the conformance scenarios.
  HOME = File.expand_path("../..", __dir__)

  # What each form has, so that a misspelt member is an error, and not a pattern that never fits.
  #
  # A form is `"json"`, `"text"`, `"number"`, `"boolean"`, `"event"`, a word of `words`, an object's form,
  # or a list with the form of its items.
  module Forms
    FILE = ExactJson.read(File.join(HOME, "forms.json"))
    EVENTS = FILE.fetch("events")
    FORMS = FILE.fetch("forms")
    WORDS = FILE.fetch("words")

    module_function

    # Raises if the pattern cannot be compared with a value of this form.
    def check(form, pattern)
      return check_object(form, pattern) if pattern.is_a?(Hash)
      return if fits?(form, pattern)

      raise ScenarioFailed.invalid("pattern #{ExactJson.text(pattern)}: this never fits #{form}")
    end

    def fits?(form, pattern)
      case pattern
      when nil then true
      when true, false then %w[json boolean].include?(form)
      when Numeric then %w[json number].include?(form)
      when String then WORDS[form]&.include?(pattern) || (!WORDS.key?(form) && %w[json text].include?(form))
      when Array
        item = form == "json" ? "json" : (form.first if form.is_a?(Array))
        pattern.each { |inner| check(item, inner) } if item
        !item.nil?
      end
    end

    def check_object(form, pattern)
      matchers = pattern.keys.select { |name| name.start_with?("$") }
      if matchers.any?
        raise invalid(pattern, "a matcher object has exactly one member") if pattern.size != 1

        return check_matcher(form, *pattern.first)
      end
      return pattern.each_value { |inner| check("json", inner) } if form == "json"

      members = pattern.dup
      known = known_members(form, members, pattern) or return
      members.each do |name, inner|
        raise invalid(pattern, "there is no member #{name} here") unless known.key?(name)

        check(known[name], inner)
      end
    end

    def known_members(form, members, pattern)
      if form != "event"
        return (FORMS[form] if form.is_a?(String)) || raise(invalid(pattern, "this never fits #{form}"))
      end

      kind = members.delete("event")
      return if kind.nil? && members.empty?

      EVENTS[kind] or raise invalid(pattern, "there is no event #{kind}")
    end

    def check_matcher(form, name, inner)
      is_list = form == "json" || form.is_a?(Array)
      fits =
        case name
        when "$one_of", "$all" then inner.each { |pattern| check(form, pattern) }
        when "$not"
          raise invalid(inner, "`$bind` does not stand inside `$not`") if holds_bind?(inner)

          check(form, inner)
          true
        when "$has", "$each"
          check(form.is_a?(Array) ? form.first : "json", inner) if is_list
          is_list
        when "$length"
          check("number", inner)
          is_list || form == "text"
        when "$contains", "$session" then %w[json text].include?(form) || WORDS.key?(form)
        when "$at_least", "$at_most" then %w[json number].include?(form)
        when "$any", "$exactly", "$bind", "$flow" then true
        end
      raise ScenarioFailed.invalid("#{form} has no matcher #{name} with #{ExactJson.text(inner)}") unless fits
    end

    def holds_bind?(pattern)
      case pattern
      when Array then pattern.any? { |item| holds_bind?(item) }
      when Hash then pattern.any? { |name, inner| name == "$bind" || holds_bind?(inner) }
      else false
      end
    end

    def invalid(pattern, problem)
      ScenarioFailed.invalid("pattern #{ExactJson.text(pattern)}: #{problem}")
    end

    # Gives the rendered value, which has exactly the members of its form: a check of the player.
    def written(form, value)
      known = form == "event" ? EVENTS.fetch(value["event"]).keys + ["event"] : FORMS.fetch(form).keys
      raise "the player writes #{value} in the form #{form}" unless known.sort == value.keys.sort

      value
    end
  end
end
