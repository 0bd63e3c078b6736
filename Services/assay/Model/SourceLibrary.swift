import Forest
import Glibc
import ModelTools
import ServiceRuntime

/// Asks the library that a model came from what rows score, where `python3` has it.
struct SourceLibrary {
    enum Answer {
        /// Row-major, rows × outputs.
        case scores([Double])
        /// Why it cannot be asked: the library is not installed, or the format has none.
        case absent(String)
    }

    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    /// The library's name.
    static func name(for format: ModelFormat) -> String? {
        switch format {
        case .onnx: "onnxruntime"
        case .lightGBM: "lightgbm"
        case .xgboostJson, .xgboostUbjson: "xgboost"
        case .pmml: nil
        }
    }

    /// - Parameters:
    ///   - rows: Without infinities, which XGBoost refuses.
    ///   - python: The interpreter, sought in `PATH` when it has no slash.
    /// - Throws: ``Fault`` when the library is there and fails.
    static func ask(_ model: LoadedModel, _ rows: ModelRows, python: String) throws -> Answer {
        guard let library = name(for: model.format) else { return .absent("no library is known for \(model.format.rawValue)") }
        let stem = "/tmp/assay-verify-\(getpid())"
        let (input, output) = (stem + ".rows", stem + ".scores")
        defer {
            unlink(input)
            unlink(output)
        }
        try FileBytes.write(rows.values.withUnsafeBytes(Array.init), to: input)
        let status = try run([
            python, "-c", script, library, model.path, input, output, "\(model.features.count)", "\(model.ensemble.outputCount)",
        ])
        switch status {
        case 0: break
        case 3: return .absent("\(python) has no \(library)")
        default: throw Fault(description: "\(library) could not score \(model.path): status \(status); its own words stand above")
        }
        let bytes = try FileBytes.read(output, byteCountMax: 1 << 33)
        guard bytes.count == rows.count * model.ensemble.outputCount * 8 else {
            throw Fault(
                description: "\(library) gave \(bytes.count / 8) scores for \(rows.count) rows of \(model.ensemble.outputCount) outputs")
        }
        return .scores(
            bytes.withUnsafeBytes { raw in (0..<bytes.count / 8).map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: Double.self) } })
    }

    /// - Returns: Its exit status; 127 when it cannot be started.
    private static func run(_ words: [String]) throws(Fault) -> Int32 {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        let refusal = posix_spawnp(&child, words[0], nil, nil, &arguments, environ)
        guard refusal == 0 else { throw Fault(description: "\(words[0]): \(String(cString: strerror(refusal)))") }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw Fault(description: "\(words[0]): cannot be waited for: \(String(cString: strerror(errno)))") }
        }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F)
    }

    /// Reads rows as little-endian doubles, writes scores in the same way; status 3 where the library is not installed.
    private static let script = """
        import importlib.util, sys
        library, path, rows, out, features, outputs = sys.argv[1:]
        if importlib.util.find_spec(library) is None or importlib.util.find_spec("numpy") is None:
            sys.exit(3)
        import numpy as np
        x = np.fromfile(rows, dtype="<f8").reshape(-1, int(features))
        outputs = int(outputs)
        if library == "lightgbm":
            import lightgbm
            y = lightgbm.Booster(model_file=path).predict(x)
        elif library == "xgboost":
            import xgboost
            booster = xgboost.Booster()
            booster.load_model(path)
            kinds = booster.feature_types
            data = xgboost.DMatrix(
                x.astype(np.float32), missing=np.nan, feature_names=booster.feature_names, feature_types=kinds,
                enable_categorical=bool(kinds) and "c" in kinds)
            y = booster.predict(data)
        else:
            import onnxruntime
            onnxruntime.set_default_logger_severity(3)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1  # threads would each sum some of the trees
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            inputs = session.get_inputs()
            kind = lambda i: np.float64 if "double" in i.type else np.float32
            if len(inputs) == 1:
                feed = {inputs[0].name: x.astype(kind(inputs[0]))}
            else:
                feed = {i.name: x[:, [n]].astype(kind(i)) for n, i in enumerate(inputs)}
            y = session.run(None, feed)[-1]
            if isinstance(y, list):
                y = np.array([list(row.values()) for row in y])
            y = np.asarray(y).reshape(len(x), -1)
            if y.shape[1] == 2 and outputs == 1:
                y = y[:, 1]
        np.ascontiguousarray(np.asarray(y).reshape(len(x), -1), dtype="<f8").tofile(out)
        """
}
