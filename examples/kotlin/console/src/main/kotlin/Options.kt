/** What the command line asks for. */
class Options(
    val flow: String,
    val inputs: List<Pair<String, String>>,
    val answers: List<String>,
) {
    companion object {
        const val USAGE =
            """FLOW [--input NAME=VALUE]... [--answer TEXT]...

FLOW is the flow's id, or the address of its page. Each answer is given to the next question; after
the last of them, questions are asked here."""

        fun of(arguments: List<String>): Options {
            val flows = mutableListOf<String>()
            val inputs = mutableListOf<Pair<String, String>>()
            val answers = mutableListOf<String>()
            val rest = arguments.iterator()
            for (argument in rest) {
                fun value() = if (rest.hasNext()) rest.next() else wrong("$argument needs a value")
                when {
                    argument == "--input" -> inputs += input(value())
                    argument == "--answer" -> answers += value()
                    argument.startsWith("-") -> wrong("unknown option $argument")
                    else -> flows += argument
                }
            }
            return Options(flows.singleOrNull() ?: wrong("which flow?"), inputs, answers)
        }

        private fun input(text: String): Pair<String, String> {
            val parts = text.split('=', limit = 2)
            if (parts.size < 2) wrong("--input NAME=VALUE, not $text")
            return parts[0] to parts[1]
        }

        private fun wrong(what: String): Nothing = throw IllegalArgumentException(what)
    }
}
