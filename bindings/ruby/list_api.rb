# frozen_string_literal: true

# Prints the public API of the gem as YARD reads it, one line for each thing that a user can name.

require "yard"

OURS = "TrueState::LiveFlow"

# Whether it is, or is in, what is the gem's own business.
def hidden?(object)
  return false if object.root?

  object.visibility != :public || object.has_tag?(:private) ||
    object.tag(:api)&.text == "private" || hidden?(object.namespace)
end

# The name of a keyword has its colon.
def parameter(name, default)
  return name unless default

  name.end_with?(":") ? "#{name} #{default}" : "#{name} = #{default}"
end

def line_of(object)
  case object.type
  when :method then "#{object.path}(#{object.parameters.map { |it| parameter(*it) }.join(", ")})"
  when :class then "class #{object.path} < #{object.superclass.path}"
  when :module then "module #{object.path}"
  when :constant then "#{object.path} = #{object.value.split.join(" ")}"
  end
end

YARD::Logger.instance.level = YARD::Logger::ERROR
YARD.parse(ARGV)
shown = YARD::Registry.all(:class, :module, :method, :constant)
                      .select { |object| object.path.start_with?(OURS) && !hidden?(object) }
puts(shown.sort_by(&:path).map { |object| line_of(object) })
