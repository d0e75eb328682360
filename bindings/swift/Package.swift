// swift-tools-version: 6.0
// The package as it is developed, on the library and the generated code that `./generate` makes.
// What is published has the library inside, as a binary target: see `scripts/package swift`.
import PackageDescription

let native = "\(Context.packageDirectory)/Native"

/// All hand-written code: Swift 6 with strict concurrency. The checks make warnings errors.
let written: [SwiftSetting] =
    Context.environment["LIVEFLOW_WARNINGS_AS_ERRORS"] == nil
    ? [] : [.unsafeFlags(["-warnings-as-errors"])]

/// Only Apple's toolchain knows what to do with a documentation catalogue.
#if os(macOS)
    let documentation: [String] = []
#else
    let documentation = ["Documentation.docc"]
#endif

/// Programs that check the package; the thread sanitizer's build has no use for them.
let tools: [Target] =
    Context.environment["LIVEFLOW_TESTS_ONLY"] != nil
    ? []
    : [
        .executableTarget(
            name: "LiveFlowBench", dependencies: ["LiveFlow", "LiveFlowBoundary"],
            swiftSettings: written),
        .executableTarget(
            name: "LiveFlowConformance", dependencies: ["LiveFlow", "LiveFlowTesting"],
            swiftSettings: written),
        .executableTarget(
            name: "LiveFlowExitCheck", dependencies: ["LiveFlow", "LiveFlowTesting"],
            swiftSettings: written),
        .executableTarget(
            name: "LiveFlowLeakCheck", dependencies: ["LiveFlow", "LiveFlowTesting"],
            swiftSettings: written),
    ]

let package = Package(
    name: "LiveFlow",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .library(name: "LiveFlow", targets: ["LiveFlow"]),
        .library(name: "LiveFlowTesting", targets: ["LiveFlowTesting"]),
    ],
    targets: [
        .target(name: "LiveFlowJSON", swiftSettings: written),
        .systemLibrary(name: "LiveFlowCoreFFI", path: "Generated/LiveFlowCoreFFI"),
        .systemLibrary(name: "LiveFlowFFIFFI", path: "Generated/LiveFlowFFIFFI"),
        .target(
            name: "LiveFlowBoundary",
            dependencies: ["LiveFlowCoreFFI", "LiveFlowFFIFFI"],
            path: "Generated/LiveFlowBoundary",
            // Swift 6.0's compiler cannot bear what is generated in its own mode (uniffi-rs#2929).
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: [
                .linkedLibrary("liveflow_ffi"),
                .unsafeFlags(["-L\(native)", "-Xlinker", "-rpath", "-Xlinker", native]),
            ]),
        .target(
            name: "LiveFlow", dependencies: ["LiveFlowBoundary", "LiveFlowJSON"],
            exclude: documentation, swiftSettings: written),
        .target(
            name: "LiveFlowTesting", dependencies: ["LiveFlow"], swiftSettings: written),
        .testTarget(
            name: "LiveFlowJSONTests", dependencies: ["LiveFlowJSON"], swiftSettings: written),
        .testTarget(
            name: "LiveFlowTests", dependencies: ["LiveFlow", "LiveFlowTesting"],
            swiftSettings: written),
    ] + tools
)
