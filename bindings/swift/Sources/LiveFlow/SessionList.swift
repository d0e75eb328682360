internal import LiveFlowBoundary

/// The sessions of a flow, one at a time, as they arrive.
public struct SessionList: AsyncSequence, Sendable {
    public typealias Element = Session

    let core: CoreSessions
    let client: Client

    public func makeAsyncIterator() -> Iterator {
        Iterator(core: core, client: client)
    }

    /// Asks for one session after the other.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        let core: CoreSessions
        let client: Client

        /// The next session, or `nil` after the last one.
        public func next() async throws -> Session? {
            try await awaiting(core.next).asOptionalSession()
        }
    }
}
