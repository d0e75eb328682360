// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "LiveFlowExamples",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .executable(name: "quickstart", targets: ["Quickstart"]),
        .library(name: "Screen", targets: ["Screen"]),
    ],
    dependencies: [.package(path: "../../../bindings/swift")],
    targets: [
        // A console app: a session with its questions asked at the terminal.
        .executableTarget(
            name: "Quickstart",
            dependencies: ["Checkpoints", .product(name: "LiveFlow", package: "swift")]),
        // Checkpoints in protected files.
        .target(
            name: "Checkpoints", dependencies: [.product(name: "LiveFlow", package: "swift")]),
        // A small SwiftUI screen, for the platforms that have SwiftUI.
        .target(
            name: "Screen",
            dependencies: ["Checkpoints", .product(name: "LiveFlow", package: "swift")]),
    ]
)
