import Foundation
import LiveFlow

extension Stage {
    /// Carries out what is a call of a client; `nil` if the action is something else.
    func callClient(_ action: Action) async throws -> JSONValue? {
        let flow = action.text("live_flow_id") ?? self.flow
        func client() throws -> Client { try self.client(action.name("client")) }
        func sessionID() async throws -> String {
            if let id = action.text("session_id") { return id }
            return try await session(action.name("session"))
        }
        switch action.kind {
        case "create_session":
            let session = try await client().createSession(flow, inputs: action.object("inputs"))
            try name(session: action.name("as"), session.id)
            return checked(session)
        case "get_session":
            return checked(try await client().getSession(flow, sessionID()))
        case "get_sessions":
            return .array(try await client().getSessions(flow).map(checked))
        case "iter_sessions":
            var got: [JSONValue] = []
            let most = action.count("first") ?? .max
            let sessions = try client().iterSessions(flow).makeAsyncIterator()
            while got.count < most, let session = try await sessions.next() {
                got.append(checked(session))
            }
            return .array(got)
        case "add_user_input":
            return checked(
                try await client().addUserInput(flow, sessionID(), action.answer))
        case "cancel_session":
            return checked(try await client().cancelSession(flow, sessionID()))
        case "start":
            let live = try await client().start(flow, inputs: action.object("inputs"))
            try name(session: action.name("as"), live.id)
            return try opened(live, action)
        case "watch":
            return try opened(await client().watch(flow, sessionID()), action)
        case "restore":
            let text = try action.text("checkpoint").map(checkpoint)
            let restored = try await client().restore(text ?? action.name("checkpoint_text"))
            return try opened(restored, action)
        case "restore_all":
            let all = try await client().restoreAll()
            guard all.count == 1 else {
                throw Failure(.action, "the store held \(all.count) sessions, not one")
            }
            return try opened(all[0], action)
        case "run": return checked(try await run(client(), flow, action))
        case "new_client": try newClient(action.name("as"), action.object("config"))
        case "close_client":
            try client().close()
            closeConsumers(ofClient: action.name("client"))
        case "suspend": try client().suspend()
        case "resume": try client().resume()
        case "network_changed": try client().networkChanged()
        default: return nil
        }
        return .null
    }

    /// Carries out what is done with a watch.
    func useWatch(_ action: Action, _ here: Here) async throws -> JSONValue {
        let name = here.watch(action)
        func live() throws -> LiveSession { try watch(name).live }
        switch action.kind {
        case "answer": try await live().answer(prompt(action, here), action.answer)
        case "wait":
            let timeout = action.count("timeout_ms").map { Double($0) / 1000 }
            return checked(try await live().wait(timeout: timeout))
        case "cancel": return checked(try await live().cancel())
        case "close":
            try live().close()
            closeConsumers(ofWatch: name)
        case "poll_now": try live().pollNow()
        case "snapshot": return try live().snapshot().map(checked) ?? .null
        case "next_event": return try await live().nextEvent().map { form($0) } ?? .null
        case "checkpoint": try add(checkpoint: action.name("as"), live().checkpoint())
        case "consume": try consume(action.name("as"), name, live(), action)
        case "stop_consuming": try consumer(action.name("consumer")).stop()
        default: throw action.mistake("the player does not know this action")
        }
        return .null
    }

    private func opened(_ live: LiveSession, _ action: Action) throws -> JSONValue {
        let name = action.name("as")
        try add(watch: name, Watch(live: live, client: action.name("client")))
        try consume(name, name, live, action)
        return form(live)
    }

    /// A whole session in one call.
    private func run(_ client: Client, _ flow: String, _ action: Action) async throws -> Session {
        try name(newestSession: action.name("as"))
        let consumer = Consumer(watch: nil, isCalled: true, on: action.on)
        try add(consumer: action.name("as"), consumer)
        defer { consumer.end() }
        let counts = Guarded(Array(repeating: 0, count: action.onPrompt.count))
        return try await client.run(
            flow, inputs: action.object("inputs"),
            onEvent: { try consumer.called($0, self) },
            onPrompt: { prompt -> Answer? in try await self.handle(prompt, action, counts) })
    }

    /// What the handler of a run does at a prompt.
    private func handle(
        _ prompt: Prompt, _ action: Action, _ counts: Guarded<[Int]>
    ) async throws -> Answer? {
        let form = form(prompt)
        let chosen = counts.with { counts in
            for (at, entry) in action.onPrompt.enumerated() where fits(entry.when, form, Names()) {
                counts[at] += 1
                if entry.nth.holds(counts[at]) { return entry as PromptReaction? }
            }
            return nil
        }
        guard let chosen else {
            fail(.invalid("no entry of `on_prompt` fits \(form)"))
            return nil
        }
        for action in chosen.actions {
            do {
                try await perform(action, Here(prompt: prompt))
            } catch let failure as Failure {
                fail(failure)
                return nil
            }
        }
        switch chosen.reply {
        case .noAnswer: return nil
        case .text(let text): return .text(text)
        case .json(.string(let text)): return .text(text)
        case .json(let value): return .json(value)
        case .raise(let message): throw Raised(message: message)
        }
    }

    private func prompt(_ action: Action, _ here: Here) throws -> Prompt {
        guard let written = action.json("prompt") else {
            guard let prompt = here.prompt else {
                throw Failure.invalid("there is no prompt here to be answered")
            }
            return prompt
        }
        let wanted = try PromptReference(written)
        guard let prompt = try consumer(wanted.consumer).prompt(wanted.step, wanted.nth) else {
            throw Failure.invalid(
                "\"\(wanted.consumer)\" has not been told of that prompt of \"\(wanted.step)\"")
        }
        return prompt
    }

    /// A session in its form.
    private func checked(_ session: Session) -> JSONValue {
        let form = form(session)
        if !scenario.forms.hasTheMembers("session", form) {
            fail(.invalid("the player does not write \(form) in its form"))
        }
        return form
    }
}
