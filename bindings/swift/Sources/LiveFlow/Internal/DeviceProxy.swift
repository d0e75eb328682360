import Foundation

#if os(iOS)
    import CFNetwork
#endif

/// The proxy that a phone's settings name: the library itself asks the system on macOS only.
enum DeviceProxy {
    /// What the settings have for an address, as one entry of a list, best first.
    enum Choice: Sendable, Hashable {
        case direct
        case http(host: String, port: Int)
        /// SOCKS, or a script that would have to be run.
        case unusable
    }

    /// The address of the proxy for requests to this service, if there is one.
    static func address(for service: URL?) -> String? {
        #if os(iOS)
            // Where requests go if nothing is set.
            let service = service ?? URL(string: "https://api.truestate.io")
            return service.flatMap { address(among: choices(for: $0)) }
        #else
            return nil
        #endif
    }

    /// The first that can be used, as the library takes it.
    static func address(among choices: [Choice]) -> String? {
        guard case .http(let host, let port)? = choices.first(where: { $0 != .unusable }) else {
            return nil
        }
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    #if os(iOS)
        private static func choices(for service: URL) -> [Choice] {
            guard let settings = CFNetworkCopySystemProxySettings()?.takeRetainedValue() else {
                return []
            }
            let entries = CFNetworkCopyProxiesForURL(service as CFURL, settings).takeRetainedValue()
            return (entries as? [[String: Any]] ?? []).map { entry in
                let kind = entry[kCFProxyTypeKey as String] as? String
                if kind == kCFProxyTypeNone as String { return .direct }
                guard kind == kCFProxyTypeHTTP as String || kind == kCFProxyTypeHTTPS as String,
                    let host = entry[kCFProxyHostNameKey as String] as? String,
                    let port = entry[kCFProxyPortNumberKey as String] as? Int
                else { return .unusable }
                return .http(host: host, port: port)
            }
        }
    #endif
}
