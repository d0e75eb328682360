import Foundation
import LiveFlowTesting
import Testing

@testable import LiveFlow

@Suite struct ConfigurationTests {
    @Test func theKeyIsInNoTextForm() throws {
        let configuration = Configuration(apiKey: "top-secret")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("top-secret"))
            #expect(text.contains("hidden"))
        }
    }

    @Test func theDefaultsAreTheLibrarys() {
        let configuration = Configuration(apiKey: "k")
        #expect(configuration.timeouts.connect == 10)
        #expect(configuration.timeouts.total == 120)
        #expect(configuration.polling.runningMin == 0.2)
        #expect(configuration.watchLimit == 24 * 60 * 60)
        #expect(configuration.endpoints.userInputMember == "user_input")
        #expect(configuration.endpoints.cancelSession.method == .post)
    }

    @Test(arguments: [
        ("watch_limit", -1.0), ("watch_limit", .nan), ("watch_limit", .infinity),
    ])
    func aSpanThatIsNoneIsRefusedByItsName(setting: String, value: Double) async throws {
        var configuration = Configuration(apiKey: "k")
        configuration.watchLimit = value
        guard case .configuration(_, setting?)? = await error({ try Client(configuration) }) else {
            Issue.record("it must be refused")
            return
        }
    }

    @Test func whatTheLibraryRefusesNamesItsSetting() async throws {
        var insecure = Configuration(apiKey: "k")
        insecure.baseURL = URL(string: "http://api.example.com")
        guard case .configuration(let context, "base_url"?)? = await error({ try Client(insecure) })
        else {
            Issue.record("it must be refused")
            return
        }
        #expect(context.reason.contains("http"))
        var many = Configuration(apiKey: "k")
        many.callbackLimit = -1
        guard case .configuration(_, "callback_limit"?)? = await error({ try Client(many) }) else {
            Issue.record("it must be refused")
            return
        }
    }

    /// A setting and a mistake in it.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let setting: String
        let make: @Sendable (inout Configuration) -> Void
        var testDescription: String { setting }

        init(_ setting: String, _ make: @escaping @Sendable (inout Configuration) -> Void) {
            self.setting = setting
            self.make = make
        }
    }

    static let mistakes: [Mistake] = [
        Mistake("api_key") { $0.apiKey = "" },
        Mistake("api_key") { $0.apiKey = "top-secret key" },
        Mistake("organisation_id") { $0.organisationID = "a\nb" },
        Mistake("base_url") { $0.baseURL = URL(string: "https://user:top-secret@localhost") },
        Mistake("timeouts.connect") { $0.timeouts.connect = 0 },
        Mistake("timeouts.request") { $0.timeouts.request = 0 },
        Mistake("timeouts.total") { $0.timeouts.total = 0 },
        Mistake("retry.initial_backoff") { $0.retry.initialBackoff = 0 },
        Mistake("retry.max_backoff") { $0.retry.maxBackoff = 0.001 },
        Mistake("retry.multiplier") { $0.retry.multiplier = 0 },
        Mistake("polling.running_min") { $0.polling.runningMin = 0 },
        Mistake("polling.running_max") { $0.polling.runningMax = 0.001 },
        Mistake("polling.waiting_min") { $0.polling.waitingMin = 0 },
        Mistake("polling.waiting_max") { $0.polling.waitingMax = 0.001 },
        Mistake("polling.growth") { $0.polling.growth = 1 },
        Mistake("polling.jitter") { $0.polling.jitter = .nan },
        Mistake("watch_limit") { $0.watchLimit = 0 },
        Mistake("answer_grace") { $0.answerGrace = 1 },
        Mistake("max_staleness") { $0.maxStaleness = -1 },
        Mistake("correlation_member") { $0.correlationMember = "" },
        Mistake("max_retry_after") { $0.maxRetryAfter = .infinity },
        Mistake("suspend_grace") { $0.suspendGrace = -1 },
        Mistake("handler_timeout") { $0.handlerTimeout = 0 },
        Mistake("callback_limit") { $0.callbackLimit = 0 },
        Mistake("max_concurrent_requests") { $0.maxConcurrentRequests = 0 },
        Mistake("requests_per_second") { $0.requestsPerSecond = -1 },
        Mistake("max_body_bytes") { $0.maxBodyBytes = -1 },
        Mistake("proxy") { $0.proxy = .url("squid") },
        Mistake("extra_root_certificates") { $0.extraRootCertificates = [Data("none".utf8)] },
        Mistake("user_agent_suffix") { $0.userAgentSuffix = "a\nb" },
        Mistake("endpoints.add_user_input") { $0.endpoints.addUserInput.path = "/none/" },
        Mistake("endpoints.user_input_member") { $0.endpoints.userInputMember = "" },
        Mistake("endpoints.cancel_session") { $0.endpoints.cancelSession.path = "/none/" },
        Mistake("endpoints.list_page_size") { $0.endpoints.listPageSize = 0 },
        Mistake("status_aliases") { $0.statusAliases = ["": .running] },
    ]

    @Test(arguments: mistakes) func everyMistakeNamesItsSetting(_ mistake: Mistake) async throws {
        var configuration = Configuration(apiKey: "top-secret")
        mistake.make(&configuration)
        let refused = await error { try Client(configuration) }
        guard case .configuration(let context, let setting)? = refused else {
            Issue.record("it must be refused")
            return
        }
        #expect(setting == mistake.setting)
        #expect(!context.reason.contains("top-secret"))
    }

    @Test func theEnvironmentsKeyIsNotToBeSet() async throws {
        guard
            case .configuration(_, "api_key"?)? = await error({
                try Client.fromEnvironment { $0.apiKey = "mine" }
            })
        else {
            Issue.record("it must be refused")
            return
        }
    }

    @Test func aProxyIsSpokenTo() async throws {
        // The simulator plays the proxy: it is sent whole addresses, which it does not know.
        let simulator = try await service()
        let client = try client(of: simulator) {
            $0.baseURL = URL(string: "http://service.invalid")
            $0.allowInsecureHTTP = true
            $0.proxy = .url(simulator.baseURL.absoluteString)
        }
        _ = await error { try await client.getSessions(Flow.question) }
        #expect(try await simulator.journal()["requests"]?.arrayValue?.isEmpty == false)
    }

    @Test func aPhonesProxyIsTheFirstThatCanBeUsed() {
        let proxy = DeviceProxy.Choice.http(host: "proxy.example", port: 8080)
        #expect(DeviceProxy.address(among: [proxy]) == "http://proxy.example:8080")
        #expect(DeviceProxy.address(among: [.unusable, proxy]) == "http://proxy.example:8080")
        #expect(DeviceProxy.address(among: [.direct, proxy]) == nil)
        #expect(DeviceProxy.address(among: [.unusable]) == nil)
        #expect(DeviceProxy.address(among: []) == nil)
        #expect(
            DeviceProxy.address(among: [.http(host: "fe80::1", port: 1)]) == "http://[fe80::1]:1")
    }
}
