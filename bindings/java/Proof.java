import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import liveflow.core.LiveFlowException;
import liveflow.core.Prompt;
import liveflow.core.Session;
import liveflow.core.SessionEvent;
import liveflow.core.SessionStatus;
import liveflow.ffi.CoreAnswer;
import liveflow.ffi.CoreClient;
import liveflow.ffi.CoreEvents;
import liveflow.ffi.CoreLiveSession;
import liveflow.ffi.LiveflowFfi;
import liveflow.ffi.Operation;
import liveflow.ffi.Outcome;
import liveflow.ffi.PromptHandler;
import liveflow.ffi.Reply;
import liveflow.ffi.SessionListener;
import liveflow.ffi.TakenEvent;

/**
 * Runs sessions from Java on nothing but the generated code: by pulled events, and by callbacks.
 *
 * <p>It is no package, and has nothing of what a package has to do (docs/adding-a-language.md).
 */
public final class Proof {
  private static final String FLOW = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";
  private static final String INPUTS = "{\"company\": \"ACME\"}";

  public static void main(String[] arguments) throws Exception {
    try (CoreClient client = CoreClient.fromEnv(LiveflowFfi.defaultConfig(), null, null)) {
      finished("pulled events", pulled(client));
      finished("callbacks", calledBack(client));
      refused(client);
      client.shutdown();
    }
    LiveflowFfi.shutdownRuntime(2000);
  }

  private static Session pulled(CoreClient client) throws Exception {
    Outcome outcome = taken(client.start(FLOW, INPUTS));
    try (CoreLiveSession live = ((Outcome.LiveSession) outcome).liveSession();
        CoreEvents events = live.events()) {
      while (true) {
        switch (events.takeEvent()) {
          case TakenEvent.Event told -> {
            switch (told.event()) {
              case SessionEvent.PromptRequested asked ->
                  taken(live.answer(asked.prompt(), new CoreAnswer.Text("20000")));
              case SessionEvent.Finished ended -> {
                return ended.session();
              }
              default -> {}
            }
          }
          case TakenEvent.NothingYet none -> events.waitReady().get();
          case TakenEvent.End end -> throw new IllegalStateException("it ended without an end");
        }
      }
    }
  }

  private static Session calledBack(CoreClient client) throws Exception {
    List<SessionEvent> told = Collections.synchronizedList(new ArrayList<>());
    PromptHandler handler = (Prompt prompt, Reply reply) -> reply.answerText("20000");
    SessionListener listener = told::add;
    Outcome outcome = taken(client.run(FLOW, INPUTS, handler, listener));
    if (told.isEmpty()) throw new IllegalStateException("the listener was told nothing");
    return ((Outcome.OneSession) outcome).session();
  }

  private static void refused(CoreClient client) {
    try {
      client.getSessions("nonsense");
      throw new IllegalStateException("it was not refused");
    } catch (LiveFlowException.InvalidRequest refused) {
      System.out.println("refused: " + refused.context().reason());
    } catch (LiveFlowException other) {
      throw new IllegalStateException(other);
    }
  }

  private static Outcome taken(Operation begun) throws Exception {
    try (Operation operation = begun) {
      operation.ready().get();
      return operation.take();
    }
  }

  private static void finished(String how, Session session) {
    if (session.status() != SessionStatus.FINISHED) throw new IllegalStateException(how + ": " + session);
    System.out.println(how + ": " + session.status());
  }
}
