import java.util.concurrent.atomic.AtomicBoolean
import kotlin.concurrent.thread
import kotlinx.coroutines.channels.Channel

/** Who answers: first what is ready, then whoever is at the terminal. */
class Terminal(
    ready: List<String> = emptyList(),
    private val readLine: () -> String? = ::readlnOrNull,
) {
    private val ready = ArrayDeque(ready)
    private val typed = Channel<String>(Channel.UNLIMITED)
    private val isReading = AtomicBoolean()

    /** The answer; null, which leaves the question to others, when nothing more can be typed. */
    suspend fun ask(question: String): String? {
        println("\n? $question")
        ready.removeFirstOrNull()?.let { answer ->
            println("> $answer")
            return answer
        }
        print("> ")
        System.out.flush()
        read()
        return typed.receiveCatching().getOrNull()
    }

    /**
     * Reading a line cannot be cancelled, and a question can: it is over when another device answers
     * it. So a thread of its own reads, and questions wait for what it has read.
     */
    private fun read() {
        if (isReading.getAndSet(true)) return
        thread(isDaemon = true, name = "terminal") {
            generateSequence(readLine).forEach { typed.trySend(it) }
            typed.close()
        }
    }
}
