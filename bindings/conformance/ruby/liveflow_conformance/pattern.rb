# frozen_string_literal: true

module LiveFlowConformance
  # What patterns can refer to beside the value itself: ids of sessions by their names, and the flow's.
  Names = Struct.new(:sessions, :flow) do
    def self.none = new({}, nil)
  end

  # Whether a value fits a pattern.
  module Pattern
    module_function

    # Notes in `bound` what `$bind` notes. After a misfit, `bound` may hold too much: use a copy where
    # another try follows.
    def fits?(pattern, value, names, bound = {})
      case pattern
      when Array
        value.is_a?(Array) && value.size == pattern.size &&
          pattern.zip(value).all? { |inner, item| fits?(inner, item, names, bound) }
      when Hash
        name = pattern.keys.first.to_s
        return matcher?(name, pattern[name], value, names, bound) if name.start_with?("$")

        value.is_a?(Hash) && pattern.all? { |member, inner| fits?(inner, value[member], names, bound) }
      else same?(pattern, value)
      end
    end

    def matcher?(name, inner, value, names, bound)
      case name
      when "$any" then !value.nil?
      when "$exactly" then same?(inner, value)
      when "$one_of" then first?(inner, [value] * inner.size, names, bound)
      when "$all" then inner.all? { |pattern| fits?(pattern, value, names, bound) }
      when "$not" then !fits?(inner, value, names, bound.dup)
      when "$contains" then value.is_a?(String) && value.include?(inner)
      when "$has" then value.is_a?(Array) && first?([inner] * value.size, value, names, bound)
      when "$each" then value.is_a?(Array) && value.all? { |item| fits?(inner, item, names, bound) }
      when "$length"
        [Array, Hash, String].any? { |kind| value.is_a?(kind) } && fits?(inner, value.size, names, bound)
      when "$at_least" then value.is_a?(Numeric) && value >= inner
      when "$at_most" then value.is_a?(Numeric) && value <= inner
      when "$bind"
        return same?(bound[inner], value) if bound.key?(inner)

        bound[inner] = value
        !value.nil?
      when "$session" then names.sessions.key?(inner) && value == names.sessions[inner]
      when "$flow" then value == names.flow
      end
    end

    # Whether any of the pairs fits; what the first that does binds is noted.
    def first?(patterns, values, names, bound)
      patterns.zip(values).any? do |pattern, value|
        tried = bound.dup
        fits?(pattern, value, names, tried) && bound.update(tried)
      end
    end

    # Whether two values are the same JSON: numbers by value, with all their digits.
    def same?(one, two)
      case one
      when Numeric then two.is_a?(Numeric) && one == two
      when Array then two.is_a?(Array) && one.size == two.size && one.zip(two).all? { |pair| same?(*pair) }
      when Hash
        two.is_a?(Hash) && one.keys.sort == two.keys.sort && one.all? { |name, it| same?(it, two[name]) }
      else one == two
      end
    end
  end
end
