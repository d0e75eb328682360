#if canImport(SwiftUI)
    import Checkpoints
    import LiveFlow
    import SwiftUI

    /// A session on one screen: its progress, its questions, its result.
    ///
    /// The client belongs to the app, with a ``ProtectedFileStore`` as its checkpoint store:
    ///
    /// ```swift
    /// var configuration = Configuration(credentials: login, baseURL: proxy)
    /// configuration.checkpointStore = ProtectedFileStore(folder: folder)
    /// SessionScreen(client: try Client(configuration), flow: flow)
    /// ```
    public struct SessionScreen: View {
        @StateObject private var model: SessionModel
        @Environment(\.scenePhase) private var scenePhase
        /// What goes on with the session if the app is ended in the background. It may hold an
        /// answer's text: the keychain keeps it.
        private let checkpoint = KeychainItem(name: "live-flow-checkpoint")
        @State private var answer = ""
        private let flow: String

        public init(client: Client, flow: String) {
            _model = StateObject(wrappedValue: SessionModel(client: client))
            self.flow = flow
        }

        public var body: some View {
            Form {
                if model.state.isConnectionLost {
                    Label("No connection. Trying again…", systemImage: "wifi.slash")
                }
                switch model.state.phase {
                case .idle: Button("Start") { model.start(flow) }
                case .starting: ProgressView()
                case .running: progress
                case .asking(let prompt): question(prompt)
                case .finished: Text(model.state.session?.output?.stringValue ?? "Done.")
                case .failed, .stopped: Button("Start again") { model.start(flow) }
                }
                if let problem = model.state.problem {
                    Text(problem.localizedDescription).foregroundColor(.red)
                }
            }
            .onAppear { goOn() }
            .onChange(of: scenePhase) { phase in
                switch phase {
                // In this order, on the main actor: a late suspend cannot overtake a resume.
                case .background: checkpoint.value = try? model.enterBackground()
                case .active: try? model.enterForeground()
                default: break
                }
            }
            .onChange(of: model.state.unsentAnswer) { unsent in
                if let unsent { answer = unsent }
            }
        }

        @ViewBuilder private var progress: some View {
            let progress = model.state.session?.progress
            ProgressView(value: progress?.fraction ?? 0) {
                Text(model.state.session?.currentStep?.name ?? "Working")
            }
            Button("Cancel", role: .destructive) { model.cancelSession() }
        }

        @ViewBuilder private func question(_ prompt: Prompt) -> some View {
            Text(prompt.text)
            TextField("Answer", text: $answer)
            Button("Send") {
                model.answer(answer)
                answer = ""
            }
            .disabled(answer.isEmpty || model.state.isAnswering)
        }

        private func goOn() {
            if model.state.phase == .idle, let kept = checkpoint.value { model.restore(kept) }
        }
    }
#endif
