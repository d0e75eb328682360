# frozen_string_literal: true

require_relative "json"

module LiveFlowConformance
  # As much of JSON Schema (2020-12) as `scenario.schema.json` uses. An unknown keyword is an error.
  class Schema
    # A mistake: where it is, and what it is.
    Mistake = Struct.new(:path, :problem) do
      def to_s = "#{path.join}: #{problem}"
    end

    IGNORED = %w[$schema $defs title description].freeze
    TYPES = {
      "object" => [Hash], "array" => [Array], "string" => [String], "boolean" => [TrueClass, FalseClass],
      "null" => [NilClass], "number" => [Numeric], "integer" => [Integer]
    }.freeze

    def initialize(root)
      @root = root
    end

    # The most telling mistake, or nil: the one that lies deepest.
    def mistake(value)
      check(@root, value, ["$"]).first.max_by { |it| it.path.size }
    end

    private

    # The mistakes, and the members that the schema has looked at.
    def check(schema, value, path)
      return [[], []] if schema == true
      return [[Mistake.new(path, "#{ExactJson.text(value)} must not be here")], []] if schema == false

      mistakes = []
      seen = []
      schema.each do |keyword, rule|
        next if IGNORED.include?(keyword) || keyword == "unevaluatedProperties"

        found, looked = send(:"on_#{keyword.delete("$")}", rule, value, path, schema)
        mistakes += found
        seen |= looked
      end
      mistakes += unknown(value.keys - seen, path) if schema["unevaluatedProperties"] == false && value.is_a?(Hash)
      [mistakes, seen]
    end

    def unless_fits(fits, path, problem)
      [fits ? [] : [Mistake.new(path, problem)], []]
    end

    def unknown(names, path)
      names.map { |name| Mistake.new(path, "there is no member #{name}") }
    end

    def on_ref(rule, value, path, _schema)
      check(@root.dig(*rule.delete_prefix("#/").split("/")), value, path)
    end

    def on_type(rule, value, path, _schema)
      fits = Array(rule).any? { |type| TYPES.fetch(type).any? { |it| value.is_a?(it) } }
      unless_fits(fits, path, "#{ExactJson.text(value)} is no #{Array(rule).join(" or ")}")
    end

    def on_enum(rule, value, path, _schema)
      unless_fits(rule.include?(value), path, "#{ExactJson.text(value)} is none of #{rule.join(", ")}")
    end

    def on_const(rule, value, path, _schema)
      unless_fits(rule == value, path, "#{ExactJson.text(value)} is not #{ExactJson.text(rule)}")
    end

    def on_required(rule, value, path, _schema)
      missing = value.is_a?(Hash) ? rule - value.keys : []
      unless_fits(missing.empty?, path, "#{missing.join(", ")} is missing")
    end

    def on_properties(rule, value, path, _schema)
      return [[], []] unless value.is_a?(Hash)

      members = value.slice(*rule.keys)
      [members.flat_map { |name, inner| check(rule[name], inner, path + [".#{name}"]).first }, members.keys]
    end

    def on_additionalProperties(rule, value, path, schema) # rubocop:disable Naming/MethodName -- the keyword
      return [[], []] unless value.is_a?(Hash)

      names = value.keys - (schema["properties"] || {}).keys
      return [unknown(names, path), names] if rule == false

      [names.flat_map { |name| check(rule, value[name], path + [".#{name}"]).first }, names]
    end

    def on_propertyNames(rule, value, path, _schema) # rubocop:disable Naming/MethodName -- the keyword
      return [[], []] unless value.is_a?(Hash)

      [value.keys.flat_map { |name| check(rule, name, path).first }, []]
    end

    def on_items(rule, value, path, _schema)
      return [[], []] unless value.is_a?(Array)

      [value.each_with_index.flat_map { |item, at| check(rule, item, path + ["[#{at}]"]).first }, []]
    end

    def on_dependentRequired(rule, value, path, _schema) # rubocop:disable Naming/MethodName -- the keyword
      return [[], []] unless value.is_a?(Hash)

      [value.keys.flat_map { |name| on_required(rule.fetch(name, []), value, path, nil).first }, []]
    end

    def on_allOf(rule, value, path, _schema) # rubocop:disable Naming/MethodName -- the keyword
      all = rule.map { |inner| check(inner, value, path) }
      [all.flat_map(&:first), all.flat_map(&:last)]
    end

    def on_anyOf(rule, value, path, _schema) # rubocop:disable Naming/MethodName -- the keyword
      tried = rule.map { |inner| check(inner, value, path) }
      fitting = tried.select { |mistakes, _| mistakes.empty? }
      return [[], fitting.flat_map(&:last)] if fitting.any?

      # The way that got furthest says what was meant.
      [tried.map(&:first).max_by { |mistakes| mistakes.map { |it| it.path.size }.max }, []]
    end

    def on_oneOf(rule, value, path, schema) # rubocop:disable Naming/MethodName -- the keyword
      fitting = rule.count { |inner| check(inner, value, path).first.empty? }
      return unless_fits(false, path, "only one may be: #{ExactJson.text(rule)}") if fitting > 1

      on_anyOf(rule, value, path, schema)
    end

    def on_not(rule, value, path, _schema)
      unless_fits(check(rule, value, path).first.any?, path, "must not have #{ExactJson.text(rule)}")
    end

    def on_if(rule, value, path, schema)
      check(rule, value, path).first.empty? ? check(schema["then"], value, path) : [[], []]
    end

    # Looked at together with `if`.
    def on_then(*)
      [[], []]
    end

    def on_pattern(rule, value, path, _schema)
      unless_fits(!value.is_a?(String) || value.match?(rule), path, "#{value} does not match #{rule}")
    end

    def on_minLength(rule, value, path, _schema) # rubocop:disable Naming/MethodName -- the keyword
      unless_fits(!value.is_a?(String) || value.length >= rule, path, "is too short")
    end

    def on_minItems(rule, value, path, _schema) # rubocop:disable Naming/MethodName -- the keyword
      unless_fits(!value.is_a?(Array) || value.size >= rule, path, "has too few items")
    end

    def on_minProperties(rule, value, path, _schema) # rubocop:disable Naming/MethodName -- the keyword
      unless_fits(!value.is_a?(Hash) || value.size >= rule, path, "has too few members")
    end

    def on_maxProperties(rule, value, path, _schema) # rubocop:disable Naming/MethodName -- the keyword
      unless_fits(!value.is_a?(Hash) || value.size <= rule, path, "has too many members: #{ExactJson.text(value)}")
    end

    def on_minimum(rule, value, path, _schema)
      unless_fits(!value.is_a?(Numeric) || value >= rule, path, "#{value} is less than #{rule}")
    end

    def on_exclusiveMinimum(rule, value, path, _schema) # rubocop:disable Naming/MethodName -- the keyword
      unless_fits(!value.is_a?(Numeric) || value > rule, path, "#{value} is not more than #{rule}")
    end
  end
end
