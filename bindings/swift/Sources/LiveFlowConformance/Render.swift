import Foundation
import LiveFlow

// What the SDK gives, in the forms that patterns are compared with.

func form(_ event: SessionEvent) -> JSONValue {
    switch event {
    case .statusChanged(let previous, let current):
        [
            "event": "status_changed", "previous": previous.map(word) ?? nil,
            "current": word(current),
        ]
    case .stepChanged(let step): ["event": "step_changed", "step": form(step)]
    case .promptRequested(let prompt): ["event": "prompt_requested", "prompt": form(prompt)]
    case .promptClosed(let prompt, let reason):
        ["event": "prompt_closed", "prompt": form(prompt), "reason": word(reason)]
    case .answerUnresolved(let prompt, let text):
        ["event": "answer_unresolved", "prompt": form(prompt), "text": .string(text)]
    case .connectionLost(let error, let retryIn):
        ["event": "connection_lost", "error": form(error), "retry_in_ms": milliseconds(retryIn)]
    case .connectionRestored: ["event": "connection_restored"]
    case .finished(let session): ["event": "finished", "session": form(session)]
    case .failed(let session, let error):
        ["event": "failed", "session": form(session), "error": form(error)]
    case .watchEnded(.closed): ["event": "watch_ended", "reason": "closed", "error": nil]
    case .watchEnded(.timeLimit): ["event": "watch_ended", "reason": "time_limit", "error": nil]
    case .watchEnded(.error(let error)):
        ["event": "watch_ended", "reason": "error", "error": form(error)]
    }
}

func form(_ prompt: Prompt) -> JSONValue {
    [
        "run_id": .string(prompt.runID), "round": number(prompt.round),
        "step_name": text(prompt.stepName), "text": .string(prompt.text),
        "kind": text(prompt.kind), "raw": prompt.raw ?? nil,
    ]
}

func form(_ session: Session) -> JSONValue {
    [
        "id": .string(session.id), "live_flow_id": .string(session.liveFlowID),
        "status": word(session.status), "raw_status": .string(session.rawStatus),
        "inputs": session.inputs ?? nil, "current_step": session.currentStep.map(form) ?? nil,
        "steps": .array(session.steps.map(form)),
        "steps_count": session.stepsCount.map { number($0) } ?? nil,
        "error": session.error ?? nil, "flow_version": session.flowVersion ?? nil,
        "created_at_ms": time(session.createdAt), "updated_at_ms": time(session.updatedAt),
        "raw_json": session.rawJSON, "output": session.output ?? nil,
        "progress": [
            "done": number(session.progress.done), "known": number(session.progress.known),
        ],
        "transcript": .array(
            session.transcript.map { exchange in
                [
                    "run_id": .string(exchange.runID), "step_name": text(exchange.stepName),
                    "question": .string(exchange.question), "answer": text(exchange.answer),
                ]
            }),
    ]
}

func form(_ step: StepRun) -> JSONValue {
    [
        "id": .string(step.id), "name": text(step.name), "step_type": text(step.stepType),
        "status": word(step.status), "raw_status": .string(step.rawStatus),
        "prompt": step.prompt ?? nil, "result": step.result ?? nil,
        "user_input": step.userInput ?? nil, "error": step.error ?? nil,
        "created_at_ms": time(step.createdAt), "updated_at_ms": time(step.updatedAt),
    ]
}

func form(_ live: LiveSession) -> JSONValue {
    ["id": .string(live.id), "live_flow_id": .string(live.liveFlowID)]
}

func form(_ error: LiveFlowError) -> JSONValue {
    let context = error.context
    var form: [String: JSONValue] = [
        "kind": word(error), "reason": .string(context.reason),
        "http_status": context.httpStatus.map { number($0) } ?? nil,
        "detail": text(context.detail), "request_id": text(context.requestID),
        "retryable": .bool(error.isRetryable), "answer": text(error.answer),
        "setting": nil, "argument": nil, "field_errors": nil, "retry_after_ms": nil,
        "candidates": nil,
    ]
    switch error {
    case .configuration(_, let setting): form["setting"] = text(setting)
    case .invalidRequest(_, let argument, let fieldErrors):
        form["argument"] = text(argument)
        form["field_errors"] = .array(
            fieldErrors.map { field in
                [
                    "location": .string(field.location), "problem": .string(field.problem),
                    "kind": text(field.kind),
                ]
            })
    case .rateLimited(_, let retryAfter):
        form["retry_after_ms"] = retryAfter.map(milliseconds) ?? .null
    case .outcomeUnknown(_, let candidates):
        form["candidates"] = .array(candidates.map { LiveFlowConformance.form($0) })
    default: break
    }
    return .object(form)
}

/// An error that the player raised itself, in a callback.
struct Raised: Error, LocalizedError {
    let message: String
    var errorDescription: String? { message }

    /// It travels: what comes back is the very error.
    var form: JSONValue {
        LiveFlowConformance.form(.handlerFailed(ErrorContext(reason: message)))
    }
}

private func word(_ error: LiveFlowError) -> JSONValue {
    switch error {
    case .configuration: "configuration"
    case .authentication: "authentication"
    case .permissionDenied: "permission_denied"
    case .notFound: "not_found"
    case .invalidRequest: "invalid_request"
    case .notWaitingForInput: "not_waiting_for_input"
    case .promptNoLongerOpen: "prompt_no_longer_open"
    case .rateLimited: "rate_limited"
    case .requestTimeout: "request_timeout"
    case .network: "network"
    case .server: "server"
    case .invalidResponse: "invalid_response"
    case .outcomeUnknown: "outcome_unknown"
    case .sessionFailed: "session_failed"
    case .handlerFailed: "handler_failed"
    case .closed: "closed"
    }
}

private func word(_ status: SessionStatus) -> JSONValue {
    switch status {
    case .ready: "ready"
    case .running: "running"
    case .waitingForUserInput: "waiting"
    case .finished: "finished"
    case .failed: "failed"
    case .unrecognised: "unrecognised"
    }
}

private func word(_ reason: PromptCloseReason) -> JSONValue {
    switch reason {
    case .answered: "answered"
    case .answeredElsewhere: "answered_elsewhere"
    case .sessionEnded: "session_ended"
    case .watchEnded: "watch_ended"
    case .unknown: "unknown"
    }
}

private func text(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }

private func number(_ number: Int) -> JSONValue { .number(JSONNumber(number)) }

private func time(_ date: Date?) -> JSONValue {
    date.map { milliseconds($0.timeIntervalSince1970) } ?? .null
}

private func milliseconds(_ seconds: TimeInterval) -> JSONValue {
    .number(JSONNumber(Int((seconds * 1000).rounded(.down))))
}
