import Foundation
internal import LiveFlowBoundary

extension Configuration {
    /// The library's defaults are the only ones there are.
    init(apiKey: String, defaults: CoreConfig) {
        self.apiKey = apiKey
        organisationID = defaults.organisationId
        timeouts = Timeouts(
            connect: defaults.timeouts.connect, request: defaults.timeouts.request,
            total: defaults.timeouts.total)
        retry = Retry(
            initialBackoff: defaults.retry.initialBackoff, maxBackoff: defaults.retry.maxBackoff,
            multiplier: defaults.retry.multiplier)
        polling = Polling(
            runningMin: defaults.polling.runningMin, runningMax: defaults.polling.runningMax,
            waitingMin: defaults.polling.waitingMin, waitingMax: defaults.polling.waitingMax,
            growth: defaults.polling.growth, jitter: defaults.polling.jitter)
        watchLimit = defaults.watchLimit
        resendAnswers = defaults.resendAnswers
        verifyBeforeAnswer = defaults.verifyBeforeAnswer
        answerGrace = defaults.answerGrace
        maxStaleness = defaults.maxStaleness
        adoptCreated = defaults.adoptCreated
        correlationMember = defaults.correlationMember
        recreateWhenUnseen = defaults.recreateWhenUnseen
        maxRetryAfter = defaults.maxRetryAfter
        suspendGrace = defaults.suspendGrace
        handlerTimeout = defaults.handlerTimeout
        callbackLimit = Int(defaults.callbackLimit)
        maxConcurrentRequests = Int(defaults.maxConcurrentRequests)
        requestsPerSecond = defaults.requestsPerSecond
        maxBodyBytes = Int(clamping: defaults.maxBodyBytes)
        proxy = .system
        extraRootCertificates = []
        allowInsecureHTTP = defaults.allowInsecureHttp
        userAgentSuffix = defaults.userAgentSuffix
        endpoints = Endpoints(
            createBody: defaults.endpoints.createBody == .bare ? .bare : .wrapped,
            addUserInput: .init(defaults.endpoints.addUserInput),
            userInputMember: defaults.endpoints.userInputMember,
            cancelSession: .init(defaults.endpoints.cancelSession),
            listPageSize: defaults.endpoints.listPageSize.map(Int.init))
        statusAliases = [:]
    }

    /// As it crosses the boundary. What does not fit there is refused by the setting's name.
    func core() throws -> CoreConfig {
        CoreConfig(
            organisationId: organisationID,
            baseUrl: baseURL?.absoluteString,
            timeouts: .init(
                connect: try span(timeouts.connect, "timeouts.connect"),
                request: try span(timeouts.request, "timeouts.request"),
                total: try span(timeouts.total, "timeouts.total")),
            retry: .init(
                initialBackoff: try span(retry.initialBackoff, "retry.initial_backoff"),
                maxBackoff: try span(retry.maxBackoff, "retry.max_backoff"),
                multiplier: retry.multiplier),
            polling: .init(
                runningMin: try span(polling.runningMin, "polling.running_min"),
                runningMax: try span(polling.runningMax, "polling.running_max"),
                waitingMin: try span(polling.waitingMin, "polling.waiting_min"),
                waitingMax: try span(polling.waitingMax, "polling.waiting_max"),
                growth: polling.growth, jitter: polling.jitter),
            watchLimit: try span(watchLimit, "watch_limit"),
            resendAnswers: resendAnswers,
            verifyBeforeAnswer: verifyBeforeAnswer,
            answerGrace: try span(answerGrace, "answer_grace"),
            maxStaleness: try span(maxStaleness, "max_staleness"),
            adoptCreated: adoptCreated,
            correlationMember: correlationMember,
            recreateWhenUnseen: recreateWhenUnseen,
            maxRetryAfter: try span(maxRetryAfter, "max_retry_after"),
            suspendGrace: try span(suspendGrace, "suspend_grace"),
            handlerTimeout: try handlerTimeout.map { try span($0, "handler_timeout") },
            callbackLimit: try number(callbackLimit, "callback_limit"),
            maxConcurrentRequests: try number(maxConcurrentRequests, "max_concurrent_requests"),
            requestsPerSecond: requestsPerSecond,
            maxBodyBytes: try number(maxBodyBytes, "max_body_bytes"),
            proxy: proxy.core(for: baseURL),
            extraRootCertificates: extraRootCertificates,
            allowInsecureHttp: allowInsecureHTTP,
            userAgentSuffix: userAgentSuffix,
            endpoints: .init(
                createBody: endpoints.createBody == .bare ? .bare : .wrapped,
                addUserInput: endpoints.addUserInput.core,
                userInputMember: endpoints.userInputMember,
                cancelSession: endpoints.cancelSession.core,
                listPageSize: try endpoints.listPageSize.map {
                    try number($0, "endpoints.list_page_size")
                }),
            statusAliases: statusAliases.mapValues(\.core))
    }
}

/// A number of the width that the library takes.
private func number<Number: FixedWidthInteger>(_ value: Int, _ setting: String) throws -> Number {
    guard let number = Number(exactly: value) else {
        throw LiveFlowError.invalidSetting(setting, "must be from 0 to \(Number.max), not \(value)")
    }
    return number
}

/// The longest span that the boundary takes: beyond any use, short of any overflow.
private let longestSpan: TimeInterval = 100 * 365 * 24 * 60 * 60

/// The generated code ends the program at a span that is negative or not a number.
private func span(_ value: TimeInterval, _ setting: String) throws -> TimeInterval {
    guard value >= 0, value <= longestSpan else {
        throw LiveFlowError.invalidSetting(
            setting, "must be from 0 to \(Int(longestSpan)) seconds, not \(value)")
    }
    return value
}

/// A deadline as the library takes it: none if it is beyond any.
func deadline(_ timeout: TimeInterval?, _ argument: String) throws -> TimeInterval? {
    guard let timeout else { return nil }
    guard !timeout.isNaN else { throw LiveFlowError.invalidArgument(argument, "is not a number") }
    return timeout > longestSpan ? nil : max(timeout, 0)
}

extension Configuration.Proxy {
    fileprivate func core(for service: URL?) -> LiveFlowBoundary.ProxyConfig {
        switch self {
        case .system: DeviceProxy.address(for: service).map { .url(url: $0) } ?? .system
        case .direct: .direct
        case .url(let url): .url(url: url)
        }
    }
}

extension Configuration.Endpoints.Endpoint {
    fileprivate init(_ core: LiveFlowBoundary.Endpoint) {
        let method: Method =
            switch core.method {
            case .post: .post
            case .put: .put
            case .patch: .patch
            case .delete: .delete
            }
        self.init(method, core.path)
    }

    fileprivate var core: LiveFlowBoundary.Endpoint {
        let method: LiveFlowBoundary.HttpMethod =
            switch self.method {
            case .post: .post
            case .put: .put
            case .patch: .patch
            case .delete: .delete
            }
        return .init(method: method, path: path)
    }
}
