#if canImport(Security)
    import Foundation
    import Security

    /// A text in the keychain that stays on this device and can be read while it is unlocked.
    struct KeychainItem {
        let name: String

        var value: String? {
            get {
                var query = self.query
                query[kSecReturnData] = true
                var found: CFTypeRef?
                guard SecItemCopyMatching(query as CFDictionary, &found) == errSecSuccess,
                    let data = found as? Data
                else { return nil }
                return String(decoding: data, as: UTF8.self)
            }
            nonmutating set {
                SecItemDelete(query as CFDictionary)
                guard let newValue else { return }
                var item = query
                item[kSecValueData] = Data(newValue.utf8)
                item[kSecAttrAccessible] = kSecAttrAccessibleWhenUnlockedThisDeviceOnly
                SecItemAdd(item as CFDictionary, nil)
            }
        }

        private var query: [CFString: Any] {
            [kSecClass: kSecClassGenericPassword, kSecAttrAccount: name]
        }
    }
#endif
