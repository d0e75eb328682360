// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "LiveFlow",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .library(name: "LiveFlow", targets: ["LiveFlow"]),
        .library(name: "LiveFlowTesting", targets: ["LiveFlowTesting"]),
    ],
    targets: [
        .target(name: "LiveFlowJSON"),
        .binaryTarget(name: "LiveFlowNative", url: "@URL@", checksum: "@CHECKSUM@"),
        .target(
            name: "LiveFlowBoundary", dependencies: ["LiveFlowNative"],
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: [
                .linkedFramework("Security"), .linkedFramework("CoreFoundation"),
                .linkedFramework("SystemConfiguration", .when(platforms: [.macOS])),
            ]),
        .target(
            name: "LiveFlow", dependencies: ["LiveFlowBoundary", "LiveFlowJSON"],
            resources: [.copy("PrivacyInfo.xcprivacy")]),
        .target(name: "LiveFlowTesting", dependencies: ["LiveFlow"]),
    ]
)
