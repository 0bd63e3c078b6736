import Hosting
import ServiceRuntime

enum StackKeys {
    /// Every key of the suite that is not among `keys`: they may stand in the same file and environment.
    static func others(than keys: [ConfigurationKey]) -> [ConfigurationKey] {
        (HostKeys.all + FileKeys.all + OtherKeys.all).filter { !keys.contains($0) }
    }
}

/// What a command says while it works: on standard error, so that standard output stays data.
enum Narration {
    static func line(_ text: String) { ProgressBar.Output.standardError.write(text + "\n") }
}
