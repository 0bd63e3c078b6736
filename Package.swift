// swift-tools-version: 6.2
import PackageDescription

/// What every target of ours is built with: warnings are errors, imports say what they expose, members need their module's import.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]
/// For the rooms that hold C handles: every unsafe step is spelled out.
let strictMemory: [SwiftSetting] = strict + [.strictMemorySafety()]

/// A C library of Debian's as a system-library target, found through pkg-config.
func cLibrary(_ name: String, pkgConfig: String, package: String) -> Target {
    .systemLibrary(name: name, path: "Shared/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}

/// A room under `Shared/`.
func room(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = strict) -> Target {
    .target(name: name, dependencies: dependencies, path: "Shared/\(name)", swiftSettings: settings)
}

/// A thin executable under `Services/`.
func service(_ name: String, folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "Services/\(folder)", swiftSettings: strict)
}

/// A test target under `Tests/`.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

let package = Package(
    name: "assay",
    products: [
        .executable(name: "assay", targets: ["assay"]),
        .executable(name: "assay-ingest", targets: ["assay-ingest"]),
        .executable(name: "assay-feature-extractor", targets: ["assay-feature-extractor"]),
        .executable(name: "assay-scorer", targets: ["assay-scorer"]),
        .executable(name: "assay-autoscaler", targets: ["assay-autoscaler"]),
        .executable(name: "assay-trainer", targets: ["assay-trainer"]),
        .executable(name: "local-broker", targets: ["local-broker"]),
    ],
    targets: [
        // C libraries
        cLibrary("CLibrdkafka", pkgConfig: "rdkafka", package: "librdkafka-dev"),
        cLibrary("CLibpq", pkgConfig: "libpq", package: "libpq-dev"),
        cLibrary("CLibyaml", pkgConfig: "yaml-0.1", package: "libyaml-dev"),
        cLibrary("CMicrohttpd", pkgConfig: "libmicrohttpd", package: "libmicrohttpd-dev"),
        cLibrary("CXxhash", pkgConfig: "libxxhash", package: "libxxhash-dev"),
        cLibrary("CZlib", pkgConfig: "zlib", package: "zlib1g-dev"),
        cLibrary("COpenssl", pkgConfig: "libcrypto", package: "libssl-dev"),
        cLibrary("CIsal", pkgConfig: "libisal", package: "libisal-dev"),
        cLibrary("CLz4", pkgConfig: "liblz4", package: "liblz4-dev"),
        cLibrary("CZstd", pkgConfig: "libzstd", package: "libzstd-dev"),
        cLibrary("CSnappy", pkgConfig: "snappy", package: "libsnappy-dev"),
        cLibrary("CExpat", pkgConfig: "expat", package: "libexpat1-dev"),
        .systemLibrary(name: "CLinuxProcess", path: "Shared/CLinuxProcess"),
        .systemLibrary(name: "CLinuxIo", path: "Shared/CLinuxIo"),
        .target(
            name: "CSimdjson", path: "Shared/CSimdjson",
            cxxSettings: [.unsafeFlags(["-O2"])],
            linkerSettings: [.linkedLibrary("simdjson")]),

        // The loops that need a processor's wider vectors
        .target(name: "CShap", path: "Shared/CShap"),

        // Pure rooms
        room("RiskDomain"),
        .target(name: "Contracts", dependencies: ["RiskDomain"], path: "Shared/Contracts", exclude: ["proto"], swiftSettings: strict),
        room("Yaml", ["CLibyaml"]),
        room("Json", ["CSimdjson"]),
        room("Hashing", ["CXxhash", "COpenssl"]),
        room("Intake", ["RiskDomain", "Contracts", "Yaml", "Json", "Hashing"]),
        room("Features", ["RiskDomain", "Yaml", "Hashing"]),
        .target(name: "CForestKernels", path: "Shared/CForestKernels", cSettings: [.unsafeFlags(["-O2"])]),
        room("Forest", ["RiskDomain", "Hashing", "Yaml", "CForestKernels", "CShap"]),
        room("Onnx", ["RiskDomain", "Hashing", "Contracts", "Yaml", "Forest"]),
        room("ModelImport", ["Forest", "Json", "CExpat"]),
        .executableTarget(
            name: "leaf-walk", dependencies: ["ModelImport", "Onnx", "Forest"], path: "Tools/leaf-walk", swiftSettings: strict),
        room("Evaluation", ["RiskDomain", "Forest"]),
        room("HtmlReport", ["RiskDomain", "Evaluation", "Forest"]),
        room("Training", ["RiskDomain", "Hashing", "Forest", "Evaluation"]),
        room("Scaling", ["RiskDomain"]),
        room("CardSimulator", ["RiskDomain"]),

        // Transport, authority and what all stages share
        room("Kafka", ["CLibrdkafka"], settings: strictMemory),
        room("Postgres", ["CLibpq"], settings: strictMemory),
        room("Pipeline", ["Kafka", "Postgres", "Contracts", "Hashing"]),
        room("Activation", ["Pipeline", "Contracts", "Postgres"]),
        room("ServiceRuntime", ["CMicrohttpd", "Yaml"]),
        room(
            "Stages",
            ["Pipeline", "Kafka", "Postgres", "Contracts", "RiskDomain", "Intake", "Json", "Features", "Forest", "Onnx", "Hashing"]),
        room(
            "Hosting",
            ["Features", "Forest", "Onnx", "Hashing", "Intake", "Yaml", "Stages", "Pipeline", "Kafka", "Postgres", "ServiceRuntime"]),
        room(
            "Truth",
            ["Stages", "Pipeline", "Postgres", "Kafka", "Contracts", "Features", "Forest", "Intake", "Json", "Hashing", "RiskDomain"]),
        room("CsvFiles", ["CZlib", "RiskDomain"]),
        room(
            "TrainingJob",
            [
                "Hosting", "Training", "Evaluation", "HtmlReport", "Forest", "Onnx", "Features", "Intake", "CsvFiles", "Postgres",
                "RiskDomain", "Hashing", "ServiceRuntime",
            ]),
        room(
            "ModelTools",
            ["RiskDomain", "Hashing", "Forest", "Onnx", "ModelImport", "Training", "Evaluation", "CsvFiles", "Json"]),
        room("TransactionFeed", ["CsvFiles", "Json", "RiskDomain"]),
        room("Migrations", ["Postgres", "Hashing"]),
        room("LocalStack", ["Postgres", "Kafka", "ServiceRuntime", "CLinuxProcess"]),

        // The embedded broker
        room("Checksums", ["CIsal"]),
        .target(
            name: "KafkaProtocol", dependencies: ["Checksums"], path: "Shared/KafkaProtocol", exclude: ["messages.txt"],
            swiftSettings: strict),
        room("KafkaMessageGenerator"),
        .executableTarget(
            name: "generate-kafka-messages", dependencies: ["KafkaMessageGenerator"], path: "Tools/generate-kafka-messages",
            swiftSettings: strict),
        room("RecordLog", ["Checksums", "CZlib", "CLz4", "CZstd", "CSnappy", "CLinuxIo"]),
        room("GroupCoordinator", ["Checksums"]),
        room("FrameServer", ["CLinuxIo"]),
        room("KafkaBroker", ["KafkaProtocol", "RecordLog", "GroupCoordinator", "FrameServer", "Json", "CLinuxIo"]),

        // Services
        service("assay-ingest", folder: "ingest", ["Hosting", "ServiceRuntime", "Stages", "Intake", "Features", "RiskDomain"]),
        service("assay-feature-extractor", folder: "feature-extractor", ["Hosting", "ServiceRuntime", "Stages", "Features"]),
        service("assay-scorer", folder: "scorer", ["Hosting", "ServiceRuntime", "Stages", "Features"]),
        service(
            "assay-autoscaler", folder: "autoscaler",
            ["Hosting", "Stages", "Features", "Json", "RiskDomain", "Scaling", "ServiceRuntime", "Kafka", "Postgres", "LocalStack"]),
        service("assay-trainer", folder: "trainer", ["TrainingJob", "ServiceRuntime"]),
        service(
            "assay", folder: "assay",
            [
                "Hosting", "Training", "TrainingJob", "Evaluation", "ModelTools", "Truth", "Stages", "Pipeline", "ServiceRuntime", "Kafka",
                "Postgres", "LocalStack", "CardSimulator",
                "CsvFiles", "TransactionFeed", "Activation", "Migrations", "Features", "Forest", "Onnx", "Intake", "Contracts",
                "RiskDomain",
                "Yaml",
                "Json", "Hashing",
            ]),

        service("local-broker", folder: "local-broker", ["KafkaBroker", "FrameServer", "ServiceRuntime", "CLinuxIo"]),

        // Benchmarks
        .executableTarget(
            name: "assay-benchmark-copy", dependencies: ["Postgres", "LocalStack", "Contracts", "RiskDomain", "ServiceRuntime"],
            path: "Benchmarks/CopyRate", swiftSettings: strict),
        .executableTarget(
            name: "assay-benchmark-forest", dependencies: ["Forest"], path: "Benchmarks/forest/Ours", swiftSettings: strict),
        .executableTarget(
            name: "assay-benchmark-shap", dependencies: ["Forest", "EnsembleText"], path: "Benchmarks/shap", exclude: ["run"],
            swiftSettings: strict),

        .executableTarget(
            name: "assay-benchmark-training", dependencies: ["Training", "Evaluation", "Forest", "RiskDomain"], path: "Benchmarks/training",
            exclude: ["run", "peers.py", "dataset.py", "seeds.py", "requirements.txt", "README.md"], swiftSettings: strict),

        // Tests
        .target(
            name: "TestSupport", dependencies: ["Kafka", "Postgres", "LocalStack"], path: "Tests/TestSupport", swiftSettings: strict),
        .target(name: "OracleSupport", path: "Tests/OracleSupport", swiftSettings: strict),
        tests("RiskDomainTests", ["RiskDomain"]),
        tests("ContractsTests", ["OracleSupport", "Contracts", "RiskDomain"]),
        tests("YamlTests", ["Yaml"]),
        tests("JsonTests", ["OracleSupport", "Json"]),
        tests("HashingTests", ["Hashing"]),
        tests("IntakeTests", ["OracleSupport", "Intake", "Contracts", "RiskDomain"]),
        tests("FeaturesTests", ["OracleSupport", "Features", "RiskDomain", "Hashing", "Yaml"]),
        .target(name: "EnsembleText", dependencies: ["Forest"], path: "Tests/EnsembleText", swiftSettings: strict),
        tests("ForestTests", ["EnsembleText", "OracleSupport", "Forest", "Hashing", "RiskDomain", "Yaml"]),
        tests("OnnxTests", ["OracleSupport", "Onnx", "Forest", "Hashing", "RiskDomain"]),
        tests("EvaluationTests", ["OracleSupport", "Evaluation", "Training", "Forest", "RiskDomain"]),
        tests("HtmlReportTests", ["HtmlReport", "Evaluation", "Training", "Forest", "RiskDomain"]),
        tests("ModelToolsTests", ["ModelTools", "Onnx", "Training", "Forest", "Hashing", "RiskDomain"]),
        tests("TrainingJobTests", ["TrainingJob", "ServiceRuntime", "Forest", "Onnx"]),
        tests("TrainingTests", ["OracleSupport", "Training", "Evaluation", "Forest", "Onnx", "RiskDomain"]),
        tests("ModelImportTests", ["OracleSupport", "ModelImport", "Forest", "leaf-walk"]),
        tests("ScalingTests", ["Scaling"]),
        tests("CardSimulatorTests", ["CardSimulator", "RiskDomain"]),
        tests("CsvFilesTests", ["CsvFiles"]),
        tests("TransactionFeedTests", ["TransactionFeed", "CsvFiles", "Json", "RiskDomain"]),
        tests("KafkaTests", ["Kafka", "CLibrdkafka", "TestSupport"]),
        .testTarget(
            name: "KafkaProtocolTests", dependencies: ["KafkaProtocol", "KafkaMessageGenerator", "Checksums"],
            path: "Tests/KafkaProtocolTests", exclude: ["golden-messages.txt"], swiftSettings: strict),
        .testTarget(
            name: "RecordLogTests", dependencies: ["RecordLog", "Checksums", "CZlib", "CLz4", "CZstd", "CSnappy"],
            path: "Tests/RecordLogTests", exclude: ["Golden"], swiftSettings: strict),
        tests("GroupCoordinatorTests", ["GroupCoordinator", "Checksums"]),
        tests("FrameServerTests", ["FrameServer"]),
        tests("KafkaBrokerTests", ["KafkaBroker", "KafkaProtocol", "RecordLog", "GroupCoordinator", "FrameServer"]),
        tests("KafkaConformanceTests", ["Checksums", "Kafka", "KafkaProtocol", "TestSupport"]),
        tests("PostgresTests", ["Postgres", "TestSupport"]),
        tests("PipelineTests", ["Pipeline", "Postgres", "Contracts", "Hashing"]),
        tests("MigrationsTests", ["Migrations", "Hashing", "Postgres", "TestSupport"]),
        tests("ActivationTests", ["Activation", "Pipeline", "Contracts"]),
        tests("LocalStackTests", ["LocalStack"]),
        tests("ServiceRuntimeTests", ["ServiceRuntime", "Yaml"]),
        .target(
            name: "StageHarness",
            dependencies: ["Stages", "Pipeline", "Contracts", "RiskDomain", "Intake", "Features", "Forest", "Onnx", "Hashing", "Kafka"],
            path: "Tests/StageHarness", swiftSettings: strict),
        tests(
            "StagesTests",
            ["StageHarness", "Stages", "Pipeline", "Contracts", "RiskDomain", "Intake", "Features", "Forest", "Onnx", "Hashing", "Json"]),
        tests(
            "TruthTests",
            [
                "Truth", "StageHarness", "TestSupport", "Stages", "Pipeline", "Postgres", "Contracts", "RiskDomain", "Features", "Forest",
                "Hashing",
            ]),
        tests(
            "IntegrationTests",
            [
                "Hosting", "ServiceRuntime", "Stages", "Pipeline", "Truth", "Activation", "Migrations", "Kafka", "Postgres", "LocalStack",
                "Contracts",
                "Features", "Forest", "Onnx", "Intake", "Json", "Hashing", "RiskDomain", "StageHarness", "TestSupport",
            ]),
    ],
    cxxLanguageStandard: .cxx17
)
